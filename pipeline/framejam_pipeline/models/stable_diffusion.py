"""The files of Stable Diffusion 1.5 with motion modules: where they are, loaded part by part.

The base is the folders of diffusers (``unet``, ``vae``, ``text_encoder``) or one safetensors file
with the original names, such as DreamBooth checkpoints come in. The motion modules are in a
``unet`` that is a ``UNetMotionModel``, as stock pipelines save it, in a folder ``motion_adapter``
or in one safetensors file. ``tokenizer`` and ``scheduler`` are folders always: no checkpoint file
holds them.
"""

from __future__ import annotations

import inspect
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, MotionAdapter, UNet2DConditionModel, UNetMotionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from framejam_pipeline.errors import ModelInvalid, ModelNotFound
from framejam_pipeline.models.lora import FOLDER as LORAS
from framejam_pipeline.models.parts import PICKLES, component, keys, network, tensors
from framejam_pipeline.models.preview import FILE as PREVIEW

PIPELINES: Final = ("PIAPipeline", "AnimateDiffPipeline", "StableDiffusionPipeline")
"""Classes that ``model_index.json`` may name."""

_FOLDERS: Final = ("unet", "vae", "text_encoder", "motion_adapter", "tokenizer", "scheduler", LORAS)

_TEXT_PREFIX: Final = "cond_stage_model.transformer."

# What a checkpoint file does not say about itself, where no config beside it does: the sizes of
# Stable Diffusion 1.5 that are not the defaults of diffusers and transformers.
_UNET: Final = {"sample_size": 64, "cross_attention_dim": 768}
_VAE: Final = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
}
_TEXT: Final = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
}


@dataclass(frozen=True)
class Files:
    """What is where. ``base`` None: the folders of diffusers; ``adapter`` None: in ``unet``."""

    folder: Path
    base: Path | None
    adapter: Path | None

    @classmethod
    def at(cls, path: Path) -> Files:
        """Look at ``path``: a folder, or a checkpoint file in a folder with all other parts.

        Raises ``ModelNotFound`` naming the part that is missing, and ``ModelInvalid``.
        """
        folder = path if path.is_dir() else path.parent
        kinds = {file: _kind(file) for file in sorted(folder.glob("*.safetensors"))}
        kinds.pop(folder / PREVIEW, None)
        if path.is_file():
            if _kind(path) != "base":
                raise ModelInvalid(f"{path.name}: is no checkpoint of Stable Diffusion")
            base: Path | None = path
        else:
            base = _base(folder, [file for file, kind in kinds.items() if kind == "base"])
        wanted = ["tokenizer", "scheduler", *(["vae", "text_encoder"] if base is None else [])]
        for part in wanted:
            if not (folder / part).is_dir():
                raise ModelNotFound(f"{folder} has no {part}")
        adapters = [file for file, kind in kinds.items() if kind == "motion"]
        return cls(folder, base, _adapter(folder, base, adapters))

    def all(self) -> list[Path]:
        """Every file that the model consists of."""
        parts = [f for part in _FOLDERS for f in (self.folder / part).rglob("*") if f.is_file()]
        singles = (self.base, self.adapter, self.folder / PREVIEW)
        return [*parts, *(file for file in singles if file is not None and file.is_file())]


@dataclass(frozen=True)
class Networks:
    """The loaded parts, on the CPU in fp32. ``scheduler`` is its config."""

    tokenizer: Any
    text_encoder: Any
    vae: Any
    image: Any
    video: Any
    scheduler: dict[str, Any]


def load(files: Files) -> Networks:
    """Load all parts. Raises ``ModelInvalid`` that names the part which cannot be used."""
    folder = files.folder
    scheduler = _json(folder / "scheduler" / "scheduler_config.json", "scheduler")
    tokenizer = component(CLIPTokenizer, folder, "tokenizer")
    if files.base is None:
        text_encoder = network(CLIPTextModel, folder, "text_encoder")
        vae = network(AutoencoderKL, folder, "vae")
        moves = _is_motion(_json(folder / "unet" / "config.json", "unet"))
        unet = network(UNetMotionModel if moves else UNet2DConditionModel, folder, "unet")
        image, video = (_still(unet), unet) if moves else (unet, None)
    else:
        found = tensors(files.base, files.base.name)
        text_encoder = _text_encoder(found, folder, files.base.name)
        vae = _original(AutoencoderKL, found, _config(folder, "vae", _VAE), files.base.name)
        unet_config = _config(folder, "unet", _UNET)
        image = _original(UNet2DConditionModel, found, unet_config, files.base.name)
        video = None
    if video is None:
        assert files.adapter is not None
        video = _animated(image, _load_adapter(files.adapter, image))
    return Networks(tokenizer, text_encoder, vae, image, video, scheduler)


def share(image: Any, video: Any) -> None:
    """Let P_video's layers use the memory of P_img's weights, which are the same numbers.

    Without it the base would be there twice. Both are on their device already.
    """
    moving = dict(video.named_parameters())
    for name, still in image.named_parameters():
        twin = moving.get(name)
        if twin is not None and torch.equal(twin, still):
            twin.data = still.data


def _kind(file: Path) -> str:
    """Whether a safetensors file is a "base", "motion" modules, or something "else"."""
    names = keys(file, file.name)
    if any(name.startswith("model.diffusion_model.") for name in names):
        return "base"
    return "motion" if any("motion_modules." in name for name in names) else "else"


def _base(folder: Path, singles: list[Path]) -> Path | None:
    """The one checkpoint file of a folder; None where the folders of diffusers are the base."""
    here = [*singles, *([folder / "unet"] if _has_weights(folder / "unet") else [])]
    if len(here) > 1:
        raise ModelInvalid(
            f"{folder} has more than one base ({', '.join(one.name for one in here)}): "
            "name the checkpoint file itself as the model, or take the others away"
        )
    if singles:
        return singles[0]
    pickled = [file.name for file in sorted(folder.glob("*")) if file.suffix in PICKLES]
    if pickled and not (folder / "unet").is_dir():
        keys(folder / pickled[0], pickled[0])
    if not (folder / "unet").is_dir():
        raise ModelNotFound(f"{folder} has no unet, and no checkpoint file as its base")
    return None


def _adapter(folder: Path, base: Path | None, singles: list[Path]) -> Path | None:
    """Where the motion modules are; None if they are in ``unet``."""
    whole = folder / "unet"
    if base is None and _is_motion(_json(whole / "config.json", "unet")):
        return None  # as stock pipelines do, whatever lies beside it
    here = [
        *singles,
        *([folder / "motion_adapter"] if _has_weights(folder / "motion_adapter") else []),
    ]
    if len(here) > 1:
        names = ", ".join(one.name for one in here)
        raise ModelInvalid(f"{folder} has more than one set of motion modules ({names}): keep one")
    if not here:
        raise ModelNotFound(
            f"{folder} has no motion_adapter: a folder of that name, or a safetensors file with "
            "motion modules of AnimateDiff or PIA"
        )
    return here[0]


def _has_weights(folder: Path) -> bool:
    return any(file.suffix in (*PICKLES, ".safetensors") for file in folder.glob("*"))


def _is_motion(config: dict[str, Any]) -> bool:
    return bool(config.get("_class_name") == UNetMotionModel.__name__)


def _json(file: Path, part: str) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError:
        raise ModelInvalid(f"{part}: has no {file.name}") from None
    except (OSError, ValueError) as error:
        raise ModelInvalid(f"{part}: {file.name}: {error}") from error
    if not isinstance(found, dict):
        raise ModelInvalid(f"{part}: {file.name}: is no object")
    return found


def _config(folder: Path, part: str, usual: dict[str, Any]) -> dict[str, Any]:
    """The config beside a checkpoint file, or the usual one where there is none."""
    file = folder / part / "config.json"
    config = _json(file, part) if file.exists() else usual
    return _still_config(config) if _is_motion(config) else config


def _still_config(config: dict[str, Any]) -> dict[str, Any]:
    """The config of the 2D UNet that a ``UNetMotionModel`` was made from."""
    still = {
        name: value
        for name, value in config.items()
        if name in inspect.signature(UNet2DConditionModel).parameters
    }
    for field in ("down_block_types", "up_block_types"):
        still[field] = [kind.replace("Motion", "2D") for kind in config[field]]
    # In 2D UNets the number of heads goes by this name.
    still["attention_head_dim"] = still.pop("num_attention_heads")
    return {
        **still,
        "in_channels": config["out_channels"],
        "mid_block_type": "UNetMidBlock2DCrossAttn",
    }


def _still(video: Any) -> Any:
    """P_img: the layers of a ``UNetMotionModel`` without its motion modules and image condition.

    The first channels of PIA's input are the base's own (``UNetMotionModel.from_unet2d``).
    """
    image: Any = UNet2DConditionModel.from_config(_still_config(dict(video.config)))
    weights = {k: v for k, v in video.state_dict().items() if ".motion_modules." not in k}
    weights["conv_in.weight"] = weights["conv_in.weight"][:, : image.config.in_channels]
    try:
        image.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelInvalid(f"unet: is not of Stable Diffusion 1.5: {error}") from error
    return image


def _animated(image: Any, adapter: Any) -> Any:
    """P_video: the base with motion modules between its layers."""
    try:
        # from_unet2d keeps modules of the adapter and writes into them; nobody else has this one.
        return UNetMotionModel.from_unet2d(image, adapter)
    except (ValueError, RuntimeError) as error:
        raise ModelInvalid(f"motion_adapter: does not fit the unet: {error}") from error


def _original(kind: Any, found: dict[str, Any], config: dict[str, Any], name: str) -> Any:
    """One network out of a checkpoint with original names, by diffusers' own conversion."""
    with _written(config) as folder:
        try:
            return kind.from_single_file(
                found, config=str(folder), local_files_only=True, torch_dtype=torch.float32
            )
        except NotImplementedError as error:  # what was not in the file has no contents to move
            raise ModelInvalid(
                f"{name}: {kind.__name__}: some of its tensors are missing"
            ) from error
        except Exception as error:  # whatever a conversion meets in a file that is another kind's
            raise ModelInvalid(f"{name}: {kind.__name__}: {error}") from error


@contextmanager
def _written(config: dict[str, Any]) -> Iterator[Path]:
    """A folder with one ``config.json``, which is how diffusers takes a config offline."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("", "unet", "vae"):
            (Path(folder) / part).mkdir(exist_ok=True)
            (Path(folder) / part / "config.json").write_text(json.dumps(config))
        yield Path(folder)


def _text_encoder(found: dict[str, Any], folder: Path, name: str) -> Any:
    """The text encoder of a checkpoint with original names."""
    file = folder / "text_encoder" / "config.json"
    config = _json(file, "text_encoder") if file.exists() else _TEXT
    made: Any = CLIPTextModel(CLIPTextConfig(**config))
    nested = hasattr(made, "text_model")  # flattened in newer transformers
    weights = {}
    for key, value in found.items():
        bare = key.removeprefix(_TEXT_PREFIX).removeprefix("text_model.")
        if key.startswith(_TEXT_PREFIX) and not key.endswith("position_ids"):
            weights[f"text_model.{bare}" if nested else bare] = value.float()
    try:
        made.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelInvalid(f"{name}: text_encoder: {error}") from error
    return made


def _load_adapter(where: Path, image: Any) -> Any:
    """The motion modules from a folder of diffusers, or from a safetensors file."""
    if where.is_dir():
        return network(MotionAdapter, where.parent, where.name)
    # A whole UNet with motion modules, as PIA was published, has layers of the base as well.
    found = {
        key.removeprefix("module."): value
        for key, value in tensors(where, where.name).items()
        if ".motion_modules." in key or key.removeprefix("module.").startswith("conv_in.")
    }
    positions = next((v for k, v in found.items() if k.endswith("pos_encoder.pe")), None)
    entry = found.get("conv_in.weight")
    config = {
        "block_out_channels": list(image.config.block_out_channels),
        "motion_layers_per_block": image.config.layers_per_block,
        "motion_norm_num_groups": image.config.norm_num_groups,
        "motion_max_seq_length": 32 if positions is None else positions.shape[1],
        "use_motion_mid_block": any(key.startswith("mid_block.") for key in found),
        "conv_in_channels": None if entry is None else entry.shape[1],
    }
    beside = where.parent / "motion_adapter" / "config.json"
    if beside.exists():
        config = _json(beside, "motion_adapter")
    return _original(MotionAdapter, found, config, where.name)
