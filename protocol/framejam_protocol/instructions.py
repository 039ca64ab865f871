"""The instructions people give (M1): what an edit carries and what the pipeline compiles.

This version knows the content prompt, the motion prompt, the reference image, the paint stroke
and the drag of the paper (arXiv 2402.03040: y, y', x). Every number is an integer (L3).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, Final

import msgspec

from framejam_protocol.geometry import Point, Share
from framejam_protocol.limits import MAX_PROMPT_CHARS, MAX_SEED, MAX_STROKE_POINTS, UNIT

BlobId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
"""SHA-256 of an uploaded file, in lower-case hexadecimal."""

Color = Annotated[str, msgspec.Meta(pattern="^#[0-9a-f]{6}$")]
"""sRGB as ``#rrggbb``, lower case, so that equal colours hash equally."""

PromptText = Annotated[str, msgspec.Meta(max_length=MAX_PROMPT_CHARS)]


class Content(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="content"
):
    """The content prompt (y in the paper): what is visible. One field, last writer wins (M2)."""

    text: PromptText


class Motion(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="motion"
):
    """The motion prompt (y' in the paper): how it moves. One field, last writer wins (M2)."""

    text: PromptText


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="image"):
    """The reference image (x in the paper), by the id of an uploaded blob.

    ``blob = None`` takes the reference image away; the intermediate image is then made from the
    content prompt again. One field, last writer wins (M2).
    """

    blob: BlobId | None


class Paint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="paint"):
    """One stroke of opaque paint on the intermediate image; later strokes lie on top (M4).

    ``width`` is the brush's diameter in 1/65536 of the frame's width; ``strength`` is the weight
    of the stroke in the residual field (65536 = 1.0: the clean estimate meets the target).
    """

    points: Annotated[tuple[Point, ...], msgspec.Meta(min_length=1, max_length=MAX_STROKE_POINTS)]
    color: Color
    width: Annotated[int, msgspec.Meta(ge=1, le=UNIT)]
    strength: Share = UNIT


class Drag(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="drag"):
    """Move what lies within ``radius`` of ``start`` so that it ends displaced by ``end - start``.

    Both points are on the intermediate image, the picture the first frame shows: the object stands
    there in frame 0, moves along the arrow and rests at its end. The hole it leaves is filled.
    ``radius`` is in 1/65536 of the frame's width (a circle in pixels, whatever the frame's shape);
    ``strength`` as for paint. Overlapping drags are averaged as vectors (M4), so their order does
    not matter. Where anything is dragged, arrows move the clip and motion words do not.
    """

    start: Point
    end: Point
    radius: Annotated[int, msgspec.Meta(ge=1, le=UNIT)]
    strength: Share = UNIT


Instruction = Content | Motion | Image | Paint | Drag

DEFAULT_DEPTH: Final[dict[type, Fraction]] = {
    Image: Fraction(1),
    Content: Fraction(3, 4),
    Motion: Fraction(3, 4),
    Drag: Fraction(13, 20),
    Paint: Fraction(1, 2),
}
"""The share of the loop an edit of a kind may re-run (T3), 0 to 1.

As little as still obeys like a restart and shows no seam, measured on the embedded model
(``framejam bench core``, ``rework_ratio``)."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What defines a take besides the instructions (T8). Fixed when the session is created.

    ``width`` and ``height`` in pixels, ``fps`` in frames a second, ``guidance`` in hundredths
    (100 is 1.0: no classifier-free guidance).
    """

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    seed: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEED)]
    steps: Annotated[int, msgspec.Meta(ge=1, le=200)]
    frames: Annotated[int, msgspec.Meta(ge=1, le=64)]
    width: Annotated[int, msgspec.Meta(ge=8, le=2048)]
    height: Annotated[int, msgspec.Meta(ge=8, le=2048)]
    fps: Annotated[int, msgspec.Meta(ge=1, le=60)]
    guidance: Annotated[int, msgspec.Meta(ge=0, le=3000)]


def wanted_step(instruction: Instruction, depth: int | None, steps: int) -> int:
    """The step an edit would best enter at: floor((1 - depth) * steps), T3.

    ``depth`` is the author's own choice in 1/65536, or None for the default of the kind. The
    arithmetic is rational: no two machines disagree about a floor.
    """
    share = DEFAULT_DEPTH[type(instruction)] if depth is None else Fraction(depth, UNIT)
    return math.floor((1 - share) * steps)
