"""The conversations of ``conversations.json``: what people say to a server, right and wrong."""

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
from framejam_protocol.limits import GROUP_SILENCE_MS, MAX_LOCKS, MAX_REGIONS
from framejam_protocol.messages import Redo, Undo

STROKE = Paint(((1000, 1000), (65536, -5)), "#e0218a", 9175)


def numbers(room: Room) -> None:
    """Repeats, gaps, conflicts and broken fields: each number is answered once (L4, L5)."""
    zoe = room.join("zoe", "owner")
    zoe.edit(STROKE)
    zoe.again()  # the same answer
    zoe.say(Undo(1))  # another payload: conflict
    zoe.say(Undo(3))  # a gap
    zoe.loose(type="edit", instruction={"kind": "hologram"})  # refused, and the number is used up
    zoe.loose(type="edit", instruction={"kind": "content", "text": 7})
    zoe.loose(type="undo", all=True)
    zoe.again()
    zoe.redo()
    zoe.undo()
    zoe.say(Redo(6))
    tab = room.client(zoe.participant, "second-tab")
    tab.redo()  # its own count, the same person's stack
    tab.edit(Image("cd" * 32))
    tab.edit(Image(BLOB))
    tab.edit(Paint(((0, 0),), "#ffffff", 5, frames=(9, 2)))
    tab.edit(Erase(((0, 0), (9, 9)), 5, frames=(2, 9)))
    room.restart()
    zoe.again()
    zoe.say(Undo(6))
    zoe.edit(STROKE, depth=65536)
    tab.undo()


def typing(room: Room) -> None:
    """Two Yjs clients and one without a CRDT write one prompt at the same time (M3)."""
    zoe, mo, ada = room.join("zoe", "owner"), room.join("mo"), room.join("ada")
    zoe.edit(Content("a cat"))
    zoe.catch_up()
    mo.catch_up()
    first = zoe.compose("content", 2, "", "red 🎈 ")
    second = mo.compose("content", 2, "", "big ")
    third = mo.compose("content", 8, "t", "r")
    mo.edit(Typed("content", second))
    zoe.edit(Typed("content", first))
    mo.edit(Typed("content", third))
    ada.edit(Spliced("content", 5, (Splice(5, "", " on a mat"), Splice(0, "a", "The"))))
    ada.edit(Content("two cats", base_seq=5))
    zoe.type("content", 0, "", "¡")
    mo.type("motion", 0, "", "up")
    zoe.edit(Motion("down", base_seq=4))
    zoe.edit(Motion("still"))
    zoe.edit(Motion("still"))


def bad_texts(room: Room) -> None:
    """What is refused of a text, and that the client can go on (M3)."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.type("content", 0, "", "a 🎈")
    missing = zoe.compose("content", 0, "", "not sent ")
    late = zoe.compose("content", 9, "", "builds on it ")
    zoe.edit(Typed("content", late))
    assert missing
    zoe.rebuild()
    zoe.type("content", 3, "", "!")
    mo.catch_up()
    foreign = mo.compose("content", 0, "", "mine ")
    zoe.edit(Typed("content", foreign))
    mo.edit(Typed("content", foreign))
    zoe.edit(Typed("content", b"garbage"))
    zoe.edit(Typed("content", foreign[:-2]))
    zoe.catch_up()
    zoe.edit(Typed("content", zoe.compose("content", 0, "", "x", root="title")))
    zoe.edit(Typed("content", _in_two(zoe.yjs)))
    zoe.rebuild()
    zoe.edit(Typed("content", b"\x00\x00"))  # a change of nothing is one, too
    zoe.edit(Spliced("content", 99, (Splice(0, "", "x"),)))
    zoe.edit(Content("x", base_seq=99))
    zoe.edit(Spliced("content", 4, (Splice(2, "🎉", "x"),)))
    zoe.edit(Spliced("content", 4, (Splice(4, "", "x"),)))
    zoe.edit(Content("x" * 500, base_seq=4))
    zoe.edit(Content("x" * 500))
    mo.edit(Spliced("content", 3, (Splice(0, "", "y"),)))
    mo.loose(type="edit", instruction={"kind": "content", "text": "x" * 501})
    mo.loose(
        type="edit",
        instruction={"kind": "text", "prompt": "content", "update": b"\x00\x00", "splices": []},
    )
    mo.undo()


def _in_two(client: int) -> bytes:
    """Yjs client ``client`` writes ``x`` between the halves of the balloon it wrote at 2 and 3."""
    number = _number(client)
    left = number + _number(2)
    string, has_left = 4, 0x80
    return b"\1\1" + number + _number(5) + bytes([string | has_left]) + left + b"\1x" + b"\0"


def _number(value: int) -> bytes:
    """As lib0 writes it: seven bits a byte, the lowest first."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def groups(room: Room) -> None:
    """Gestures of several edits, the five ends of a group, and undo of the whole (L6, U)."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    zoe.type("content", 0, "", "a", group="g1")
    zoe.type("content", 1, "", "b", group="g1")
    mo.edit(STROKE, group="g1")  # another client's names are its own
    zoe.type("content", 2, "", "c", group="g1")
    room.wait(GROUP_SILENCE_MS + 1)
    zoe.type("content", 3, "", "d", group="g1")  # after the silence: a new group
    zoe.end_group()
    zoe.type("content", 4, "", "e", group="g1")
    zoe.edit(STROKE)  # no name: closes it
    zoe.type("content", 5, "", "f", group="g1")
    zoe.type("content", 6, "", "g", group="g2")
    room.leave(zoe)
    zoe.type("content", 7, "", "h", group="g2")
    zoe.undo()
    zoe.type("content", 7, "", "i", group="g2")
    for _ in range(9):
        zoe.undo()
    zoe.redo()
    zoe.type("content", 0, "", "new ")
    zoe.redo()  # a new edit cleared the stack
    mo.undo()


def teammates(room: Room) -> None:
    """Undo around a teammate's words, shadows, and an owner who names somebody's group (U)."""
    zoe, mo, ada = room.join("zoe", "owner"), room.join("mo"), room.join("ada")
    mine = zoe.type("content", 0, "", "a cat")
    mo.type("content", 2, "", "red ")
    zoe.undo()
    zoe.redo()
    theirs = mo.edit(STROKE)
    assert mine
    assert theirs
    ada.undo()  # nothing of one's own
    ada.undo(group=mine)  # somebody else's
    ada.undo(group=2)  # no group
    ada.edit(Revise(theirs, color="#123456", width=700))
    mo.edit(Revise(theirs, color="#654321"))
    ada.edit(Drag((0, 0), (9, 9), 9000))
    zoe.undo(group=theirs)  # the owner
    zoe.undo(group=theirs)  # it is undone already
    ada.edit(Revise(theirs, color="#000000"))  # of what is not live
    mo.redo()  # it is the owner's to redo
    zoe.redo()
    mo.edit(Image(BLOB))
    ada.edit(Image(None))
    mo.undo()  # shadowed: it passes to the revision, which shows
    ada.edit(Adjust(seed=9))
    mo.edit(Adjust(seed=10))
    ada.undo()
    ada.edit(Adjust())
    ada.edit(Revise(theirs, text="words"))
    ada.edit(Revise(theirs))


def roles(room: Room) -> None:
    """A viewer comments and changes nothing else; people revise their own comments (A1)."""
    zoe, mo, guest = room.join("zoe", "owner"), room.join("mo"), room.join("guest", "viewer")
    guest.edit(STROKE)
    remark = guest.edit(Comment("the left one 👈", (0, 65536), 3))
    assert remark
    mo.edit(Revise(remark, text="not yours"))
    mo.edit(Revise(remark, resolved=True))
    guest.edit(Revise(remark, text="the right one 👉", resolved=False))
    zoe.edit(Revise(remark, text="(settled)"))
    note = mo.edit(Comment("mine", (5, 5), 0))
    assert note
    guest.edit(Revise(note, resolved=True))
    guest.undo()
    guest.undo()
    guest.undo()
    guest.redo()
    guest.undo(group=note)
    guest.loose(type="edit", instruction={"kind": "comment", "text": "", "at": [0, 0], "frame": 0})


def shapes(room: Room) -> None:
    """Paths, outlines, cameras and locks that can mean nothing are refused by their field (M1)."""
    zoe, mo = room.join("zoe", "owner"), room.join("mo")
    mo.edit(Trajectory(((-1, 0), (9, 9)), 9))
    mo.edit(Trajectory(((5, 5), (5, 5)), 9))
    mo.edit(Trajectory(((5, 5), (9, 9)), 9, frames=(3, 2)))
    way = mo.edit(Trajectory(((0, 65536), (-65536, 131072)), 9))
    assert way
    zoe.edit(Revise(way, path=((65537, 0), (0, 0))))
    zoe.edit(Revise(way, path=((9, 9), (9, 9), (9, 9))))
    zoe.edit(Revise(way, zoom=70000))
    zoe.edit(Revise(way, path=((9, 9), (99, 9))))
    zoe.edit(Camera(frames=(1, 0)))
    camera = zoe.edit(Camera())
    assert camera
    mo.edit(Revise(camera, radius=5))
    mo.edit(Revise(camera, frames=(5, 1)))
    mo.edit(Revise(camera, tilt=5))
    mo.edit(Region(((0, 0), (9, 0), (99, 0)), "a line"))
    mo.edit(Region(((0, 0), (9, 9), (99, 99)), "a slope"))
    mo.edit(Region(((65536, 0), (70000, 0), (70000, 9)), "beside it"))
    part = mo.edit(Region(((0, 0), (9, 0), (9, 9)), "gold"))
    assert part
    zoe.edit(Revise(part, text="x" * 501))
    zoe.edit(Revise(part, text="x" * 500))
    everything = ((0, 0), (65536, 0), (65536, 65536), (0, 65536))
    zoe.edit(Lock(everything))
    lock = zoe.edit(Lock(everything, frames=(0, 3)))
    assert lock
    mo.edit(Revise(lock, frames=None))
    mo.edit(Revise(lock, strength=5))
    mo.edit(Revise(lock, frames=(4, 7)))
    for _ in range(MAX_LOCKS):
        zoe.edit(Lock(((0, 0), (9, 0), (9, 9))))  # the last is one too many
    mo.undo()
    zoe.undo()
    mo.edit(Lock(((0, 0), (9, 0), (9, 9))))
    for _ in range(MAX_REGIONS):
        zoe.edit(Region(((0, 0), (9, 0), (9, 9)), "gold"))  # the last is one too many
    mo.edit(Adjust(loras=(("ink", 80), ("ink", 20))))
    mo.edit(Negative("x" * 500))
    mo.edit(Spliced("negative", 4, (Splice(0, "blur", ""),)))


def history(room: Room) -> None:
    """Versions and restores, right and wrong (R3), by role (A1)."""
    zoe, mo, ada = room.join("zoe", "owner"), room.join("mo"), room.join("ada", "viewer")
    zoe.mark(None)
    zoe.mark("  ")
    zoe.mark("empty")
    zoe.mark("later", of=99)
    zoe.restore(99)
    zoe.restore(5)  # it is so already
    mo.edit(STROKE, group="gesture")
    zoe.mark("one stroke")
    mo.edit(STROKE, group="gesture")  # another gesture: a mark ends it
    ada.mark("mine")
    ada.restore(5)
    zoe.restore(6)
    zoe.again()
    mo.undo()
    zoe.undo()
    zoe.redo()
    zoe.mark(None, of=6)
    zoe.mark("back", of=6)
    mo.edit(Comment("-", (0, 0), 0))
    zoe.undo(group=99)
    room.restart()
    mo.restore(6)
    mo.type("content", 0, "", "a cat")
    zoe.undo(group=room.session.state.seq - 1)


SCENES: dict[str, Callable[[Room], None]] = {
    "numbers": numbers,
    "typing": typing,
    "bad texts": bad_texts,
    "groups": groups,
    "teammates": teammates,
    "roles": roles,
    "shapes": shapes,
    "history": history,
}
