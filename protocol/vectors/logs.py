"""The logs of ``states.json``: one script each, short enough to be followed by hand."""

from __future__ import annotations

from collections.abc import Callable

from room import BLOB, Room

from framejam_protocol.instructions import (
    Adjust,
    Camera,
    Comment,
    Content,
    Drag,
    Erase,
    Image,
    Lock,
    Motion,
    Negative,
    Paint,
    Region,
    Revise,
    Splice,
    Spliced,
    Trajectory,
    Typed,
)

STROKE = Paint(((1000, 1000), (65536, -5)), "#e0218a", 9175)
DRAG = Drag((32768, 32768), (52429, 131072), 9830)
WAY = Trajectory(((32768, 32768), (40000, 20000), (65536, 131072)), 9830)
PART = Region(((0, 0), (65536, 0), (32768, 131072)), "a golden 🎈")
HELD = Lock(((0, 0), (30000, 0), (30000, 65536)))


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


def motions(room: Room) -> None:
    """Trajectories and cameras add up, each in a list of its own, and are revised by field."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    way = zoe.edit(WAY)
    mo.edit(Trajectory(((0, 0), (-65536, 131072)), 1, strength=0, frames=(3, 3)), depth=0)
    camera = mo.edit(Camera(pan=13107, tilt=-6554), depth=65536)
    zoe.edit(Camera(zoom=131072, frames=(8, 15)))
    assert way
    assert camera
    room.enter(1, 4, (4, 5, 6, 7))
    mo.edit(Revise(way, path=((32768, 32768), (0, 0))))
    zoe.edit(Revise(way, radius=3, frames=(0, 7), strength=32768))
    mo.edit(Revise(camera, pan=0, zoom=65537))
    zoe.edit(Revise(camera, pan=-1, tilt=1))
    mo.undo()  # the zoom; zoe owns the pan
    mo.undo()  # back on the way it was given
    mo.redo()
    zoe.undo(group=camera)
    zoe.undo(group=way)
    zoe.redo()


def regions(room: Room) -> None:
    """Regions keep the order they came in, also when one is revised; paint may recolour."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    part = zoe.edit(PART)
    mo.edit(Region(((0, 0), (9, 0), (9, 9)), "x", strength=1, frames=(0, 0)), depth=32768)
    hue = mo.edit(Paint(((0, 0), (65536, 65536)), "#00a86b", 9175, blend="color"))
    assert part
    assert hue
    mo.edit(Revise(part, text='"silver"\nand blue'))
    zoe.edit(Revise(part, text="wood", strength=9))
    zoe.edit(Revise(hue, color="#000000", frames=(1, 2)))
    zoe.undo(group=part)
    mo.undo()  # the revision of what is gone is passed over: the stroke goes
    mo.redo()
    zoe.redo()
    mo.undo(group=part)  # somebody else's
    zoe.undo()
    zoe.undo()


def locks(room: Room) -> None:
    """What a lock holds is outside of the state that is hashed: only that it is there is in it."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    stroke = zoe.edit(STROKE)
    assert stroke
    room.enter(1, 6, (stroke,))
    lock = mo.edit(HELD)  # of the take with the stroke in it
    assert lock
    room.enter(1, 0, (lock,))
    zoe.undo()
    way = zoe.edit(WAY)
    assert way
    room.enter(1, 4, (way,))
    # Of a take with a lock in it.
    second = zoe.edit(Lock(((0, 0), (9, 0), (9, 9)), frames=(2, 5)), depth=65536)
    assert second
    mo.edit(Adjust(seed=8))  # take 2, of which both locks are, too
    room.enter(2, 0, (lock, way, second))
    mo.edit(Revise(lock, frames=(0, 3)))
    zoe.edit(Revise(lock, frames=(1, 3)))
    mo.undo(group=lock)
    mo.redo()
    zoe.undo()
    mo.undo()
    mo.undo()


def negatives(room: Room) -> None:
    """The negative prompt is written together as the others are, each a text of its own."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.edit(Negative("blur"))
    zoe.type("content", 0, "", "blur 🎈")
    mo.catch_up()
    zoe.catch_up()
    left = mo.compose("negative", 0, "", "heavy ")
    right = zoe.compose("negative", 4, "", ", text")
    mo.edit(Typed("negative", left))
    zoe.edit(Typed("negative", right))
    mo.edit(Negative("heavy blur, words", base_seq=7))
    zoe.edit(Spliced("negative", 7, (Splice(0, "heavy", "any"),)))
    zoe.undo(group=4)  # what is left is what others wrote
    zoe.undo()
    mo.undo()
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


def entered_settings(room: Room) -> None:
    """A scheduler defines a take; guidance, LoRAs, harmony, mix and alignment enter one."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.edit(Adjust(loras=(("ink", 80), ("🖋", -20)), harmonize=40), depth=49152)
    mo.edit(Adjust(mix=30, align=100))
    room.enter(1, 3, (4, 5))
    mo.edit(Adjust(scheduler="euler"))  # take 2
    room.enter(2, 0, (4, 5))
    zoe.edit(Adjust(loras=(), mix=0))
    mo.edit(Adjust(scheduler="", guidance=200))  # take 1 again
    zoe.undo()
    mo.undo()
    mo.undo()
    zoe.undo()
    zoe.redo()


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
    for one in (WAY, Camera(tilt=9), PART, HELD):
        zoe.edit(one, group="all")
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


def versions(room: Room) -> None:
    """A version is named, restored, the restore undone and redone; texts, settings and entries go
    with it; and a branch goes on with one owner (R3, R4)."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.type("content", 0, "", "a cat", group="words")
    dot = mo.edit(STROKE)
    assert dot
    zoe.mark("first 🎈 cut")
    zoe.type("content", 5, "", " runs", group="words")  # not in that group any more
    room.enter(1, 5, (4, dot))
    named = room.session.state.seq
    room.enter(1, 2, (4, dot))
    mo.edit(Adjust(seed=9))
    mo.undo()
    mo.undo()
    zoe.edit(DRAG)
    zoe.mark("second", of=named)
    mo.restore(named)
    mo.edit(Image(BLOB))
    zoe.undo(group=18)
    zoe.undo()
    mo.redo()
    zoe.redo()
    zoe.redo()
    zoe.mark(None, of=named)
    room.assign(zoe.participant, mo.participant, "owner")
    room.assign(mo.participant, zoe.participant, "none")
    zoe.restore(named)
    mo.restore(6)
    mo.undo()
    room.branch(mo.participant)
    mo.edit(PART)


LOGS: dict[str, Callable[[Room], None]] = {
    "example": example,
    "strokes": strokes,
    "revisions": revisions,
    "motions": motions,
    "regions": regions,
    "locks": locks,
    "negatives": negatives,
    "settings": settings,
    "entered settings": entered_settings,
    "typing": typing,
    "undone texts": undone_texts,
    "whole texts": whole_texts,
    "shadows": shadows,
    "gestures": gestures,
    "owner": owner,
    "versions": versions,
}
