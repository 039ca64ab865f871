"""Tiny random Stable Diffusion with motion modules, in the formats its users have on their disks.

Built and saved by diffusers' own classes: a stock PIA or AnimateDiff pipeline as a folder, a
checkpoint file with the original names, motion modules as a folder or a file, LoRAs in the names
of diffusers and of kohya's scripts. Nothing they make looks like anything.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from diffusers import (
    AnimateDiffPipeline,
    AutoencoderKL,
    DDIMScheduler,
    MotionAdapter,
    PIAPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from tiny import TEXT_WIDTH, _text_encoder, _tokenizer

Kind = Literal["pia", "animatediff"]

CHANNELS = (8, 16, 16)
SIZE = 32
FRAMES = 16


def parts(kind: Kind, seed: int = 3) -> dict[str, Any]:
    """The components of a stock pipeline, with seeded random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tokenizer = _tokenizer()
        return {
            "unet": base_unet(),
            "vae": autoencoder(),
            "text_encoder": _text_encoder(tokenizer).eval(),
            "tokenizer": tokenizer,
            "scheduler": scheduler(),
            "motion_adapter": adapter(kind),
        }


def scheduler(**changes: Any) -> DDIMScheduler:
    """Stable Diffusion's noise levels; it predicts noise."""
    usual: dict[str, Any] = {
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "clip_sample": False,
        "set_alpha_to_one": False,
        "steps_offset": 1,
    }
    return DDIMScheduler(**{**usual, **changes})


def base_unet(width: int = TEXT_WIDTH) -> UNet2DConditionModel:
    """P_img: Stable Diffusion's kinds of blocks, few and narrow."""
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=CHANNELS,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=width,
        attention_head_dim=2,
        norm_num_groups=4,
    )


def adapter(kind: Kind) -> MotionAdapter:
    """Motion modules whose outputs are not zero; PIA's bring an input of nine channels."""
    made = MotionAdapter(
        block_out_channels=CHANNELS,
        motion_layers_per_block=1,
        motion_mid_block_layers_per_block=1,
        motion_num_attention_heads=2,
        motion_norm_num_groups=4,
        motion_max_seq_length=FRAMES,
        conv_in_channels=9 if kind == "pia" else None,
    )
    for name, weight in made.named_parameters():
        # diffusers begins them at zero, where they would do nothing.
        if name.endswith("proj_out.weight"):
            torch.nn.init.normal_(weight, std=0.2)
    return made


def autoencoder() -> AutoencoderKL:
    """The autoencoder of Stable Diffusion with cells of 4 x 4 pixels."""
    return AutoencoderKL(
        block_out_channels=(8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=SIZE,
    )


def stock(kind: Kind, seed: int = 3) -> Any:
    """The stock pipeline of tiny parts."""
    pipeline = PIAPipeline if kind == "pia" else AnimateDiffPipeline
    return _quiet(pipeline(**parts(kind, seed)))


def stock_base(seed: int = 3) -> StableDiffusionPipeline:
    """The stock pipeline of the base alone."""
    base = {name: part for name, part in parts("pia", seed).items() if name != "motion_adapter"}
    return _quiet(
        StableDiffusionPipeline(
            **base, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
    )


def write_pipeline(folder: Path, kind: Kind, seed: int = 3) -> Path:
    """As ``save_pretrained`` of the stock pipeline leaves it: ``unet`` holds the motion modules."""
    stock(kind, seed).save_pretrained(folder)
    return folder


def write_base_and_adapter(folder: Path, kind: Kind, seed: int = 3) -> Path:
    """As people put it together: Stable Diffusion's folder, and ``motion_adapter`` in it."""
    stock_base(seed).save_pretrained(folder)
    parts(kind, seed)["motion_adapter"].save_pretrained(folder / "motion_adapter")
    return folder


def write_checkpoint(folder: Path, kind: Kind, seed: int = 3) -> Path:
    """A checkpoint file with original names, motion modules as a file, and what neither holds.

    Returns the checkpoint. The configs say how tiny they are.
    """
    made = parts(kind, seed)
    made["tokenizer"].save_pretrained(folder / "tokenizer")
    made["scheduler"].save_pretrained(folder / "scheduler")
    for part in ("unet", "vae"):
        made[part].save_config(folder / part)
    made["text_encoder"].config.save_pretrained(folder / "text_encoder")
    made["motion_adapter"].save_config(folder / "motion_adapter")
    file = folder / "dream.safetensors"
    safetensors.torch.save_file(original_names(made), file)
    modules = made["motion_adapter"].state_dict()
    safetensors.torch.save_file(published_names(modules), folder / "mm.safetensors")
    return file


def original_names(made: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The base's weights as Stable Diffusion was published: the way back from diffusers' names."""
    found = {}
    for name, weight in made["unet"].state_dict().items():
        found["model.diffusion_model." + _unet_name(name)] = weight
    for name, weight in made["vae"].state_dict().items():
        square = ".attentions." in name and weight.ndim == 2
        old = weight[:, :, None, None] if square else weight  # linear layers were convolutions
        found["first_stage_model." + _vae_name(name, 3)] = old
    for name, weight in made["text_encoder"].state_dict().items():
        bare = name.removeprefix("text_model.")
        found[f"cond_stage_model.transformer.text_model.{bare}"] = weight
    return {name: weight.clone().contiguous() for name, weight in found.items()}


def published_names(modules: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Motion modules as AnimateDiff was published."""
    found = {}
    for name, weight in modules.items():
        old = re.sub(r"(motion_modules\.\d+)\.", r"\1.temporal_transformer.", name)
        old = re.sub(r"\.norm([12])\.", lambda m: f".norms.{int(m[1]) - 1}.", old)
        old = re.sub(r"\.attn([12])\.", lambda m: f".attention_blocks.{int(m[1]) - 1}.", old)
        old = old.replace(".norm3.", ".ff_norm.").replace(".pos_embed.", ".pos_encoder.")
        found[old] = weight.clone().contiguous()
    return found


def write_lora(
    file: Path, width: int = TEXT_WIDTH, kohya: bool = False, motion: bool = False, seed: int = 9
) -> Path:
    """A LoRA of rank 2 for the attention of UNet and text encoder, or of motion modules.

    ``width`` is that of the texts it was made for: another one makes it a LoRA for another base.
    """
    generator = torch.Generator().manual_seed(seed)

    def pair(layer: str, inputs: int, outputs: int) -> dict[str, torch.Tensor]:
        return {
            f"{layer}.lora_A.weight": torch.randn((2, inputs), generator=generator),
            f"{layer}.lora_B.weight": torch.randn((outputs, 2), generator=generator),
        }

    if motion:
        layer = "down_blocks.0.motion_modules.0.transformer_blocks.0.attn1.to_q"
        weights = pair(f"unet.{layer}", CHANNELS[0], CHANNELS[0])
    else:
        block = "unet.down_blocks.1.attentions.0.transformer_blocks.0"
        weights = {
            **pair(f"{block}.attn1.to_q", CHANNELS[1], CHANNELS[1]),
            **pair(f"{block}.attn2.to_k", width, CHANNELS[1]),
        }
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            layer = f"text_encoder.text_model.encoder.layers.0.self_attn.{name}"
            weights |= pair(layer, width, width)
    file.parent.mkdir(exist_ok=True)
    safetensors.torch.save_file(_kohya(weights) if kohya else weights, file)
    return file


def _kohya(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The names of kohya's scripts; their alphas here are half the rank."""
    found = {}
    for name, weight in weights.items():
        layer, _, end = name.rpartition(".lora_")
        part, _, path = layer.partition(".")
        flat = ("lora_unet_" if part == "unet" else "lora_te_") + path.replace(".", "_")
        found[f"{flat}.lora_{'down' if end.startswith('A') else 'up'}.weight"] = weight
        found[f"{flat}.alpha"] = torch.tensor(1.0)
    return found


def _quiet(pipeline: Any) -> Any:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


_RESNET = (
    ("norm1", "in_layers.0"),
    ("conv1", "in_layers.2"),
    ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"),
    ("time_emb_proj", "emb_layers.1"),
    ("conv_shortcut", "skip_connection"),
)
_UNET_ENDS = (
    ("time_embedding.linear_1", "time_embed.0"),
    ("time_embedding.linear_2", "time_embed.2"),
    ("conv_in", "input_blocks.0.0"),
    ("conv_norm_out", "out.0"),
    ("conv_out", "out.2"),
)


def _unet_name(name: str) -> str:
    for new, old in _UNET_ENDS:
        if name.startswith(new + "."):
            return name.replace(new, old, 1)
    found = re.match(r"(down|up|mid)_blocks?\.(?:(\d+)\.)?(\w+)\.(\d+)\.(.*)", name)
    assert found is not None, name
    side, layer, rest = found[1], int(found[4]), found[5]
    if found[3] == "resnets":
        for new, old in _RESNET:
            rest = rest.replace(new, old)
    if side == "mid":
        return f"middle_block.{2 * layer if found[3] == 'resnets' else 1}.{rest}"
    block, each = int(found[2]), 2  # one layer, and with it one more place in every block
    if side == "down":
        if found[3] == "downsamplers":
            return f"input_blocks.{each * (block + 1)}.0.op.{rest.removeprefix('conv.')}"
        return f"input_blocks.{1 + each * block + layer}.{int(found[3] == 'attentions')}.{rest}"
    if found[3] == "upsamplers":
        # Behind the resnet, and behind the attention where the block has one.
        place = 1 if block == 0 else 2
        return f"output_blocks.{each * block + 1}.{place}.{rest}"
    return f"output_blocks.{each * block + layer}.{int(found[3] == 'attentions')}.{rest}"


def _vae_name(name: str, levels: int) -> str:
    old = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    old = old.replace("mid_block.resnets.0", "mid.block_1").replace(
        "mid_block.resnets.1", "mid.block_2"
    )
    for new, was in (("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v")):
        old = old.replace(f"mid_block.attentions.0.{new}", f"mid.attn_1.{was}")
    old = old.replace("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out")
    old = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", old)
    old = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", old)

    def up(found: re.Match[str]) -> str:
        return f"up.{levels - 1 - int(found[1])}."

    old = re.sub(r"up_blocks\.(\d+)\.", up, old)
    return old.replace(".resnets.", ".block.").replace(".upsamplers.0", ".upsample")
