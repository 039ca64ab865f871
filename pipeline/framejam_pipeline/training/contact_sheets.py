"""Contact sheets of the shipped model, captioned for the docs and blind for fresh eyes.

``python -m framejam_pipeline.training.contact_sheets docs/embedded --blind DIR`` writes one PNG
a topic into each folder. The blind ones are shuffled and only numbered; ``choices.json`` lists
what may be answered and ``answers.json`` what is right.
"""

from __future__ import annotations

import argparse
import json
import random
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from PIL import Image, ImageDraw, ImageFont
from torch.nn import functional

from framejam_pipeline.training.autoencoder import decode, encode
from framejam_pipeline.training.backgrounds import EDGE
from framejam_pipeline.training.measure_drag import SHIFT_PX, make_drag, serve_drag
from framejam_pipeline.training.measure_photographs import held_out_photographs, photograph_clip
from framejam_pipeline.training.motion import motion_unet
from framejam_pipeline.training.parts import Parts, load_parts
from framejam_pipeline.training.run import SHIPPED
from framejam_pipeline.training.sampler import Conditions, sample
from framejam_pipeline.training.strokes import paint, stroke_coverage
from framejam_pipeline.training.unet import LATENT_EDGE
from framejam_pipeline.training.vocabulary import (
    COLOURS,
    MOTION_PHRASES,
    MOTIONS,
    PALETTE,
    PLACES,
    plain_caption,
)
from framejam_pipeline.training.world import FRAMES, PLACE_AXES, REACH_PX, World

ZOOM: Final = 3
DIRECTIONS: Final = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_REACH: Final = 17.0 / REACH_PX  # as the shipped model's index has it
_STROKE_PX: Final = 18.0  # from the centre, so that strokes of five places do not meet


@dataclass
class Cell:
    """One entry of a sheet: frames (n, 3, 64, 64) side by side, what to print, what is right."""

    frames: torch.Tensor
    caption: str
    answer: str


@torch.no_grad()
def prompt_cells(parts: Parts, world: World, count: int = 48) -> list[Cell]:
    """Text to image; every other caption is a combination that training never showed."""
    generator = torch.Generator(world.device).manual_seed(21)
    halves = [world.sample(count // 2, generator, held_out=held) for held in (False, True)]
    captions = [plain_caption(f) for half in halves for f in half.factors()]
    frames = decode(parts.vae, sample(parts, Conditions(captions), seed=21))
    return [Cell(f[None], c, c) for f, c in zip(frames, captions, strict=True)]


@torch.no_grad()
def stroke_cells(parts: Parts, world: World, count: int = 24) -> list[Cell]:
    """A stroke on the image condition and held as a residual, as it is served: middle frames."""
    generator = torch.Generator(world.device).manual_seed(22)
    scenes = world.sample(count, generator)
    frames, _ = world.draw(scenes, torch.zeros(count, device=world.device))
    unet = motion_unet(parts.unet, parts.adapter).eval()
    ones = torch.ones(FRAMES, device=world.device)
    cells = []
    for row, factors in enumerate(scenes.factors()):
        colour, place = COLOURS[row % len(COLOURS)], row % len(PLACES)
        coverage = _stroke_at(place, generator).to(world.device)
        shade = torch.tensor(PALETTE[colour], device=world.device).view(1, 3, 1, 1) / 255
        image = encode(parts.vae, paint(frames[row : row + 1], coverage, shade))
        image = image.expand(FRAMES, -1, -1, -1)
        weight = functional.adaptive_avg_pool2d(coverage, LATENT_EDGE)
        said = Conditions([plain_caption(factors)] * FRAMES, image, ones)
        hold = _Hold(weight, image)
        clip = decode(parts.vae, sample(parts, said, row, guidance=1.0, edit=hold, motion=unet))
        where = f"a {colour} stroke, {PLACES[place]}"
        cells.append(Cell(clip[FRAMES // 2][None], where, where))
    return cells


@dataclass
class _Hold:
    """Pulls the clean latents to ``target`` as far as ``weight`` says, at every step."""

    weight: torch.Tensor
    target: torch.Tensor

    def __call__(self, clean: torch.Tensor, index: int) -> torch.Tensor:
        return clean + self.weight * (self.target - clean)


def _stroke_at(place: int, generator: torch.Generator) -> torch.Tensor:
    """Coverage (1, 1, 64, 64) of a stroke about 14 px long at a named place."""
    middle = EDGE / 2 + _STROKE_PX * torch.tensor(PLACE_AXES[place])
    slope = 6.2832 * torch.rand(1, generator=generator).item()
    along = 7.0 * torch.tensor([torch.tensor(slope).cos(), torch.tensor(slope).sin()])
    bend = 8.0 * (torch.rand(2, generator=generator) - 0.5)
    points = torch.stack([middle - along, middle + bend, middle + along])[None]
    return stroke_coverage(points, torch.full((1, 1, 1), 3.5))


def drag_cells(parts: Parts, world: World, count: int = 24) -> list[Cell]:
    """First and last frame of drags by 12 px."""
    generator = torch.Generator(world.device).manual_seed(23)
    scenes = world.sample(count, generator)
    unet = motion_unet(parts.unet, parts.adapter).eval()
    cells = []
    for row in range(count):
        scene = scenes.pick(torch.tensor([row], device=world.device))
        # Drawn in the middle, so that the place does not give the direction away.
        scene.centre = torch.full_like(scene.centre, EDGE / 2)
        name = list(DIRECTIONS)[row % len(DIRECTIONS)]
        shift = SHIFT_PX * torch.tensor([DIRECTIONS[name]], device=world.device)
        clip = serve_drag(parts, unet, make_drag(world, scene, shift), seed=row)
        cells.append(Cell(clip[[0, -1]], f"dragged {name}", name))
    return cells


@torch.no_grad()
def motion_cells(parts: Parts, world: World, count: int = 24) -> list[Cell]:
    """First, middle and last frame; the image condition is the model's own."""
    generator = torch.Generator(world.device).manual_seed(24)
    scenes = world.sample(count, generator)
    every = torch.arange(count, device=world.device) % len(MOTIONS)
    scenes = replace(scenes, motion=every)
    scenes.reach[:] = 17.0
    world.keep_inside(scenes)
    unet = motion_unet(parts.unet, parts.adapter).eval()
    contents = [plain_caption(f) for f in scenes.factors()]
    pictures = decode(parts.vae, sample(parts, Conditions(contents), seed=24))
    cells = []
    for row, factors in enumerate(scenes.factors()):
        reach = 0.0 if MOTIONS[factors.motion] == "still" else _REACH
        affinity = 1 - reach * torch.linspace(0, 1, FRAMES, device=world.device)
        image = encode(parts.vae, pictures[row : row + 1]).expand(FRAMES, -1, -1, -1)
        said = Conditions([plain_caption(factors, motion=True)] * FRAMES, image, affinity)
        clip = decode(parts.vae, sample(parts, said, row, guidance=1.0, motion=unet))
        phrase = MOTION_PHRASES[factors.motion]
        cells.append(Cell(clip[[0, FRAMES // 2, -1]], said.captions[0], phrase))
    return cells


def photograph_cells(parts: Parts) -> list[Cell]:
    """Held-out photographs beside the first and the last frame of their clips."""
    photographs = held_out_photographs(parts.unet.device)
    unet = motion_unet(parts.unet, parts.adapter).eval()
    cells = []
    for row, photograph in enumerate(photographs):
        clip = photograph_clip(parts, unet, photograph[None], seed=row)
        frames = torch.cat([photograph[None], clip[[0, -1]]])
        cells.append(Cell(frames, "photograph, first and last frame", ""))
    return cells


def draw_sheet(cells: list[Cell], columns: int, captions: list[str]) -> Image.Image:
    """All cells in a grid, three times as large, with a caption below each."""
    font = ImageFont.load_default(12)
    edge, gap = EDGE * ZOOM, 8
    wide = edge * max(len(cell.frames) for cell in cells)
    lines = [textwrap.wrap(caption, max(8, wide // 7)) or [""] for caption in captions]
    high = edge + 15 * max(len(line) for line in lines) + gap
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * (wide + gap) + gap, rows * (high + gap) + gap), "white")
    pen = ImageDraw.Draw(sheet)
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        left, top = gap + column * (wide + gap), gap + row * (high + gap)
        for place, frame in enumerate((cell.frames.clamp(0, 1) * 255).round().byte().cpu()):
            picture = Image.fromarray(frame.permute(1, 2, 0).numpy())
            picture = picture.resize((edge, edge), Image.Resampling.LANCZOS)
            sheet.paste(picture, (left + place * edge, top))
        pen.multiline_text((left, top + edge + 2), "\n".join(lines[index]), "black", font=font)
    return sheet


COLUMNS: Final = {"prompts": 8, "strokes": 6, "drags": 4, "motions": 3, "photographs": 3}


def write_sheets(parts: Parts, world: World, labelled: Path, blind: Path | None) -> None:
    """Write every sheet into ``labelled`` and, shuffled and numbered, into ``blind``."""
    topics = {
        "prompts": prompt_cells(parts, world),
        "strokes": stroke_cells(parts, world),
        "drags": drag_cells(parts, world),
        "motions": motion_cells(parts, world),
        "photographs": photograph_cells(parts),
    }
    labelled.mkdir(parents=True, exist_ok=True)
    answers, choices = {}, {}
    for topic, cells in topics.items():
        captions = [cell.caption for cell in cells]
        draw_sheet(cells, COLUMNS[topic], captions).save(labelled / f"{topic}.png", optimize=True)
        print(f"{topic}: {len(cells)}", flush=True)
        if blind is None or topic == "photographs":  # nothing to guess about a photograph
            continue
        blind.mkdir(parents=True, exist_ok=True)
        shuffled = random.Random(topic).sample(cells, len(cells))
        numbers = [str(number + 1) for number in range(len(cells))]
        draw_sheet(shuffled, COLUMNS[topic], numbers).save(blind / f"{topic}.png")
        right = [cell.answer for cell in shuffled]
        answers[topic] = dict(zip(numbers, right, strict=True))
        choices[topic] = sorted(set(right))
    if blind is not None:
        (blind / "answers.json").write_text(json.dumps(answers, indent=2) + "\n")
        (blind / "choices.json").write_text(json.dumps(choices, indent=2) + "\n")


def main() -> None:
    """Run the command line."""
    options = argparse.ArgumentParser(prog="python -m framejam_pipeline.training.contact_sheets")
    options.add_argument("folder", type=Path, help="where the captioned sheets go")
    options.add_argument("--blind", type=Path, help="where the unlabelled ones go")
    options.add_argument("--model", type=Path, default=SHIPPED)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    parts = load_parts(chosen.model)
    for module in parts.modules().values():
        module.eval().requires_grad_(False)
    write_sheets(parts, World(torch.device("cpu")), chosen.folder, chosen.blind)


if __name__ == "__main__":
    main()
