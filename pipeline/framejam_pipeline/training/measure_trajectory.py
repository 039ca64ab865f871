"""Trajectories as they are served: how far from its path an object is in each frame.

Objects are drawn by the world on its backgrounds, and found again in the finished clip by what they
look like. Each score stands beside that of the take without the trajectory, that of a restart with
it (it enters at step 0), and that of the truth: the same frames as the world would draw them.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from framejam_pipeline.entries import Entry
from framejam_pipeline.image import Pixels
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.training.served import as_tensor, late, run, shifts
from framejam_pipeline.training.vocabulary import plain_caption
from framejam_pipeline.training.world import World
from framejam_pipeline.trajectory import travelled
from framejam_protocol.geometry import to_units
from framejam_protocol.instructions import Content, Settings, Trajectory

_REACH: Final = 30
_STEP_PX: Final = (8.0, 14.0)
"""How long each of the two pieces of a path is."""

_SMALL_PX: Final = 20.0
_CORNERS: Final = ((18.0, 20.0), (46.0, 44.0))
"""Where the middles of two objects in one picture are."""


@dataclass
class Case:
    """A picture (H, W, 3), what it shows, and the paths of its objects.

    ``layers`` (n, 4, H, W) are the objects alone, premultiplied; ``backdrop`` (3, H, W) is what is
    behind them.
    """

    caption: str
    picture: Pixels
    backdrop: torch.Tensor
    layers: torch.Tensor
    moves: list[Trajectory]

    def ways(self, frames: int) -> npt.NDArray[np.float64]:
        """How far each object should be from its start: (n, F, 2) in pixels."""
        height, width = self.picture.shape[:2]
        return np.stack([travelled(move, width, height, frames) for move in self.moves])


def make_case(world: World, objects: int, generator: torch.Generator) -> Case:
    """Draw one object, or two small ones, with a random path of two pieces each."""
    scenes = world.sample(objects, generator)
    if objects > 1:
        scenes.centre[:] = torch.tensor(_CORNERS[:objects], device=world.device)
        scenes.edge[:] = _SMALL_PX
    layers = world.subject_layer(scenes, scenes.centre, scenes.edge).cpu()
    backdrop = world.backdrop(scenes)[0].cpu()
    picture = _composed(backdrop, layers)
    moves = []
    for centre, edge in zip(scenes.centre.tolist(), scenes.edge.tolist(), strict=True):
        path = [centre]
        for _ in range(2):
            turn = float(torch.rand((), generator=generator, device=world.device)) * 6.2832
            low, high = _STEP_PX
            length = low + (high - low) * float(
                torch.rand((), generator=generator, device=world.device)
            )
            way = length * np.array([np.cos(turn), np.sin(turn)])
            # Turned round where it would leave the frame.
            inside = (np.array(path[-1]) + way > 12) & (np.array(path[-1]) + way < 52)
            path.append((np.array(path[-1]) + np.where(inside, way, -way)).tolist())
        points = tuple((to_units(x / 64), to_units(y / 64)) for x, y in path)
        moves.append(Trajectory(points, to_units(0.62 * edge / 64)))
    caption = plain_caption(scenes.factors()[0])
    return Case(caption, _bytes(picture), backdrop, layers, moves)


def trajectory_scores(
    model: VideoModel, world: World, settings: Settings, cases: int, objects: int = 1, seed: int = 1
) -> dict[str, float]:
    """Mean distances in pixels, of every frame but the first, from where objects should be.

    ``error_px`` is of trajectories that come when the take has finished. ``l1_`` is the mean
    difference to the truth (0 to 1), ``elsewhere_`` the mean difference to the take without
    trajectories where no object is, should be or was.
    """
    generator = torch.Generator(world.device).manual_seed(seed)
    found: list[dict[str, float]] = []
    for number in range(cases):
        case = make_case(world, objects, generator)
        given = msgspec.structs.replace(settings, seed=number)
        found.append(_scores(model, given, case))
    return {name: round(mean(one[name] for one in found), 4) for name in found[0]}


def clips(model: VideoModel, settings: Settings, case: Case) -> dict[str, Pixels]:
    """The finished clips of a case: unedited, edited late, restarted; and the truth."""
    said = {1: Entry(0, Content(case.caption))}
    edits = {seq: late(move, settings) for seq, move in enumerate(case.moves, 2)}
    again = {seq: Entry(0, move) for seq, move in enumerate(case.moves, 2)}
    takes = {"unedited": said, "late": {**said, **edits}, "restart": {**said, **again}}
    made = {
        name: run(model, settings, entries, case.picture).frames()
        for name, entries in takes.items()
    }
    return {**made, "truth": _truth(case, settings.frames)}


def _scores(model: VideoModel, settings: Settings, case: Case) -> dict[str, float]:
    made = clips(model, settings, case)
    ways = case.ways(settings.frames)
    there = _covered(case, ways)
    scores: dict[str, float] = {}
    for name, frames in made.items():
        seen = as_tensor(frames)
        errors = []
        for layer, way in zip(case.layers, ways, strict=True):
            colour = layer[:3] / layer[3:].clamp_min(1e-3)
            where, _ = shifts(seen, colour, layer[3], _REACH)
            errors.append(np.linalg.norm(where.numpy() - way, axis=1)[1:].mean())
        scores[f"error_px_{name}"] = float(np.mean(errors))
        scores[f"l1_{name}"] = float((seen - as_tensor(made["truth"])).abs().mean())
        elsewhere = (seen - as_tensor(made["unedited"])).abs().mean(dim=1)[~there]
        scores[f"elsewhere_{name}"] = float(elsewhere.mean())
    return scores


def _truth(case: Case, frames: int) -> Pixels:
    """Every object drawn where it should be, in every frame."""
    shown = []
    for way in case.ways(frames).transpose(1, 0, 2):
        layers = torch.stack([_moved(one, by) for one, by in zip(case.layers, way, strict=True)])
        shown.append(_bytes(_composed(case.backdrop, layers)))
    return np.stack(shown)


def _covered(case: Case, ways: npt.NDArray[np.float64]) -> torch.Tensor:
    """Where, in each frame, an object should be or was at first, with some room: (F, H, W)."""
    masks = []
    for way in ways.transpose(1, 0, 2):
        both = [*case.layers, *(_moved(one, by) for one, by in zip(case.layers, way, strict=True))]
        mask = torch.stack([one[3] for one in both]).amax(dim=0)
        masks.append(torch.nn.functional.max_pool2d(mask[None, None], 9, 1, 4)[0, 0] > 0.02)
    return torch.stack(masks)


def _moved(layer: torch.Tensor, by: npt.NDArray[np.float64]) -> torch.Tensor:
    """A layer (4, H, W), shifted by (x, y) pixels, bilinearly."""
    height, width = layer.shape[1:]
    theta = torch.tensor([[1.0, 0, -2 * by[0] / width], [0, 1.0, -2 * by[1] / height]])
    grid = torch.nn.functional.affine_grid(
        theta[None].float(), [1, *layer.shape], align_corners=False
    )
    return torch.nn.functional.grid_sample(layer[None], grid, align_corners=False)[0]


def _composed(backdrop: torch.Tensor, layers: torch.Tensor) -> torch.Tensor:
    picture = backdrop
    for layer in layers:
        picture = picture * (1 - layer[3:]) + layer[:3]
    return picture


def _bytes(picture: torch.Tensor) -> Pixels:
    return (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
