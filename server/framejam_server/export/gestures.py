"""What people did to a clip, gesture by gesture (L6), and in words. Pure."""

from __future__ import annotations

import colorsys
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from framejam_protocol.events import Edited, Event, Redone, Restored, Undone
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.records import Edit
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Comment,
    Drag,
    Erase,
    Image,
    Instruction,
    Lock,
    Paint,
    Region,
    Revise,
    Text,
    Trajectory,
    given_fields,
)
from framejam_protocol.limits import UNIT


@dataclass(frozen=True)
class Gesture:
    """One thing somebody did.

    ``last`` is its last event, ``settled`` the last before anybody did something else: by then its
    edits have mostly entered. ``version`` is the name of the session as it stood then, if it has
    one. The first of all is nobody's: the session as it began.
    """

    author: str
    last: int
    settled: int
    version: str | None = None


def gestures_of(events: Sequence[Event]) -> list[Gesture]:
    """All gestures of a log from seq 1 on that can be seen in the clip, by their last events.

    Comments cannot. Raises ``ValueError`` where the log has a gap.
    """
    state = State()
    lasts: dict[tuple[str, int], Event] = {}
    deeds: list[int] = []
    for event in events:
        state.apply(event)
        group = _group(state, event)
        if group is not None:
            deeds.append(event.seq)
            lasts.pop((event.author, group), None)  # it moves to the end
            lasts[event.author, group] = event
    began = deeds[0] - 1 if deeds else state.seq
    found = [Gesture("", min(began, 1), began)]
    for event in lasts.values():
        place = bisect_right(deeds, event.seq)
        settled = deeds[place] - 1 if place < len(deeds) else state.seq
        found.append(Gesture(event.author, event.seq, settled))
    for of, version in state.versions.items():
        place = bisect_right([one.last for one in found], of) - 1
        found[place] = replace(found[place], version=version.name)
    return found


def words_of(state: State, event: Event) -> str:
    """What the author of ``event`` did, in the past tense, to go behind their name.

    ``state`` is the fold of the log up to that event, which is the last of a gesture.
    """
    match event.body:
        case Edited():
            return _edited(state, state.edits[event.seq])
        case Undone(groups=groups):
            return f"undid {_things(state, groups, event.author)}"
        case Redone(groups=groups):
            return f"brought {_things(state, groups, event.author)} back"
        case Restored(to=to):
            version = state.versions.get(to)
            return f"restored {quoted(version.name)}" if version else f"went back to event {to}"
    return "as it began"


def color_of(state: State, event: Event) -> str | None:
    """The colour that a stroke of this event has, as #rrggbb; None for everything else."""
    instruction = state.edits[event.seq].instruction if isinstance(event.body, Edited) else None
    if isinstance(instruction, Paint):
        return instruction.color
    if isinstance(instruction, Revise) and isinstance(instruction.color, str):
        return instruction.color
    return None


def quoted(words: str) -> str:
    """Words of somebody's own."""
    return f"“{words}”"


def _group(state: State, event: Event) -> int | None:
    """The gesture that an event is of; None where it changes nothing that can be seen."""
    match event.body:
        case Edited():
            edit = state.edits[event.seq]
            adjusts = isinstance(edit.instruction, Adjust)
            return edit.group if adjusts or state.steers(edit) else None
        case Undone(groups=groups) | Redone(groups=groups):
            seen = any(group in state.restores or _seen(state, group) for group in groups)
            return event.seq if seen else None
        case Restored():
            return event.seq
    return None


def _seen(state: State, group: int) -> bool:
    edits = (state.edits[seq] for seq in state.members(group))
    return any(isinstance(edit.instruction, Adjust) or state.steers(edit) for edit in edits)


def _edited(state: State, edit: Edit) -> str:
    match edit.instruction:
        case Text(prompt=prompt):
            text = prompt_text(state, prompt).strip()
            if not text:
                return f"cleared the {_PROMPTS[prompt]}"
            return f"typed {quoted(text)}" if prompt == "content" else _ruled(prompt, text)
        case Image(blob=blob):
            return "put in a reference image" if blob else "took the reference image out"
        case Paint(blend="color", color=color):
            return f"recoloured with {color_name(color)}"
        case Paint(color=color):
            name = color_name(color)
            return f"painted {'an' if name[0] in 'aeiou' else 'a'} {name} stroke"
        case Region(text=text):
            return f"asked for {quoted(text)} in a region"
        case Drag(start=start, end=end):
            return f"dragged {_direction(end[0] - start[0], end[1] - start[1])}"
        case Camera() as camera:
            return f"moved the camera: {_view(camera)}"
        case Adjust() as change:
            return f"set {_settings(change)}"
        case Revise(target=target):
            whose, thing = state.edits[target], _thing(state.edits[target].instruction)
            return f"changed {_owner(state, whose.author, edit.author)} {thing}"
        case other:
            return _DID[type(other)]


def _ruled(prompt: str, text: str) -> str:
    return (
        f"asked for motion: {quoted(text)}" if prompt == "motion" else f"ruled out {quoted(text)}"
    )


def _things(state: State, groups: Sequence[int], author: str) -> str:
    """What groups are, as one thing: the last, as those before it had no visible effect (U3)."""
    group = groups[-1]
    restored = group in state.restores
    thing = "restore" if restored else _thing(state.edits[group].instruction)
    owner = state.author_of(group)
    return f"{_owner(state, owner or author, author)} {thing}"


def _owner(state: State, owner: str, author: str) -> str:
    if owner == author:
        return "their"
    person = state.participants.get(owner)
    return f"{person.name}’s" if person else "somebody’s"


def _thing(instruction: Instruction) -> str:
    return "typing" if isinstance(instruction, Text) else _THINGS[type(instruction)]


_PROMPTS: Final = {"content": "prompt", "motion": "motion prompt", "negative": "negative prompt"}

_THINGS: Final[dict[type, str]] = {
    Image: "reference image",
    Paint: "stroke",
    Erase: "eraser stroke",
    Region: "region",
    Drag: "drag",
    Trajectory: "path",
    Camera: "camera movement",
    Lock: "lock",
    Comment: "comment",
    Revise: "change",
    Adjust: "setting",
}

_DID: Final[dict[type, str]] = {
    Erase: "erased",
    Trajectory: "drew a path to follow",
    Lock: "held a part still",
}


def _direction(x: int, y: int) -> str:
    """Where an arrow points, of eight directions."""
    across = ("right" if x > 0 else "left") if abs(x) * 12 > abs(y) * 5 else ""
    along = ("down" if y > 0 else "up") if abs(y) * 12 > abs(x) * 5 else ""  # tan 22.5° is 5/12
    if along and across:
        return f"{along} and to the {across}"
    return along or f"to the {across or 'same place'}"


def _view(camera: Camera) -> str:
    words = []
    if camera.zoom != UNIT:
        words.append(f"zoom {camera.zoom / UNIT:.2g} times")
    if camera.pan:
        words.append(f"pan to the {'right' if camera.pan > 0 else 'left'}")
    if camera.tilt:
        words.append(f"tilt {'down' if camera.tilt > 0 else 'up'}")
    return ", ".join(words) or "back to where it was"


def _settings(change: Adjust) -> str:
    fields = given_fields(change)
    words = [f"{_SETTINGS.get(name, name)} {_value(name, it)}" for name, it in fields.items()]
    return ", ".join(words) or "nothing"


_SETTINGS: Final = {
    "scheduler": "the sampler",
    "loras": "LoRA",
    "seed": "the seed to",
    "fps": "the frame rate to",
}


def _value(name: str, value: object) -> str:
    match value:
        case int() if name == "guidance":
            return f"{value / 100:g}"
        case tuple():
            return ", ".join(f"{lora[0]} {lora[1] / 100:g}" for lora in value) or "none"
    return str(value)


def color_name(color: str) -> str:
    """What people would call a colour #rrggbb."""
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    spread = max(red, green, blue) - min(red, green, blue)
    if lightness < 0.1:
        return "black"
    if lightness > 0.93:
        return "white"
    if spread < 0.1 or saturation < 0.12:
        return "grey"
    if 10 / 360 <= hue < 50 / 360 and lightness < 0.36:
        return "brown"
    name = next(name for end, name in _HUES if hue * 360 < end)
    return "pink" if name == "red" and lightness > 0.7 else name


_HUES: Final = (
    (14, "red"),
    (43, "orange"),
    (67, "yellow"),
    (90, "lime"),
    (160, "green"),
    (188, "turquoise"),
    (208, "light blue"),
    (258, "blue"),
    (290, "violet"),
    (335, "magenta"),
    (348, "pink"),
    (361, "red"),
)
"""The end of each in degrees of hue."""
