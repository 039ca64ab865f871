"""The logs of ``states.json``: one script each, short enough to be followed by hand."""

from __future__ import annotations

from collections.abc import Callable

from room import BLOB, Room

from framejam_protocol.instructions import (
    Adjust,
    Comment,
    Content,
    Drag,
    Erase,
    Image,
    Motion,
    Paint,
    Revise,
    Splice,
    Spliced,
    Typed,
)

STROKE = Paint(((1000, 1000), (65536, -5)), "#e0218a", 9175)
DRAG = Drag((32768, 32768), (52429, 131072), 9830)


def example(room: Room) -> None:
    """The example of SPEC.md, L3: a line break, quotes and an emoji; a revised stroke."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.edit(Content("a 🎈"))
    dot = zoe.edit(Paint(((32768, 32768),), "#e0218a", 9175), depth=65536)
    assert dot
    mo.edit(Revise(dot, width=6554, frames=(0, 7)))
    mo.edit(Comment('a "dot"\nis enough', (32768, -5), 0))


def strokes(room: Room) -> None:
    """Strokes, an eraser and drags add up in seq order; the newest image is in force."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.edit(STROKE)
    mo.edit(Paint(((0, 0),), "#000000", 1, strength=0, frames=(0, 15)), depth=32768)
    zoe.edit(Erase(((5, 5), (6, 6)), 65536))
    mo.edit(DRAG)
    zoe.edit(Drag((-65536, 0), (0, 0), 1, strength=7, frames=(3, 3)), depth=0)
    mo.edit(Image(BLOB))
    zoe.edit(Image(None))
    room.enter(1, 0, (4, 5, 6, 7, 8, 9, 10))
    zoe.undo()  # mo's image is in force again
    zoe.undo()
    zoe.redo()
    mo.undo()


def revisions(room: Room) -> None:
    """Each field of a stroke, drag or comment is its last live writer's, in a group too."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    stroke = zoe.edit(STROKE)
    drag = zoe.edit(DRAG)
    remark = mo.edit(Comment("Is this 🎈 too big?", (32768, 20000), 15))
    assert stroke
    assert drag
    assert remark
    mo.edit(Revise(stroke, color="#00ff00", width=3))
    zoe.edit(Revise(stroke, color="#0000ff", frames=(2, 9)))
    zoe.edit(Revise(drag, end=(0, 0), strength=0), group="both")
    zoe.edit(Revise(stroke, strength=1), group="both")
    zoe.edit(Revise(remark, resolved=True))
    mo.edit(Revise(remark, text="It was too big."))
    mo.undo()
    mo.undo()  # zoe owns the colour: only the width goes back
    zoe.undo()
    zoe.undo()  # both revisions of the group
    zoe.redo()
    zoe.edit(Revise(stroke, frames=None))
    zoe.undo(group=stroke)  # its revisions have nothing to change
    zoe.redo()


def settings(room: Room) -> None:
    """Each setting is its last live writer's; a take is known again by what defines it."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.edit(Adjust(seed=8))  # take 2
    mo.edit(Adjust(guidance=750, fps=12))  # defines no take
    mo.edit(Adjust(seed=7))  # take 1 again
    zoe.edit(Adjust(steps=20, seed=8, model="other"))  # take 3
    mo.edit(Adjust(width=128, height=96, frames=8))  # take 4
    zoe.undo()
    mo.undo()  # take 1: zoe's changes are undone as well
    zoe.redo()
    zoe.undo()
    zoe.undo()  # shadowed by mo's seed


def typing(room: Room) -> None:
    """People type at the same time, at the same place, over what others delete."""
    zoe, mo, ada = room.join("zoe", "owner"), room.join("mo"), room.join("ada")
    zoe.type("content", 0, "", "a red cat")
    for one in (zoe, mo, ada):
        one.catch_up()
    left = zoe.compose("content", 2, "red ", "")
    middle = mo.compose("content", 5, "", "dish")
    right = ada.compose("content", 9, "", " 🎈 é")
    mo.edit(Typed("content", middle))
    zoe.edit(Typed("content", left))
    ada.edit(Typed("content", right))
    for one in (zoe, mo, ada):
        one.catch_up()
    first, second = zoe.compose("motion", 0, "", "up "), mo.compose("motion", 0, "", "left ")
    ada.edit(Motion("slowly"))
    mo.edit(Typed("motion", second))
    zoe.edit(Typed("motion", first))
    ada.edit(Spliced("content", 5, (Splice(2, "red", "blue"), Splice(10, "", "s"))))
    zoe.edit(Content("a blue cat in a hat 🎈", base_seq=8))
    mo.edit(Content("everything new"))


def undone_texts(room: Room) -> None:
    """Undo takes out one's own letters around a teammate's, and brings back one's deletions."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.type("content", 0, "", "a cat")
    mo.type("content", 2, "", "red ")  # a red cat
    zoe.type("content", 9, "", " sleeps", group="burst")
    zoe.type("content", 16, "", " deeply", group="burst")
    mo.type("content", 9, "", " 🐈")  # a red cat 🐈 sleeps deeply
    zoe.undo()  # the burst, as one
    mo.type("content", 0, "a ", "")
    zoe.undo()
    zoe.redo()
    zoe.redo()
    mo.undo()
    mo.undo()
    mo.redo()
    zoe.edit(Content("nothing of it"))
    zoe.undo()


def whole_texts(room: Room) -> None:
    """A whole text counts for all letters before it, those that are undone at the time, too."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.type("content", 0, "", "a cat")
    zoe.undo()
    mo.edit(Content("a dog"))
    zoe.redo()  # nothing comes back beside the dog
    zoe.type("content", 5, "", " barks")
    mo.undo()  # now it does
    mo.redo()


def shadows(room: Room) -> None:
    """What a later edit covers is passed over; where all is covered, ``shadowed_by`` says so."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.edit(Image(BLOB))
    zoe.edit(Content("a cat"))
    mo.edit(Image(None))
    mo.edit(Content("a dog"))
    zoe.undo()  # neither shows: only the newest is undone, shadowed
    zoe.redo()
    stroke = zoe.edit(STROKE)
    assert stroke
    zoe.edit(Revise(stroke, color="#ffffff"))
    mo.edit(Revise(stroke, color="#111111"))
    zoe.undo()  # passes the covered revision, takes the stroke
    zoe.redo()
    mo.undo()
    mo.undo()
    mo.undo()
    zoe.undo()
    mo.type("motion", 0, "", "up", group="slip")
    mo.type("motion", 0, "up", "", group="slip")
    mo.undo()  # typed and taken back within one gesture: nothing to see, and nobody covers it


def gestures(room: Room) -> None:
    """Edits of all kinds in one group, each listed by its own seq: they come and go at once."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.edit(STROKE, group="all")
    zoe.edit(Erase(((0, 0),), 7), group="all")
    mo.edit(STROKE, group="all")
    zoe.edit(DRAG, group="all")
    zoe.edit(Image(BLOB), group="all")
    zoe.type("motion", 0, "", "up", group="all")
    zoe.edit(Adjust(guidance=200), group="all")
    zoe.edit(Comment("there", (0, 0), 1), group="all")
    zoe.edit(Motion("up and down", base_seq=10), group="all")
    zoe.undo()
    zoe.redo()


def owner(room: Room) -> None:
    """An owner undoes a group of somebody else by its name; redo of it stays with the owner."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    first = mo.type("content", 0, "", "a cat", group="words")
    mo.type("content", 5, "", " and a dog", group="words")
    mo.edit(STROKE)
    zoe.type("content", 2, "", "red ")
    assert first
    zoe.undo(group=first)
    mo.redo()
    zoe.redo()
    mo.undo()
    zoe.undo(group=first)
    mo.undo()


LOGS: dict[str, Callable[[Room], None]] = {
    "example": example,
    "strokes": strokes,
    "revisions": revisions,
    "settings": settings,
    "typing": typing,
    "undone texts": undone_texts,
    "whole texts": whole_texts,
    "shadows": shadows,
    "gestures": gestures,
    "owner": owner,
}
