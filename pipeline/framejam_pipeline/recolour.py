"""Recolouring: hue and saturation of one colour, with the lightness of what is under it.

The blend mode "color" of W3C Compositing and Blending, level 1, section 10.3: what the canvas of a
browser does while somebody paints is what comes out. Only +, -, *, / and comparisons: every machine
agrees exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Colours = npt.NDArray[np.float64]
"""sRGB, (..., 3), 0 to 255."""

_MOST = 255.0


def recoloured(under: Colours, colour: Colours) -> Colours:
    """Return ``colour`` (3,) with the luminosity of each pixel of ``under`` (H, W, 3).

    ``SetLum(colour, Lum(under))`` of the specification: where that leaves the range of colours, it
    is drawn towards the grey of the same luminosity.
    """
    light = _luminosity(under)[..., None]
    moved = colour + (light - _luminosity(colour))
    low, high = moved.min(axis=-1, keepdims=True), moved.max(axis=-1, keepdims=True)
    below, above = low < 0.0, high > _MOST
    moved = np.where(below, light + (moved - light) * _share(light, light - low, below), moved)
    return np.where(
        above, light + (moved - light) * _share(_MOST - light, high - light, above), moved
    )


def _luminosity(colours: Colours) -> npt.NDArray[np.float64]:
    """``Lum`` of the specification: (...)."""
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    return np.asarray(0.3 * red + 0.59 * green + 0.11 * blue)


def _share(room: Colours, needed: Colours, where: npt.NDArray[np.bool_]) -> Colours:
    """How much of the way from the grey there is room for; 1 where it is not asked."""
    return np.divide(room, needed, out=np.ones_like(room), where=where)
