"""Stable Diffusion with motion modules from disk: every format it comes in, and what is refused."""

from __future__ import annotations

import json
import pickle
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from diffusers import AutoencoderKL, MotionAdapter, UNet2DConditionModel
from tiny import settings
from tiny_sd import (
    Kind,
    adapter,
    base_unet,
    original_names,
    parts,
    scheduler,
    write_base_and_adapter,
    write_checkpoint,
    write_lora,
    write_pipeline,
)
from transformers import CLIPTextConfig, CLIPTextModel

from framejam_pipeline.errors import ModelInvalid, ModelNotFound
from framejam_pipeline.models import schedulers, stable_diffusion
from framejam_pipeline.models.contract import VideoConditions
from framejam_pipeline.models.load import load_model
from framejam_pipeline.models.motion import MotionModel
from framejam_server.render import facts, process

FOLDERS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler", "motion_adapter")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base_and_adapter(tmp_path_factory.mktemp("sd") / "assembled", "pia")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("sd") / "single", "pia")


@pytest.fixture
def own(assembled: Path, tmp_path: Path) -> Path:
    """A model that a test may damage."""
    return Path(shutil.copytree(assembled, tmp_path / "own"))


@pytest.fixture
def own_checkpoint(checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint file whose folder a test may damage."""
    return Path(shutil.copytree(checkpoint.parent, tmp_path / "own")) / checkpoint.name


def _predicted(model: MotionModel) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    latents = torch.randn((1, 4, 3, 8, 8), generator=generator)
    image = torch.randn((1, 4, 8, 8), generator=generator)
    text = torch.cat([model.encode_text(""), model.encode_text("a fish")])
    conditions = VideoConditions(text, image, torch.tensor([1.0, 0.9, 0.8]))
    timestep = torch.tensor(500)
    return [
        model.predict_video(latents, timestep, conditions),
        model.predict_image(latents[:, :, 0], timestep, text),
        model.decode(image),
    ]


def _loaded(path: Path) -> MotionModel:
    model = load_model(path)
    assert isinstance(model, MotionModel)
    return model


@pytest.mark.parametrize("kind", ["pia", "animatediff"])
def test_every_format_of_one_model_gives_equal_bits(kind: Kind, tmp_path: Path) -> None:
    written: list[Callable[[Path, Kind], Path]] = [
        write_pipeline,
        write_base_and_adapter,
        write_checkpoint,
        lambda folder, kind: write_checkpoint(folder, kind).parent,
    ]
    models = [_loaded(write(tmp_path / str(n), kind)) for n, write in enumerate(written)]
    first, *others = (_predicted(model) for model in models)
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    for model in models:
        assert model.spec.image_condition == (kind == "pia")
        assert model.spec.latent_shape(settings()) == (4, 4, 8, 8)
        assert (model.spec.width, model.spec.frames, model.spec.video_steps) == (32, 16, 25)
        assert model.spec.video_guidance == 7.5
    assert [model.name for model in models] == ["0", "1", "dream", "3"]


def test_another_base_with_the_same_motion_modules_is_another_model(
    checkpoint: Path, own_checkpoint: Path
) -> None:
    """A DreamBooth checkpoint takes the base's place."""
    safetensors.torch.save_file(original_names(parts("pia", seed=8)), own_checkpoint)
    one, other = _loaded(checkpoint), _loaded(own_checkpoint)
    assert one.hash != other.hash
    for a, b in zip(_predicted(one), _predicted(other), strict=True):
        assert not torch.allclose(a, b)


def test_half_precision_files_are_run_in_fp32(own_checkpoint: Path) -> None:
    weights = safetensors.torch.load_file(own_checkpoint)
    safetensors.torch.save_file({k: v.half() for k, v in weights.items()}, own_checkpoint)
    model = _loaded(own_checkpoint)
    for found in (*_predicted(model), model.encode_text("a fish")):
        assert found.dtype == torch.float32


def test_a_whole_video_unet_as_pia_was_published_gives_its_motion_modules(
    own_checkpoint: Path,
) -> None:
    file = own_checkpoint.parent / "mm.safetensors"
    modules = safetensors.torch.load_file(file)
    base = {f"{k}": v + 1 for k, v in base_unet().state_dict().items() if "conv_in" not in k}
    expected = _predicted(_loaded(own_checkpoint))
    safetensors.torch.save_file({f"module.{k}": v for k, v in {**base, **modules}.items()}, file)
    found = _predicted(_loaded(own_checkpoint))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_what_a_checkpoint_does_not_say_is_as_in_stable_diffusion_1_5() -> None:
    """Counted on networks without contents; the numbers are those of the published weights."""
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(stable_diffusion._UNET)
        vae = AutoencoderKL.from_config(stable_diffusion._VAE)
        text = CLIPTextModel(CLIPTextConfig(**stable_diffusion._TEXT))
    counts = [sum(p.numel() for p in network.parameters()) for network in (unet, vae, text)]
    assert counts == [859_520_964, 83_653_863, 123_060_480]


def test_the_sizes_of_motion_modules_are_read_from_their_file(own_checkpoint: Path) -> None:
    """Without a config beside it; heads are AnimateDiff's eight, which no tensor tells."""
    folder = own_checkpoint.parent
    said = dict(_loaded(own_checkpoint)._loras._networks["video"].config)
    shutil.rmtree(folder / "motion_adapter")
    found = dict(_loaded(own_checkpoint)._loras._networks["video"].config)
    assert found.pop("motion_num_attention_heads") == 8
    said.pop("motion_num_attention_heads")
    assert found == said


@pytest.mark.parametrize("part", FOLDERS)
def test_a_missing_part_is_named(own: Path, part: str) -> None:
    shutil.rmtree(own / part)
    with pytest.raises(ModelNotFound, match=f"has no {part}"):
        load_model(own)


@pytest.mark.parametrize("part", ["tokenizer", "scheduler"])
def test_a_part_that_no_checkpoint_holds_is_named(own_checkpoint: Path, part: str) -> None:
    shutil.rmtree(own_checkpoint.parent / part)
    with pytest.raises(ModelNotFound, match=f"has no {part}"):
        load_model(own_checkpoint)


@pytest.mark.parametrize("part", FOLDERS)
def test_an_empty_part_is_named(own: Path, part: str) -> None:
    shutil.rmtree(own / part)
    (own / part).mkdir()
    with pytest.raises((ModelInvalid, ModelNotFound), match=part):
        load_model(own)


@pytest.mark.parametrize(
    "name",
    [
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
        "motion_adapter/diffusion_pytorch_model.safetensors",
        "text_encoder/model.safetensors",
        "tokenizer/tokenizer.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
    ],
)
def test_a_torn_file_is_named(own: Path, name: str) -> None:
    content = (own / name).read_bytes()
    (own / name).write_bytes(content[: len(content) // 2])
    torn = f"{name}: is no whole safetensors file" if "safetensors" in name else name.split("/")[0]
    with pytest.raises(ModelInvalid, match=torn):
        load_model(own)


@pytest.mark.parametrize("name", ["dream.safetensors", "mm.safetensors"])
def test_a_torn_checkpoint_is_named(own_checkpoint: Path, name: str) -> None:
    file = own_checkpoint.parent / name
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelInvalid, match=f"{name}: is no whole safetensors file"):
        load_model(own_checkpoint)


class _Program:
    """What unpickling runs."""

    def __reduce__(self) -> Any:
        return (Path.write_text, (Path("it-ran"), "it ran"))


@pytest.mark.parametrize("suffix", ["ckpt", "bin", "pt"])
def test_a_pickle_is_never_opened(
    own_checkpoint: Path, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own_checkpoint.unlink()
    pickled = own_checkpoint.with_suffix(f".{suffix}")
    pickled.write_bytes(pickle.dumps(_Program()))
    shutil.rmtree(own_checkpoint.parent / "unet")
    for path in (pickled, pickled.parent):
        with pytest.raises(ModelInvalid, match=rf"dream\.{suffix}: is a pickle.*convert it"):
            load_model(path)
    assert not Path("it-ran").exists()


@pytest.mark.parametrize("part", ["unet", "vae", "motion_adapter", "text_encoder"])
@pytest.mark.parametrize("honest", [True, False])
def test_a_pickle_in_a_folder_is_never_opened(
    own: Path, part: str, honest: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that holds nothing but the weights: nobody can tell before it is opened."""
    monkeypatch.chdir(tmp_path)
    name = "pytorch_model.bin" if part == "text_encoder" else "diffusion_pytorch_model.bin"
    (file,) = (own / part).glob("*.safetensors")
    torch.save(safetensors.torch.load_file(file), own / part / name)
    if not honest:
        (own / part / name).write_bytes(pickle.dumps(_Program()))
    file.unlink()
    with pytest.raises(ModelInvalid, match=rf"{part}: its weights are a pickle.*convert it"):
        load_model(own)
    assert not Path("it-ran").exists()


def test_weights_that_lack_a_tensor_are_refused_and_not_made_up(own: Path) -> None:
    file = own / "unet" / "diffusion_pytorch_model.safetensors"
    weights = safetensors.torch.load_file(file)
    del weights["conv_out.weight"]
    safetensors.torch.save_file(weights, file)
    with pytest.raises(ModelInvalid, match=r"unet.*conv_out\.weight"):
        load_model(own)


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("model.diffusion_model.out.", "UNet2DConditionModel: some of its tensors are missing"),
        ("first_stage_model.decoder.conv_out", "AutoencoderKL: some of its tensors are missing"),
        ("cond_stage_model.", "text_encoder"),
    ],
)
def test_a_checkpoint_that_lacks_tensors_is_refused(
    own_checkpoint: Path, prefix: str, said: str
) -> None:
    weights = safetensors.torch.load_file(own_checkpoint)
    left = {name: value for name, value in weights.items() if not name.startswith(prefix)}
    assert len(left) < len(weights)
    safetensors.torch.save_file(left, own_checkpoint)
    with pytest.raises(ModelInvalid, match=rf"dream\.safetensors: {said}"):
        load_model(own_checkpoint)


def test_two_bases_are_refused_until_one_is_named(own: Path, checkpoint: Path) -> None:
    shutil.copy(checkpoint, own / "dream.safetensors")
    with pytest.raises(ModelInvalid, match="more than one base"):
        load_model(own)
    assert load_model(own / "dream.safetensors").name == "dream"


def test_two_sets_of_motion_modules_are_refused(own: Path, checkpoint: Path) -> None:
    shutil.copy(checkpoint.parent / "mm.safetensors", own)
    with pytest.raises(ModelInvalid, match="more than one set of motion modules"):
        load_model(own)


def test_motion_modules_for_other_blocks_are_refused(own: Path) -> None:
    shutil.rmtree(own / "motion_adapter")
    MotionAdapter(
        block_out_channels=(8, 16),
        motion_layers_per_block=1,
        motion_num_attention_heads=2,
        motion_norm_num_groups=4,
    ).save_pretrained(own / "motion_adapter")
    with pytest.raises(ModelInvalid, match="motion_adapter: does not fit the unet"):
        load_model(own)


def test_motion_modules_with_other_channels_are_refused(own: Path) -> None:
    odd = adapter("animatediff")
    config = {**odd.config, "conv_in_channels": 7}
    shutil.rmtree(own / "motion_adapter")
    MotionAdapter.from_config(config).save_pretrained(own / "motion_adapter")
    with pytest.raises(ModelInvalid, match="motion_adapter: takes 7 channels"):
        load_model(own)


def test_a_text_encoder_of_another_model_is_refused(own: Path) -> None:
    shutil.rmtree(own / "unet")
    base_unet(width=24).save_pretrained(own / "unet")
    with pytest.raises(ModelInvalid, match="text_encoder: gives texts of width 16"):
        load_model(own)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clip_sample": True}, "must not clip"),
        ({"thresholding": True}, "must not clip"),
        ({"prediction_type": "sample"}, "'sample' is not supported"),
        ({"beta_schedule": "none of ours"}, "none of ours"),
    ],
)
def test_a_scheduler_that_cannot_be_used_is_refused(
    own: Path, change: dict[str, Any], said: str
) -> None:
    scheduler().save_pretrained(own / "scheduler")
    file = own / "scheduler" / "scheduler_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(ModelInvalid, match=f"scheduler: .*{said}"):
        load_model(own)


def test_what_is_not_a_model_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(ModelNotFound, match="has no unet"):
            load_model(path)
    stray = tmp_path / "empty" / "stray.safetensors"
    safetensors.torch.save_file({"weight": torch.zeros(1)}, stray)
    with pytest.raises(ModelInvalid, match=r"stray\.safetensors: is no checkpoint"):
        load_model(stray)


def test_the_hash_follows_every_file_that_is_loaded_and_no_other(own: Path) -> None:
    first = _loaded(own).hash
    (own / "README.md").write_text("words about the model")
    assert _loaded(own).hash == first
    (own / "loras").mkdir()
    (own / "loras" / "one.safetensors").write_bytes(b"not read before it is asked for")
    assert _loaded(own).hash != first


def test_the_name_is_the_folders_in_plain_letters(own: Path) -> None:
    renamed = own.rename(own.parent / "SD 1.5 / PIA (mine)".replace("/", "+"))
    assert _loaded(renamed).name == "SD-1.5-+-PIA-mine"


def test_p_img_and_p_video_share_the_weights_they_have_in_common(assembled: Path) -> None:
    networks = _loaded(assembled)._loras._networks
    video = dict(networks["video"].named_parameters())
    shared = [
        name
        for name, weight in networks["image"].named_parameters()
        if weight.data_ptr() == video[name].data_ptr()
    ]
    everything = [name for name, _ in networks["image"].named_parameters()]
    assert set(everything) - set(shared) == {"conv_in.weight"}


def test_loading_twice_gives_two_models_that_do_not_touch_each_other(assembled: Path) -> None:
    one, other = _loaded(assembled), _loaded(assembled)
    expected = _predicted(one)
    with torch.no_grad():
        for network in other._loras._networks.values():
            for weight in network.parameters():
                weight.zero_()
    found = _predicted(one)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_the_preview_is_read_where_there_is_one_and_fitted_where_not(own: Path) -> None:
    fitted = _loaded(own)
    again = _loaded(own)
    latents = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(1))
    assert torch.equal(fitted.project(latents), again.project(latents))
    weights = {"weight": torch.zeros((48, 4, 3, 3)), "bias": torch.full((48,), 0.25)}
    safetensors.torch.save_file(weights, own / "preview.safetensors")
    read = _loaded(own)
    assert float((read.project(latents) - 0.25).abs().max()) == 0.0
    assert read.hash != fitted.hash
    weights["weight"] = torch.zeros((12, 4, 3, 3))
    safetensors.torch.save_file(weights, own / "preview.safetensors")
    with pytest.raises(ModelInvalid, match=r"preview\.safetensors"):
        load_model(own)


def test_the_worker_tells_the_server_what_the_model_offers(own: Path) -> None:
    write_lora(own / "loras" / "ink.safetensors")
    model, ready = process.load_model(own, threads=1)
    spec = model.spec
    assert (ready.model, ready.model_hash, ready.steps) == ("own", model.hash, 25)
    assert (ready.schedulers, ready.loras) == (schedulers.NAMES, ("ink",))
    size = settings(model="own", width=64, frames=5, steps=25)
    assert ready.take_bytes(size) == spec.take_bytes(size) > 0
    assert ready.objections(size) == {}
    for field, value in (("scheduler", "heun"), ("loras", (("gone", 10),)), ("width", 40)):
        assert set(ready.objections(settings(**{"model": "own", field: value}))) == {field}


def test_facts_of_a_checkpoint_file_hold_until_a_part_beside_it_changes(
    own_checkpoint: Path, tmp_path: Path
) -> None:
    """A server that comes back uses what it knows of the model, unless it is another by now."""
    _, ready = process.load_model(own_checkpoint, threads=1)
    facts.remember(tmp_path, own_checkpoint, 1, ready)
    assert facts.recall(tmp_path, own_checkpoint, 1) == ready
    assert facts.recall(tmp_path, own_checkpoint.parent, 1) is None
    config = own_checkpoint.parent / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text() + "\n")
    assert facts.recall(tmp_path, own_checkpoint, 1) is None
