"""A model with random weights in the folder layout of the embedded one, small enough to test with.

Nothing it makes looks like anything; every path through the pipeline is the real one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import PIL.Image
import safetensors.torch
import torch
from diffusers import AutoencoderTiny, DDIMScheduler, MotionAdapter, UNet2DConditionModel
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from framejam_protocol.instructions import Settings

CHANNELS = (8, 16, 16)
TEXT_WIDTH = 16
TOKENS = 12


def write_tiny_model(folder: Path) -> None:
    """Write all parts of a model with seeded random weights into ``folder``."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        _unet().save_pretrained(folder / "unet")
        _adapter().save_pretrained(folder / "motion_adapter")
        _autoencoder().save_pretrained(folder / "vae")
        tokenizer = _tokenizer()
        tokenizer.save_pretrained(folder / "tokenizer")
        _text_encoder(tokenizer).save_pretrained(folder / "text_encoder")
        scheduler().save_pretrained(folder / "scheduler")
        preview = {"weight": torch.randn(48, 4, 3, 3) * 0.05, "bias": torch.full((48,), 0.5)}
    safetensors.torch.save_file(preview, folder / "preview.safetensors")
    index = {
        "sizes": {
            "width": 32,
            "height": 32,
            "frames": 4,
            "latent_factor": 4,
            "latent_channels": 4,
        },
        "vocabulary": {
            "subjects": ["fish"],
            "colours": ["red"],
            "backgrounds": {"sea": ["on the sea"]},
            "sizes": ["big"],
            "places": {"left": "on the left"},
            "motions": {"left": "moving to the left", "still": "standing still"},
        },
        "pipelines": {
            "image": {"steps": 2, "guidance": 2.0},
            "video": {
                "steps": 6,
                "guidance": 1.0,
                "affinity": {
                    "rule": "1 - reach * frame / (frames - 1)",
                    "reach": {"left": 0.6, "still": 0.0},
                    "reach_without_motion_words": 0.0,
                },
            },
        },
    }
    (folder / "model_index.json").write_text(json.dumps(index))


def settings(**changes: Any) -> Settings:
    """Settings the tiny model can run, with some of them changed."""
    usual: dict[str, Any] = {
        "model": "embedded",
        "seed": 11,
        "steps": 6,
        "frames": 4,
        "width": 32,
        "height": 32,
        "fps": 8,
        "guidance": 100,
    }
    return Settings(**{**usual, **changes})


def picture(blob: str) -> PIL.Image.Image:
    """A reference image for any blob id: colours that depend on the id, with some texture."""
    generator = torch.Generator().manual_seed(int(blob[:8], 16))
    noise = torch.randint(0, 256, (32, 32, 3), generator=generator, dtype=torch.uint8)
    return PIL.Image.fromarray(noise.numpy())


def scheduler() -> DDIMScheduler:
    """The scheduler of the embedded model."""
    return DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
    )


def _unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=9,
        out_channels=4,
        block_out_channels=CHANNELS,
        down_block_types=("CrossAttnDownBlock2D",) * 3,
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=2,
        norm_num_groups=4,
    )


def _adapter() -> MotionAdapter:
    return MotionAdapter(
        block_out_channels=CHANNELS,
        motion_layers_per_block=1,
        motion_mid_block_layers_per_block=1,
        motion_num_attention_heads=2,
        motion_norm_num_groups=4,
        motion_max_seq_length=16,
    )


def _autoencoder() -> AutoencoderTiny:
    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8),
        decoder_block_out_channels=(8, 8, 8),
        num_encoder_blocks=(0, 1, 1),
        num_decoder_blocks=(1, 1, 1),
        latent_channels=4,
        scaling_factor=1.3,
    )


def _tokenizer() -> CLIPTokenizer:
    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, *(letter + "</w>" for letter in letters)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=TOKENS)


def _text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=2 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
        )
    )
