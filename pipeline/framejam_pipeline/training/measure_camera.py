"""Cameras as they are served: where the view is in each frame, found by what it shows.

The view is looked for by zooming the unedited picture and shifting it over the frame: the best fit
of all. Each score stands beside that of the take without the camera, that of a restart with it (it
enters at step 0), and that of the picture moved without any model: what the search itself misses.
"""

from __future__ import annotations

from statistics import mean
from typing import Final

import msgspec
import numpy as np
import torch

from framejam_pipeline.camera import View, look, view
from framejam_pipeline.entries import Entry
from framejam_pipeline.image import Pixels
from framejam_pipeline.models.contract import VideoModel
from framejam_pipeline.residual import FIXED_POINT
from framejam_pipeline.training.served import as_tensor, late, run, shifts
from framejam_pipeline.training.vocabulary import plain_caption
from framejam_pipeline.training.world import World
from framejam_pipeline.warp import Warped
from framejam_protocol.geometry import to_units
from framejam_protocol.instructions import Camera, Content, Settings

_REACH: Final = 24
_ZOOMS: Final = np.geomspace(0.65, 1.75, 41)
_FRAMES_BETWEEN: Final = 5
"""Every so many frames, and the last, are looked at."""


def random_camera(generator: torch.Generator) -> Camera:
    """Up to a fifth of the frame to the side and up or down, and from 0.8 to 1.5 times as near."""
    pan, tilt, zoom = torch.rand(3, generator=generator).tolist()
    return Camera(to_units(0.4 * pan - 0.2), to_units(0.4 * tilt - 0.2), to_units(0.8 + 0.7 * zoom))


def camera_scores(
    model: VideoModel, world: World, settings: Settings, cases: int, seed: int = 1
) -> dict[str, float]:
    """Mean distances of the view from where it should be.

    ``error_px`` of its middle, in pixels of the picture; ``zoom`` of its magnification, as a share.
    ``held_`` is the mean difference (0 to 1) to the moved picture, where there is any.
    """
    generator = torch.Generator().manual_seed(seed)
    drawing = torch.Generator(world.device).manual_seed(seed)
    found: list[dict[str, float]] = []
    for number in range(cases):
        scenes = world.sample(1, drawing)
        frame, _ = world.draw(scenes, torch.zeros(1, device=world.device))
        picture = (frame[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        given = msgspec.structs.replace(settings, seed=number)
        caption = plain_caption(scenes.factors()[0])
        found.append(_scores(model, given, picture, caption, random_camera(generator)))
    return {name: round(mean(one[name] for one in found), 4) for name in found[0]}


def clips(
    model: VideoModel, settings: Settings, picture: Pixels, caption: str, camera: Camera
) -> dict[str, Pixels]:
    """The finished clips: unedited, edited late, restarted; and the picture moved as it is."""
    said = {1: Entry(0, Content(caption))}
    takes = {
        "unedited": said,
        "late": {**said, 2: late(camera, settings)},
        "restart": {**said, 2: Entry(0, camera)},
    }
    made = {
        name: run(model, settings, entries, picture).frames() for name, entries in takes.items()
    }
    return {**made, "truth": _seen(picture, _views(settings, camera))[0]}


def _scores(
    model: VideoModel, settings: Settings, picture: Pixels, caption: str, camera: Camera
) -> dict[str, float]:
    made = clips(model, settings, picture, caption, camera)
    views = _views(settings, camera)
    moved, within = _seen(picture, views)
    scores: dict[str, float] = {}
    for name, frames in made.items():
        looked = [*range(_FRAMES_BETWEEN, len(views), _FRAMES_BETWEEN)]
        errors, zooms = [], []
        for frame in looked:
            middle, zoom = find_view(frames[frame], picture)
            wanted = np.array([views[frame].pan, views[frame].tilt]) / FIXED_POINT
            errors.append(float(np.linalg.norm(middle - wanted)))
            zooms.append(abs(zoom * FIXED_POINT / views[frame].zoom - 1.0))
        scores[f"error_px_{name}"] = mean(errors)
        scores[f"zoom_{name}"] = mean(zooms)
        apart = np.abs(frames.astype(float) - moved).mean(axis=-1) / 255
        scores[f"held_{name}"] = float(apart[within == 1.0].mean())
    return scores


def find_view(frame: Pixels, picture: Pixels) -> tuple[np.ndarray, float]:
    """Return where the middle of a frame is from that of the picture, (x, y), and its zoom."""
    best: tuple[float, np.ndarray, float] | None = None
    for zoom in _ZOOMS:
        near, within = _seen(picture, [View(0, 0, round(zoom * FIXED_POINT))])
        weight = torch.from_numpy(within[0]).float()
        where, cost = shifts(as_tensor(frame[None]), as_tensor(near)[0], weight, _REACH)
        if best is None or float(cost[0]) < best[0]:
            best = float(cost[0]), -where[0].numpy() / zoom, float(zoom)
    assert best is not None
    return best[1], best[2]


def _views(settings: Settings, camera: Camera) -> list[View]:
    frames, size = settings.frames, (settings.width, settings.height)
    return [view([camera], frame, frames, *size) for frame in range(frames)]


def _seen(picture: Pixels, views: list[View]) -> tuple[Pixels, np.ndarray]:
    """The picture in each view, and how much of each pixel is in it."""
    clip = np.repeat(picture[None], len(views), axis=0)
    nothing = np.zeros(clip.shape[:3])
    warped, within = look(Warped(clip, nothing, nothing, nothing), views)
    return warped.clip, within
