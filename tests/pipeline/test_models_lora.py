"""LoRAs: live weights that leave nothing behind, and files that do not fit.

Bits are compared with stock pipelines, numbers with the base's weights changed by hand.
"""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from diffusers import MotionAdapter, PIAPipeline, StableDiffusionPipeline
from tiny import picture, settings
from tiny_sd import write_base_and_adapter, write_lora

from framejam_pipeline.entries import Entry
from framejam_pipeline.errors import ModelInvalid, UnsupportedSettings
from framejam_pipeline.models.contract import Loras, VideoConditions
from framejam_pipeline.models.load import load_model
from framejam_pipeline.models.motion import MotionModel
from framejam_pipeline.take import Take
from framejam_protocol.instructions import Adjust, Content

BLOCK = "down_blocks.1.attentions.0.transformer_blocks.0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_base_and_adapter(tmp_path_factory.mktemp("lora") / "model", "pia")
    write_lora(made / "loras" / "one.v2.safetensors")
    write_lora(made / "loras" / "kohya.safetensors", kohya=True, seed=10)
    write_lora(made / "loras" / "moving.safetensors", motion=True, seed=11)
    write_lora(made / "loras" / "elsewhere.safetensors", width=24)
    return made


@pytest.fixture
def model(folder: Path) -> MotionModel:
    """A model of its own for each test: none of its LoRAs is loaded yet."""
    loaded = load_model(folder)
    assert isinstance(loaded, MotionModel)
    return loaded


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "own"))


def _predicted(model: Any, loras: Loras) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    latents = torch.randn((1, 4, 3, 8, 8), generator=generator)
    image = torch.randn((1, 4, 8, 8), generator=generator)
    text = torch.randn((2, 12, 16), generator=generator)
    conditions = VideoConditions(text, image, torch.tensor([1.0, 0.9, 0.8]), loras)
    timestep = torch.tensor(500)
    return {
        "video": model.predict_video(latents, timestep, conditions),
        "image": model.predict_image(latents[:, :, 0], timestep, text, loras=loras),
        "text": model.encode_text("a fish", loras=loras),
    }


def _changed(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> set[str]:
    return {name for name in one if not torch.equal(one[name], other[name])}


def test_the_files_beside_a_model_are_its_loras(model: MotionModel) -> None:
    assert model.spec.loras == ("elsewhere", "kohya", "moving", "one.v2")


def test_each_lora_changes_the_networks_it_was_made_for(model: MotionModel) -> None:
    plain = _predicted(model, ())
    everything = {"video", "image", "text"}
    assert _changed(_predicted(model, (("one.v2", 100),)), plain) == everything
    assert _changed(_predicted(model, (("kohya", 100),)), plain) == everything
    assert _changed(_predicted(model, (("moving", 100),)), plain) == {"video"}


def _by_hand(model: MotionModel, file: Path, weight: float, alpha_over_rank: float) -> None:
    """Add a LoRA to the base's weights: W + weight * alpha / rank * B @ A."""
    found = safetensors.torch.load_file(file)
    networks = model._loras._networks
    for layer in (f"{BLOCK}.attn1.to_q", f"{BLOCK}.attn2.to_k"):
        change = found[f"unet.{layer}.lora_B.weight"] @ found[f"unet.{layer}.lora_A.weight"]
        # P_video's weights are the same memory.
        with torch.no_grad():
            networks["image"].get_submodule(layer).weight += weight * alpha_over_rank * change
    for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
        layer = f"encoder.layers.0.self_attn.{name}"
        prefix = f"text_encoder.text_model.{layer}"
        change = found[f"{prefix}.lora_B.weight"] @ found[f"{prefix}.lora_A.weight"]
        with torch.no_grad():
            networks["text"].get_submodule(layer).weight += weight * alpha_over_rank * change


@pytest.mark.parametrize(("name", "kohya", "scale"), [("one.v2", False, 1.0), ("kohya", True, 0.5)])
def test_a_lora_adds_what_its_matrices_say(
    model: MotionModel, folder: Path, tmp_path: Path, name: str, kohya: bool, scale: float
) -> None:
    """In kohya's format a tensor says how much of it, here half."""
    seed = 10 if kohya else 9
    plainly = write_lora(tmp_path / "plain.safetensors", seed=seed)
    hand = load_model(folder)
    assert isinstance(hand, MotionModel)
    _by_hand(hand, plainly, 0.7, scale)
    found, expected = _predicted(model, ((name, 70),)), _predicted(hand, ())
    for part in found:
        assert torch.allclose(found[part], expected[part], atol=1e-4), part


@pytest.mark.parametrize("loras", [(("one.v2", 100),), (("kohya", -60), ("one.v2", 35))])
def test_T_with_loras_a_step_equals_the_stock_pipelines(
    model: MotionModel, folder: Path, loras: Loras
) -> None:
    adapter = MotionAdapter.from_pretrained(folder / "motion_adapter")
    video = PIAPipeline.from_pretrained(folder, motion_adapter=adapter)
    base = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None)
    for stock in (video, base):
        for name, _ in loras:
            stock.load_lora_weights(
                folder / "loras",
                weight_name=f"{name}.safetensors",
                adapter_name=name.replace(".", ""),
            )
        stock.set_adapters(
            [name.replace(".", "") for name, _ in loras], [w / 100 for _, w in loras]
        )
        # Loading has frozen the weights, and frozen ones run on other kernels.
        stock.unet.requires_grad_(True)
        stock.text_encoder.requires_grad_(True)
    found = _predicted(model, loras)
    generator = torch.Generator().manual_seed(4)
    latents = torch.randn((1, 4, 3, 8, 8), generator=generator)
    image = torch.randn((1, 4, 8, 8), generator=generator)
    text = torch.randn((2, 12, 16), generator=generator)
    affinity = torch.tensor([1.0, 0.9, 0.8]).view(1, 1, 3, 1, 1).expand(-1, -1, -1, 8, 8)
    packed = torch.cat([latents, affinity, image[:, :, None].expand(-1, -1, 3, -1, -1)], dim=1)
    timestep = torch.tensor(500)
    with torch.no_grad():
        moving = video.unet(
            torch.cat([packed] * 2), timestep, text.repeat_interleave(3, dim=0)
        ).sample
        still = base.unet(torch.cat([latents[:, :, 0]] * 2), timestep, text).sample
        states, _ = base.encode_prompt("a fish", "cpu", 1, False)
    assert float((found["video"] - moving).abs().max()) == 0.0
    assert float((found["image"] - still).abs().max()) == 0.0
    assert float((found["text"] - states).abs().max()) == 0.0


def test_weights_are_live_and_leave_nothing_behind(model: MotionModel) -> None:
    """Whatever was asked before, and in whatever order: equal arguments, equal bits."""
    asked: list[Loras] = [
        (),
        (("one.v2", 100),),
        (("one.v2", 40),),
        (("one.v2", 0),),
        (("moving", 80), ("one.v2", 70), ("kohya", 120)),
        (("kohya", 120), ("one.v2", 70), ("moving", 80)),
        (("one.v2", -100), ("kohya", 0)),
    ]
    first = {number: _predicted(model, loras) for number, loras in enumerate(asked)}
    for number in reversed(range(len(asked))):
        assert not _changed(_predicted(model, asked[number]), first[number])
    assert not _changed(first[0], first[3])
    assert not _changed(first[4], first[5])
    assert _changed(first[1], first[2]) == {"video", "image", "text"}


def test_a_lora_asked_of_one_network_leaves_the_others_as_they_were(model: MotionModel) -> None:
    """Its file is read for all of them at once."""
    plain = _predicted(model, ())
    model.encode_text("a fish", loras=(("one.v2", 100),))
    assert not _changed(_predicted(model, ()), plain)


def test_a_lora_for_another_base_is_refused_by_name_and_the_model_goes_on(
    model: MotionModel,
) -> None:
    expected = _predicted(model, (("one.v2", 100),))
    for _ in range(2):
        with pytest.raises(
            UnsupportedSettings,
            match=r"elsewhere\.safetensors is for another base: its .*attn2\.to_k takes 24 inputs "
            "to 16 outputs, here it is 16 to 16",
        ) as raised:
            _predicted(model, (("one.v2", 100), ("elsewhere", 100)))
        assert raised.value.field == "loras"
        assert not _changed(_predicted(model, (("one.v2", 100),)), expected)


def _write(file: Path, weights: dict[str, torch.Tensor]) -> None:
    file.parent.mkdir(exist_ok=True)
    safetensors.torch.save_file(weights, file)


UNFIT: dict[str, tuple[Any, str]] = {
    "a layer this base has not": (
        lambda file: _write(
            file,
            {
                "unet.down_blocks.7.attn1.to_q.lora_A.weight": torch.zeros((2, 8)),
                "unet.down_blocks.7.attn1.to_q.lora_B.weight": torch.zeros((8, 2)),
            },
        ),
        "is for another base: this one has no down_blocks.7",
    ),
    "a second text encoder": (
        lambda file: _write(
            file,
            {
                "text_encoder_2.layers.0.mlp.fc1.lora_A.weight": torch.zeros((2, 8)),
                "text_encoder_2.layers.0.mlp.fc1.lora_B.weight": torch.zeros((8, 2)),
            },
        ),
        "is for another base: this one has no place for text_encoder_2",
    ),
    "half a pair": (
        lambda file: _write(file, {f"unet.{BLOCK}.attn1.to_q.lora_A.weight": torch.zeros((2, 16))}),
        "is not whole: half of",
    ),
    "halves of different rank": (
        lambda file: _write(
            file,
            {
                f"unet.{BLOCK}.attn1.to_q.lora_A.weight": torch.ones((2, 16)),
                f"unet.{BLOCK}.attn1.to_q.lora_B.weight": torch.ones((16, 3)),
            },
        ),
        "is not whole: the halves of .*attn1.to_q have ranks of 2 and 3",
    ),
    "names that diffusers cannot tell": (
        lambda file: _write(
            file,
            {
                f"lora_te_text_model_encoder_layers_0_self_attn_q_proj.{name}": weight
                for name, weight in {
                    "lora_down.weight": torch.zeros((2, 16)),
                    "lora_up.weight": torch.zeros((16, 2)),
                    "alpha": torch.tensor(1.0),
                }.items()
            },
        ),
        "has names that are not understood",
    ),
    "no lora": (lambda file: _write(file, {"weight": torch.zeros(3)}), "is no LoRA"),
    "cut off": (
        lambda file: file.write_bytes(write_lora(file).read_bytes()[:400]),
        "cannot be read: .*no whole safetensors file",
    ),
    "a pickle by another name": (
        lambda file: file.write_bytes(pickle.dumps({"weight": 1})),
        "cannot be read: .*no whole safetensors file",
    ),
}


@pytest.mark.parametrize("what", UNFIT)
def test_a_file_that_does_not_fit_says_why_and_the_model_goes_on(own: Path, what: str) -> None:
    make, said = UNFIT[what]
    make(own / "loras" / "bad.safetensors")
    model = load_model(own)
    plain = _predicted(model, ())
    with pytest.raises(UnsupportedSettings, match=rf"bad\.safetensors {said}") as raised:
        _predicted(model, (("bad", 100),))
    assert raised.value.field == "loras"
    assert not _changed(_predicted(model, ()), plain)
    _predicted(model, (("one.v2", 100),))


@pytest.mark.parametrize("at", ["image", "video", "text"])
def test_a_load_that_fails_half_way_leaves_nothing_behind(
    model: MotionModel, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """In whichever network: what was in force before is again, and the file can be tried again."""
    before = _predicted(model, (("one.v2", 70),))
    files = model._loras
    inject = files._inject

    def fail(name: str, network: str, *rest: Any) -> None:
        inject(name, network, *rest)
        if network == at:
            raise RuntimeError("size mismatch for to_q.lora_B.adapter.weight")

    monkeypatch.setattr(files, "_inject", fail)
    for _ in range(2):
        with pytest.raises(
            UnsupportedSettings, match=r"kohya\.safetensors cannot be applied: size"
        ):
            _predicted(model, (("kohya", 100), ("one.v2", 70)))
        adapter = files._adapter("kohya")
        for network in files._networks.values():
            assert adapter not in network.peft_config
            assert not [name for name, _ in network.named_parameters() if f".{adapter}." in name]
            assert all(one.requires_grad for one in network.parameters())
        assert not _changed(_predicted(model, (("one.v2", 70),)), before)
    monkeypatch.undo()
    assert _changed(_predicted(model, (("kohya", 100),)), before) == {"video", "image", "text"}


def test_a_load_without_memory_is_no_fault_of_its_file(
    model: MotionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = _predicted(model, ())
    inject = model._loras._inject

    def fail(*arguments: Any) -> None:
        inject(*arguments)
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(model._loras, "_inject", fail)
        with pytest.raises(MemoryError):
            _predicted(model, (("kohya", 100),))
    assert not _changed(_predicted(model, ()), plain)


def test_a_file_that_changed_since_is_refused(own: Path) -> None:
    """The model's hash would not tell the two apart."""
    model = load_model(own)
    write_lora(own / "loras" / "one.v2.safetensors", seed=99)
    with pytest.raises(UnsupportedSettings, match=r"one\.v2\.safetensors has changed"):
        _predicted(model, (("one.v2", 100),))


def test_a_file_that_is_gone_is_refused(own: Path) -> None:
    model = load_model(own)
    (own / "loras" / "one.v2.safetensors").unlink()
    with pytest.raises(UnsupportedSettings, match=r"one\.v2\.safetensors cannot be read"):
        _predicted(model, (("one.v2", 100),))


def test_a_name_that_settings_cannot_say_is_refused_at_once(own: Path) -> None:
    write_lora(own / "loras" / f"{'x' * 81}.safetensors")
    with pytest.raises(ModelInvalid, match="80 letters"):
        load_model(own)


def test_T8_lora_weights_enter_a_take_at_their_step(model: MotionModel) -> None:
    """The steps before are those of a take without; undone, all of it is."""
    size = settings(model=model.name, guidance=200)
    plain, changed = Take(model, size, picture), Take(model, size, picture)
    base = {1: Entry(0, Content("a fish"))}
    plain.follow(base)
    changed.follow({**base, 2: Entry(3, Adjust(loras=(("one.v2", 100),)))})
    for step in range(size.steps):
        assert torch.equal(plain.latents(), changed.latents()) == (step <= 3)
        plain.step()
        changed.step()
    assert not torch.equal(plain.latents(), changed.latents())
    changed.follow(base)
    while not changed.done:
        changed.step()
    assert changed.digest() == plain.digest()
