"""Write the trained parts as the folder that the pipeline ships and loads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from framejam_pipeline.training.autoencoder import CHANNELS, FACTOR
from framejam_pipeline.training.backgrounds import EDGE
from framejam_pipeline.training.card import model_card
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.preview import fit_preview
from framejam_pipeline.training.unet import new_scheduler
from framejam_pipeline.training.vocabulary import (
    BACKGROUNDS,
    COLOURS,
    MOTION_PHRASES,
    MOTIONS,
    PLACE_PHRASES,
    PLACES,
    SIZES,
    SUBJECTS,
)
from framejam_pipeline.training.world import FRAMES, REACH_PX, World

VERSION = "0.2.0"

# How far frame 15 may be from frame 0, as a share of REACH_PX: about 17 px, or growth by 1.45.
_REACH = 17.0 / REACH_PX


def export(parts: Parts, world: World, folder: Path, metrics: dict[str, Any], seed: int) -> None:
    """Write ``folder`` anew: into a neighbour first, so that readers never see half a model."""
    partial = folder.with_name(folder.name + ".partial")
    old = folder.with_name(folder.name + ".old")
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir(parents=True)
    _write_parts(parts, partial)
    generator = torch.Generator(world.device).manual_seed(seed)
    save_file(fit_preview(parts.vae, world, generator), partial / "preview.safetensors")
    (partial / "preview.safetensors").chmod(0o644)
    _write_json(partial / "model_index.json", model_index())
    _write_json(partial / "metrics.json", metrics)
    (partial / "README.md").write_text(model_card(metrics))
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _write_parts(parts: Parts, folder: Path) -> None:
    copy = parts.clone().to(torch.device("cpu"))
    saveable: dict[str, Any] = dict(copy.modules())
    for name, module in saveable.items():
        for parameter in module.parameters():
            # Training may keep weights channels-last, which a safetensors file cannot hold.
            parameter.data = parameter.data.half().contiguous()
        module.half().save_pretrained(folder / name)
    _drop_key(folder / "vae" / "config.json", "block_out_channels")
    parts.tokenizer.save_pretrained(folder / "tokenizer")
    new_scheduler().save_pretrained(folder / "scheduler")
    for config in folder.glob("*/config.json"):
        _drop_key(config, "_name_or_path")
    for weights in folder.glob("*/*.safetensors"):
        weights.chmod(0o644)


def _drop_key(config: Path, key: str) -> None:
    """Remove a key that is derived, or that names a path of the training machine."""
    values = json.loads(config.read_text())
    if values.pop(key, None) is not None:
        _write_json(config, values)


def _write_json(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n")


def model_index() -> dict[str, Any]:
    """Sizes, vocabulary and conventions: all a loader must know besides the parts' configs."""
    reach = {name: (0.0 if name == "still" else _REACH) for name in MOTIONS}
    return {
        "name": "framejam-embedded",
        "version": VERSION,
        "sizes": {
            "width": EDGE,
            "height": EDGE,
            "frames": FRAMES,
            "latent_factor": FACTOR,
            "latent_channels": CHANNELS,
        },
        "vocabulary": {
            "caption": "a [size] [colour] <subject> <background> <place> [motion]",
            "subjects": list(SUBJECTS),
            "colours": list(COLOURS),
            "backgrounds": {name: list(phrases) for name, phrases in BACKGROUNDS.items()},
            "sizes": list(SIZES),
            "places": dict(zip(PLACES, PLACE_PHRASES, strict=True)),
            "motions": dict(zip(MOTIONS, MOTION_PHRASES, strict=True)),
        },
        "pipelines": {
            "image": {
                "frames": 1,
                "steps": 8,
                "guidance": 2.5,
                "condition": "zero",
                "affinity": 0.0,
            },
            "video": {
                "frames": FRAMES,
                "steps": 8,
                "guidance": 1.0,
                "condition": "scaled latents of the intermediate image, repeated over frames",
                "affinity": {
                    "rule": "1 - reach * frame / (frames - 1)",
                    "reach": reach,
                    "reach_without_motion_words": 0.0,
                    "painted_or_warped_frames": 1.0,
                },
            },
        },
        "conditions": {
            "unet_input_channels": ["noisy latents (4)", "affinity (1)", "condition latents (4)"],
            "affinity": (
                "constant over a frame, in [0, 1]: 1 - displacement of the subject since the "
                f"condition's frame / {REACH_PX:g} px; growth by a factor of two counts as "
                f"{REACH_PX:g} px; 0 with a zero condition means text to image"
            ),
            "latents": "vae.encode(2 * rgb - 1).latents * vae.config.scaling_factor",
            "unconditional_text": "",
            "text_states_per_frame": True,
            "prediction": "v_prediction",
        },
        "preview": {
            "file": "preview.safetensors",
            "map": "pixel_shuffle(conv2d(scaled latents, weight, bias, padding=1), 4) in [0, 1]",
        },
    }
