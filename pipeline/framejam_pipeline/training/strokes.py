"""Painted strokes: quadratic curves of one colour, as a person paints on a frame."""

from __future__ import annotations

import torch

from framejam_pipeline.training.backgrounds import EDGE

_SAMPLES = 14  # points along the curve; enough for strokes up to 64 px at radius 2


def random_strokes(
    count: int, generator: torch.Generator, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw ``count`` strokes, radius 2 to 5 px.

    Returns the coverage (count, 1, 64, 64) in [0, 1] and the colours (count, 3, 1, 1) in [0, 1].
    """
    points = torch.rand(count, 3, 2, generator=generator, device=device) * EDGE
    # Half of the strokes are short: the control points are drawn towards their mean.
    short = torch.rand(count, 1, 1, generator=generator, device=device) < 0.5
    middle = points.mean(dim=1, keepdim=True)
    points = torch.where(short, middle + 0.45 * (points - middle), points)
    radius = 2.0 + 3.0 * torch.rand(count, 1, 1, generator=generator, device=device)
    colour = torch.rand(count, 3, generator=generator, device=device)
    # People paint with vivid colours: stretch most of them to the corners of the cube.
    vivid = torch.rand(count, 1, generator=generator, device=device) < 0.7
    colour = torch.where(vivid, ((colour - 0.5) * 3.0 + 0.5).clamp(0.0, 1.0), colour)
    return stroke_coverage(points, radius), colour[:, :, None, None]


def stroke_coverage(points: torch.Tensor, radius: torch.Tensor) -> torch.Tensor:
    """Coverage of quadratic curves: points (n, 3, 2) as (x, y) px, radius (n, 1, 1) px."""
    t = torch.linspace(0.0, 1.0, _SAMPLES, device=points.device)[None, :, None]
    start, control, end = points[:, 0:1], points[:, 1:2], points[:, 2:3]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    axis = torch.arange(EDGE, device=points.device, dtype=torch.float32) + 0.5
    dx = curve[:, :, 0, None] - axis
    dy = curve[:, :, 1, None] - axis
    distance = (dy[:, :, :, None] ** 2 + dx[:, :, None, :] ** 2).amin(dim=1).sqrt()
    return (radius - distance + 0.5).clamp(0.0, 1.0)[:, None]


def paint(frames: torch.Tensor, coverage: torch.Tensor, colour: torch.Tensor) -> torch.Tensor:
    """Lay strokes over frames, both (n, 3, 64, 64) in [0, 1]."""
    return frames * (1 - coverage) + colour * coverage
