"""Pictures of a run: the loss curve and a sheet of samples, for people to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from PIL import Image, ImageDraw

from framejam_pipeline.training.autoencoder import decode, encode
from framejam_pipeline.training.motion import motion_unet
from framejam_pipeline.training.parts import Parts
from framejam_pipeline.training.sampler import Conditions, sample
from framejam_pipeline.training.vocabulary import BACKGROUNDS, COLOURS, PLACE_PHRASES, SUBJECTS
from framejam_pipeline.training.world import FRAMES, REACH_PX, World

CLIP_CAPTIONS: Final = (
    "a big red butterfly over a meadow on the left moving to the right",
    "a blue fish on the sea on the right moving to the left",
    "a yellow balloon in the sky at the bottom moving up",
    "a small white cat in the forest in the centre growing",
    "a green car in the city in the centre standing still",
)


@torch.no_grad()
def text_sheet(parts: Parts, seed: int = 3) -> Image.Image:
    """Every subject (rows) in twelve circumstances, from text alone."""
    phrases = [several[0] for several in BACKGROUNDS.values()]
    captions = [
        f"a {COLOURS[(c + s) % len(COLOURS)]} {subject} {phrases[(c + 3 * s) % len(phrases)]} "
        f"{PLACE_PHRASES[c % len(PLACE_PHRASES)]}"
        for s, subject in enumerate(SUBJECTS)
        for c in range(12)
    ]
    frames = decode(parts.vae, sample(parts, Conditions(captions), seed=seed))
    return tile(frames, columns=12)


@torch.no_grad()
def clip_sheet(parts: Parts, seed: int = 3) -> Image.Image:
    """One row a clip, every second frame: text to image, then image to video."""
    unet = motion_unet(parts.unet, parts.adapter).eval()
    rows = []
    for caption in CLIP_CAPTIONS:
        still = caption.endswith("still")
        first = decode(parts.vae, sample(parts, Conditions([caption]), seed=seed))
        image = encode(parts.vae, first).expand(FRAMES, -1, -1, -1)
        reach = 0.0 if still else 17.0 / REACH_PX
        affinity = 1 - reach * torch.linspace(0, 1, FRAMES)
        conditions = Conditions([caption] * FRAMES, image, affinity)
        clip = decode(parts.vae, sample(parts, conditions, seed=seed, guidance=1.0, motion=unet))
        rows.append(torch.cat([first, clip[::2]]))
    return tile(torch.cat(rows), columns=1 + FRAMES // 2)


@torch.no_grad()
def reconstruction_sheet(parts: Parts, world: World, seed: int = 3) -> Image.Image:
    """Truth above the autoencoder's rendering of it, twelve a row."""
    generator = torch.Generator(world.device).manual_seed(seed)
    scenes = world.sample(24, generator)
    frames, _ = world.draw(scenes, torch.zeros(24, device=world.device))
    again = decode(parts.vae, encode(parts.vae, frames))
    return tile(torch.cat([frames[:12], again[:12], frames[12:], again[12:]]), columns=12)


def tile(frames: torch.Tensor, columns: int, zoom: int = 2) -> Image.Image:
    """Frames (n, 3, h, w) in [0, 1] as one picture, row by row."""
    count, _, height, width = frames.shape
    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * width * zoom, rows * height * zoom))
    for index, frame in enumerate((frames.clamp(0, 1) * 255).round().byte().cpu()):
        picture = Image.fromarray(frame.permute(1, 2, 0).numpy())
        picture = picture.resize((width * zoom, height * zoom), Image.Resampling.NEAREST)
        row, column = divmod(index, columns)
        sheet.paste(picture, (column * width * zoom, row * height * zoom))
    return sheet


def loss_curve(losses: list[tuple[int, float]], file: Path) -> None:
    """Plot (step, loss) pairs, log scale, with the least and the greatest loss written on it."""
    width, height, margin = 720, 360, 40
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    if len(losses) >= 2:
        steps = torch.tensor([float(step) for step, _ in losses])
        values = torch.tensor([value for _, value in losses]).clamp_min(1e-9).log()
        x = margin + (steps - steps[0]) / (steps[-1] - steps[0]) * (width - 2 * margin)
        span = (values.max() - values.min()).clamp_min(1e-9)
        y = margin + (values.max() - values) / span * (height - 2 * margin)
        draw.line([(float(a), float(b)) for a, b in zip(x, y, strict=True)], fill="navy", width=2)
        draw.text((4, margin - 16), f"{float(values.max().exp()):.4f}", fill="black")
        draw.text((4, height - margin + 4), f"{float(values.min().exp()):.4f}", fill="black")
        draw.text((width - 160, height - 16), f"step {int(steps[-1])}", fill="black")
    picture.save(file)
