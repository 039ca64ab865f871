"""The instructions people give (M1): what an edit carries and what the pipeline compiles.

A client gives a ``Given``; the log keeps an ``Instruction``. They differ in the prompts only,
which several people write at once: whatever way a client has of saying what it typed, the log
keeps as one ``Text`` (M3). Every number is an integer (L3). The paper (arXiv 2402.03040) calls
the content prompt y, the motion prompt y' and the reference image x.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from framejam_protocol.geometry import Point, Share
from framejam_protocol.limits import (
    MAX_COMMENT_CHARS,
    MAX_OUTLINE_POINTS,
    MAX_PATH_POINTS,
    MAX_PROMPT_CHARS,
    MAX_SPLICES,
    MAX_STROKE_POINTS,
    MAX_UPDATE_BYTES,
    UNIT,
)
from framejam_protocol.settings import ENTERED_SETTINGS as ENTERED_SETTINGS
from framejam_protocol.settings import Adjust as Adjust
from framejam_protocol.settings import Settings as Settings

# ``$`` alone would let a line break pass behind the last character, in Python and not elsewhere.
BlobId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
"""SHA-256 of an uploaded file, in lower-case hexadecimal."""

Color = Annotated[str, msgspec.Meta(pattern=r"^#[0-9a-f]{6}$(?!\n)")]
"""sRGB as ``#rrggbb``, lower case, so that equal colours hash equally."""

PromptText = Annotated[str, msgspec.Meta(max_length=MAX_PROMPT_CHARS)]
CommentText = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_COMMENT_CHARS)]

Prompt = Literal["content", "motion", "negative"]
"""The texts people write together: what is visible (y), how it moves (y'), and what should not be
there: the text of classifier-free guidance's unconditional side."""

PROMPTS: Final[tuple[Prompt, ...]] = ("content", "motion", "negative")

Frame = Annotated[int, msgspec.Meta(ge=0, le=4096)]
"""The number of a frame, the first is 0."""

FrameRange = tuple[Frame, Frame]
"""The first and the last frame of a range, both in it."""

Width = Annotated[int, msgspec.Meta(ge=1, le=UNIT)]
"""A length in 1/65536 of the frame's width."""

Points = Annotated[tuple[Point, ...], msgspec.Meta(min_length=1, max_length=MAX_STROKE_POINTS)]

Outline = Annotated[tuple[Point, ...], msgspec.Meta(min_length=3, max_length=MAX_OUTLINE_POINTS)]
"""The corners of a closed polygon. What its line goes around an odd number of times is inside."""

Path = Annotated[tuple[Point, ...], msgspec.Meta(min_length=2, max_length=MAX_PATH_POINTS)]

Turn = Annotated[int, msgspec.Meta(ge=-UNIT, le=UNIT)]
"""A way of the camera, in signed 1/65536 of the frame's width or height."""

Zoom = Annotated[int, msgspec.Meta(ge=UNIT // 4, le=4 * UNIT)]
"""A magnification in 1/65536: 65536 is none, 131072 shows half the width and height."""

Blend = Literal["normal", "color"]

_At = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
_Seq = Annotated[int, msgspec.Meta(ge=1)]


class Splice(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """``removed`` stood at ``at`` and gives way to ``inserted``.

    ``at`` counts Unicode code points from the start of the text that the splices before it in the
    same edit have left.
    """

    at: _At
    removed: str
    inserted: str


class Text(
    msgspec.Struct,
    frozen=True,
    gc=False,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="text",
):
    """What one edit, undo or redo did to a prompt, for both kinds of reader (M3).

    ``update`` is a Yjs update (v1) of the prompt's document, whose text is named ``text``.
    ``splices`` is the same as seen in the text after all events before: who applies them in order
    needs no CRDT. ``whole`` tells that the whole text was given anew: letters that are hidden
    already count as deleted by it, too, and do not come back beside it (U6).
    """

    prompt: Prompt
    update: bytes
    splices: tuple[Splice, ...]
    whole: bool = False


class Content(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="content"
):
    """The whole content prompt (y): what is visible.

    Replaces the text as it stood after event ``base_seq``, and keeps what others typed since
    (M3); without it replaces whatever is there.
    """

    text: PromptText
    base_seq: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Motion(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="motion"
):
    """The whole motion prompt (y'): how it moves. As ``Content``."""

    text: PromptText
    base_seq: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Negative(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="negative"
):
    """The whole negative prompt: what should not be there. As ``Content``.

    It has an effect where guidance is above 1.0, for there it stands for the empty text.
    """

    text: PromptText
    base_seq: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Spliced(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="spliced"
):
    """Changes of a prompt as it stood after event ``base_seq``, by a client without a CRDT (M3)."""

    prompt: Prompt
    base_seq: Annotated[int, msgspec.Meta(ge=0)]
    splices: Annotated[tuple[Splice, ...], msgspec.Meta(min_length=1, max_length=MAX_SPLICES)]


class Typed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="typed"):
    """Changes of a prompt as a Yjs update (v1), under the client id the welcome gave (M3)."""

    prompt: Prompt
    update: Annotated[bytes, msgspec.Meta(max_length=MAX_UPDATE_BYTES)]


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
    Outside ``frames`` (None: all) the stroke is not there.

    ``blend`` "color" recolours: what is under the stroke keeps its lightness and takes on hue and
    saturation of ``color`` (the W3C blend mode of that name); "normal" covers it.
    """

    points: Points
    color: Color
    width: Width
    strength: Share = UNIT
    frames: FrameRange | None = None
    blend: Blend = "normal"


class Erase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="erase"):
    """A stroke that takes away the paint under it, down to the picture; nothing else (M4).

    Paint of later edits lies on top of it. ``frames`` as for paint.
    """

    points: Points
    width: Width
    frames: FrameRange | None = None


class Drag(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="drag"):
    """Move what lies within ``radius`` of ``start`` so that it ends displaced by ``end - start``.

    Both points are on the intermediate image, the picture the first frame shows: the object stands
    there in frame 0, moves along the arrow and rests at its end. The hole it leaves is filled.
    ``radius`` is in 1/65536 of the frame's width (a circle in pixels, whatever the frame's shape);
    ``strength`` as for paint. Overlapping drags are averaged as vectors (M4), so their order does
    not matter. Where anything is dragged, arrows move the clip and motion words do not.

    With ``frames`` the way is made from the first to the last of these, and nothing is held
    outside them.
    """

    start: Point
    end: Point
    radius: Width
    strength: Share = UNIT
    frames: FrameRange | None = None


class Trajectory(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="trajectory"
):
    """Move what lies within ``radius`` of ``path[0]`` along ``path``, frame by frame.

    The points are on the intermediate image. The object starts at the first of them in the first
    frame of ``frames`` (None: of the clip) and reaches the last in the last frame, at an even speed
    along the line. All else is as for ``Drag``: overlapping ones are averaged as vectors (M4).
    """

    path: Path
    radius: Width
    strength: Share = UNIT
    frames: FrameRange | None = None


class Camera(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="camera"
):
    """Move the camera from the first to the last frame of ``frames`` (None: of the clip).

    ``pan`` and ``tilt`` are how far it turns, to the right and down, in 1/65536 of the frame's
    width and height: what is in the picture moves the other way. ``zoom`` magnifies around the
    middle. All are reached at the last frame. Everything moves, dragged objects too; several
    cameras are averaged, each with its ``strength`` (M4).
    """

    pan: Turn = 0
    tilt: Turn = 0
    zoom: Zoom = UNIT
    strength: Share = UNIT
    frames: FrameRange | None = None


class Region(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="region"
):
    """What lies inside ``outline`` becomes what ``text`` says; nothing else changes.

    P_img makes it, image to image, on top of the paint, and later regions on top of earlier ones
    (M4). ``strength`` and ``frames`` as for paint.
    """

    outline: Outline
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_PROMPT_CHARS)]
    strength: Share = UNIT
    frames: FrameRange | None = None


class Lock(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="lock"):
    """Hold still what is inside ``outline``: it stays as the take shows it now (T11).

    "Now" is the mapping in force at the lock's own seq, whatever is edited, undone or redone later;
    under another seed, too. Outside ``frames`` (None: all) nothing is held.
    """

    outline: Outline
    frames: FrameRange | None = None


class Comment(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="comment"
):
    """Words pinned to a point of a frame. They are part of the state and never of the take."""

    text: CommentText
    at: Point
    frame: Frame
    resolved: bool = False


class Revise(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="revise"
):
    """New values for fields of the instruction of edit ``target``; the others stay (M2).

    Each field is its own: last writer wins by seq. Without its target a revision does nothing.
    Fields the target's kind does not have are refused.
    """

    target: _Seq
    color: Color | UnsetType = UNSET
    width: Width | UnsetType = UNSET
    strength: Share | UnsetType = UNSET
    frames: FrameRange | UnsetType | None = UNSET
    start: Point | UnsetType = UNSET
    end: Point | UnsetType = UNSET
    radius: Width | UnsetType = UNSET
    path: Path | UnsetType = UNSET
    pan: Turn | UnsetType = UNSET
    tilt: Turn | UnsetType = UNSET
    zoom: Zoom | UnsetType = UNSET
    text: CommentText | UnsetType = UNSET
    resolved: bool | UnsetType = UNSET


Instruction = (
    Text
    | Image
    | Paint
    | Erase
    | Drag
    | Trajectory
    | Camera
    | Region
    | Lock
    | Revise
    | Adjust
    | Comment
)
"""What the log keeps of an edit."""

Given = (
    Content
    | Motion
    | Negative
    | Spliced
    | Typed
    | Image
    | Paint
    | Erase
    | Drag
    | Trajectory
    | Camera
    | Region
    | Lock
    | Revise
    | Adjust
    | Comment
)
"""What a client gives."""

TakeInstruction = (
    Content
    | Motion
    | Negative
    | Image
    | Paint
    | Erase
    | Drag
    | Trajectory
    | Camera
    | Region
    | Lock
    | Adjust
)
"""What a take is steered by: prompts as they read at a step, revisions folded in (T9)."""

Fields = dict[str, object]


def given_fields(change: Revise | Adjust) -> Fields:
    """The fields a revision or an adjustment sets, by name."""
    values = msgspec.structs.asdict(change)
    values.pop("target", None)
    return {name: value for name, value in values.items() if value is not UNSET}


_KIND_DEPTH: Final[dict[type, Fraction]] = {
    Image: Fraction(1),
    Text: Fraction(3, 4),
    Adjust: Fraction(3, 4),
    Lock: Fraction(1),
    Region: Fraction(3, 4),
    Drag: Fraction(13, 20),
    Trajectory: Fraction(13, 20),
    Camera: Fraction(13, 20),
    Paint: Fraction(1, 2),
    Erase: Fraction(1, 2),
}

DEFAULT_DEPTH: Final[dict[type, Fraction]] = {
    **_KIND_DEPTH,
    Content: _KIND_DEPTH[Text],
    Motion: _KIND_DEPTH[Text],
    Negative: _KIND_DEPTH[Text],
    Spliced: _KIND_DEPTH[Text],
    Typed: _KIND_DEPTH[Text],
}
"""The share of the loop an edit of a kind may re-run (T3), 0 to 1; a revision's is its target's.

As little as still obeys like a restart and shows no seam, measured on the embedded model
(``framejam bench core``, ``rework_ratio``)."""


def wanted_step(instruction: Instruction | Given, depth: int | None, steps: int) -> int:
    """The step an edit would best enter at: floor((1 - depth) * steps), T3.

    ``depth`` is the author's own choice in 1/65536, or None for the default of the kind. A
    revision's is that of its target: ``fold.pairs.wanted`` knows it. The arithmetic is rational:
    no two machines disagree about a floor.
    """
    share = DEFAULT_DEPTH[type(instruction)] if depth is None else Fraction(depth, UNIT)
    return math.floor((1 - share) * steps)
