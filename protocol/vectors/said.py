"""The messages of ``client.json``: every type, every kind of instruction, every limit twice."""

from __future__ import annotations

from room import BLOB

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
from framejam_protocol.messages import (
    Caret,
    ClientMessage,
    Control,
    Edit,
    EndGroup,
    EndLook,
    Hello,
    LiveDrag,
    LiveLine,
    LiveStroke,
    Look,
    Mark,
    Need,
    Ping,
    PresenceUpdate,
    Redo,
    Restore,
    Resume,
    Undo,
    Watch,
)

STROKE = Paint(points=((0, 65536), (-65536, 131072), (32768, 1)), color="#e0218a", width=9175)
DRAG = Drag(start=(32768, 32768), end=(52429, 131072), radius=9830)
DRAG_LIMITS = Drag(start=(-65536, 0), end=(-65536, 0), radius=1, strength=0)
STROKE_LIMITS = Paint(points=((0, 0),), color="#000000", width=1, strength=0, frames=(0, 0))
ERASER = Erase(points=((5, 5), (65536, 65536)), width=65536, frames=(3, 4096))
RECOLOUR = Paint(((32768, 32768), (40000, 32768)), "#00a86b", 6554, blend="color")
WAY = Trajectory(path=((32768, 32768), (40000, 20000), (65536, 131072)), radius=9830)
MOVE = Camera(pan=13107, tilt=-6554, zoom=131072)
PART = Region(((0, 0), (65536, 0), (32768, 131072)), "a golden 🎈")
HELD = Lock(((-65536, 0), (30000, 0), (30000, 65536), (0, 65536)))
REMARK = Comment(text="Is the 🎈 too big?", at=(32768, 131072), frame=4096)

TYPED = bytes.fromhex("010116000401" + "0474657874" + "06" + "6120" + "f09f8e88" + "00")
"""The Yjs client 22 types ``a 🎈`` into an empty text named ``text``."""

CLIENT: dict[str, ClientMessage] = {
    "hello with an invite": Hello(
        versions=(1,),
        session="s1",
        token="invite-token",
        client_id="client-0001",
        name="Zoë 🎨",
        color="#2e86de",
        capabilities=("sheet",),
    ),
    "hello that resumes": Hello(
        versions=(1, 2),
        session="s1",
        token="participant-token",
        client_id="client-0001",
        resume=Resume(epoch="e1", last_seq=41),
    ),
    "hello with nothing optional": Hello(
        versions=(1,), session="s1", token="t", client_id="abcdefgh"
    ),
    "edit content": Edit(1, Content("a red balloon ")),
    "edit content, empty": Edit(2, Content("")),
    "edit content as it was": Edit(2, Content("a blue 🎈", base_seq=0), group="burst_1"),
    "edit content, longest": Edit(2, Content("🎈" * 500)),
    "edit motion": Edit(3, Motion("moving up"), depth=65536),
    "edit motion as it was": Edit(3, Motion("moving down", base_seq=41)),
    "edit negative": Edit(3, Negative("blur, 🎈")),
    "edit negative as it was": Edit(3, Negative("", base_seq=41), depth=0),
    "edit spliced": Edit(
        4, Spliced("content", 41, (Splice(2, "🎈", "balloon"), Splice(9, "", " 🎈🎈")))
    ),
    "edit spliced motion": Edit(4, Spliced("motion", 0, (Splice(0, "", ""),)), group="-"),
    "edit typed": Edit(5, Typed("content", TYPED), group="0123456789abcdefABCDEF_-"),
    "edit typed, nothing": Edit(5, Typed("motion", b"\x00\x00")),
    "edit typed negative": Edit(5, Typed("negative", TYPED)),
    "edit image": Edit(4, Image(BLOB), depth=0),
    "edit image, none": Edit(5, Image(None)),
    "edit paint": Edit(6, STROKE),
    "edit paint, smallest": Edit(2**53 - 1, STROKE_LIMITS, depth=32768),
    "edit paint that recolours": Edit(6, RECOLOUR),
    "edit erase": Edit(6, ERASER),
    "edit drag": Edit(7, DRAG),
    "edit drag, smallest": Edit(8, DRAG_LIMITS, depth=65536),
    "edit drag of some frames": Edit(9, Drag((0, 0), (1, 1), 65536, 1, (2, 9))),
    "edit trajectory": Edit(9, WAY),
    "edit trajectory of some frames": Edit(
        9, Trajectory(((-65536, 0), (0, 0)), 1, strength=0, frames=(4, 4)), depth=65536
    ),
    "edit camera": Edit(9, MOVE),
    "edit camera that stands": Edit(9, Camera()),
    "edit camera, least": Edit(9, Camera(-65536, -65536, 16384, 0, (0, 0))),
    "edit camera, most": Edit(9, Camera(65536, 65536, 262144, 65536, (0, 4096)), depth=1),
    "edit region": Edit(9, PART),
    "edit region of some frames": Edit(
        9, Region(((0, 0), (9, 0), (9, 9)), "x", strength=1, frames=(2, 9)), depth=65536
    ),
    "edit lock": Edit(9, HELD),
    "edit lock of some frames": Edit(9, Lock(((0, 0), (9, 0), (9, 9)), frames=(0, 15))),
    "revise a stroke": Edit(
        10, Revise(4, color="#00ff00", width=1, strength=0, frames=(0, 3)), group="several"
    ),
    "revise a stroke, all frames": Edit(11, Revise(4, frames=None)),
    "revise a drag": Edit(12, Revise(7, start=(0, -65536), end=(131072, 0), radius=65536), depth=0),
    "revise a trajectory": Edit(12, Revise(7, path=((0, 0), (5, 5)), radius=1, strength=65536)),
    "revise a camera": Edit(12, Revise(7, pan=-1, tilt=1, zoom=16384)),
    "revise a region": Edit(12, Revise(7, text="silver", frames=(3, 5))),
    "revise a lock": Edit(12, Revise(7, frames=None)),
    "revise a comment": Edit(13, Revise(2**53 - 1, text="It was.", resolved=True)),
    "edit settings": Edit(
        14,
        Adjust(
            model="embedded",
            seed=2**53 - 1,
            steps=200,
            frames=64,
            width=2048,
            height=8,
            fps=60,
            guidance=3000,
        ),
    ),
    "edit one setting": Edit(15, Adjust(guidance=0)),
    "edit settings that enter": Edit(
        15,
        Adjust(
            guidance=750,
            loras=(("ink 🖋", -200), ("x", 200)),
            harmonize=100,
            mix=100,
            align=100,
        ),
        depth=49152,
    ),
    "edit settings back": Edit(15, Adjust(scheduler="", loras=(), harmonize=0, mix=0, align=0)),
    "edit the scheduler": Edit(15, Adjust(scheduler="euler")),
    "edit comment": Edit(16, REMARK),
    "edit comment, resolved": Edit(17, Comment("-", (0, 0), 0, resolved=True)),
    "undo": Undo(7),
    "undo a group": Undo(7, group=4),
    "redo": Redo(8),
    "mark": Mark(9, name="first 🎈 cut"),
    "mark an event": Mark(10, of=4, name="x" * 80),
    "unmark": Mark(11, of=4),
    "restore": Restore(12, to=1),
    "end a group": EndGroup(),
    "pause": Control("pause"),
    "resume": Control("resume"),
    "cancel": Control("cancel"),
    "presence with all": PresenceUpdate(
        cursor=(100, 65536), frame=15, stroke=LiveStroke(((0, 0), (5, -5)), "#ffd400", 4096)
    ),
    "presence with an arrow": PresenceUpdate(
        cursor=(5, 5), drag=LiveDrag((32768, 32768), (65536, 0), 9830)
    ),
    "presence with an eraser": PresenceUpdate(stroke=LiveStroke((), "#ffffff", 1, erase=True)),
    "presence with a recolouring brush": PresenceUpdate(
        stroke=LiveStroke(((0, 0),), "#ffffff", 65536, blend="color")
    ),
    "presence with a trajectory": PresenceUpdate(
        line=LiveLine("trajectory", ((0, 0), (-65536, 131072)))
    ),
    "presence with a region": PresenceUpdate(line=LiveLine("region", ())),
    "presence with a lock": PresenceUpdate(frame=0, line=LiveLine("lock", ((1, 1),))),
    "presence with a caret": PresenceUpdate(caret=Caret("motion", 7, 0)),
    "presence off the stage": PresenceUpdate(),
    "watch": Watch("sheet", 10),
    "watch small frames": Watch("small", 1),
    "watch large frames": Watch("large", 60),
    "watch nothing": Watch("none"),
    "look without groups": Look(1, without=(4, 2**53 - 1)),
    "look without people": Look(2**32 - 1, people=("p0002",)),
    "look back": Look(2, take=3, at=41),
    "look": Look(3),
    "end a look": EndLook(),
    "need": Need(41),
    "ping": Ping(2**53 - 1),
}
