"""The messages of ``server.json`` and the frames of ``preview.json``."""

from __future__ import annotations

from room import AT
from said import (
    DRAG,
    ERASER,
    HELD,
    MOVE,
    PART,
    RECOLOUR,
    REMARK,
    STROKE,
    TYPED,
    WAY,
)

from framejam_protocol.events import (
    Assigned,
    Branched,
    Created,
    Edited,
    Entered,
    Event,
    Joined,
    Marked,
    Redone,
    Restored,
    Undone,
)
from framejam_protocol.instructions import Adjust, Image, Revise, Settings, Splice, Text
from framejam_protocol.messages import (
    Ack,
    Caret,
    Events,
    Fault,
    Limits,
    LiveDrag,
    LiveLine,
    LiveStroke,
    LookStatus,
    People,
    Person,
    Pong,
    Presence,
    Refusal,
    ServerMessage,
    TakeStatus,
    Vocabulary,
    Welcome,
)
from framejam_protocol.preview import (
    CODEC_JPEG,
    TIER_DECODED,
    TIER_ESTIMATE,
    TIER_SHEET,
    Preview,
)

SETTINGS = Settings(
    model="embedded", seed=2**53 - 1, steps=12, frames=16, width=64, height=64, fps=8, guidance=100
)
WORDS = Text("content", TYPED, (Splice(0, "", "a 🎈"),))
GONE = Text("content", bytes.fromhex("000116010004"), (Splice(0, "a 🎈", ""),))
NOTHING = Text("motion", b"\x00\x00", ())

WHOLE = Text(
    "motion",
    bytes.fromhex("010101000401" + "0474657874" + "02" + "7570" + "00"),
    (Splice(0, "", "up"),),
    whole=True,
)

EVENTS: dict[str, Event] = {
    "created": Event(1, AT, "", Created(SETTINGS)),
    "joined": Event(2, AT + 1, "p0001", Joined("p0001", "Zoë 🎨", "#2e86de", "owner")),
    "edited": Event(3, AT + 2, "p0001", Edited(WORDS, depth=52429), "client-0001", 1),
    "edited motion": Event(6, AT + 3, "p0002", Edited(NOTHING, group=3), "client-0002", 3),
    "edited, a whole text": Event(6, AT + 3, "p0002", Edited(WHOLE), "client-0002", 3),
    "edited drag": Event(4, AT + 3, "p0002", Edited(DRAG), "client-0002", 1),
    "edited paint": Event(4, AT + 3, "p0002", Edited(STROKE), "client-0002", 1),
    "edited erase": Event(4, AT + 3, "p0002", Edited(ERASER), "client-0002", 1),
    "edited paint that recolours": Event(4, AT + 3, "p0002", Edited(RECOLOUR), "client-0002", 1),
    "edited trajectory": Event(4, AT + 3, "p0002", Edited(WAY), "client-0002", 1),
    "edited camera": Event(4, AT + 3, "p0002", Edited(MOVE, depth=0), "client-0002", 1),
    "edited region": Event(4, AT + 3, "p0002", Edited(PART), "client-0002", 1),
    "edited lock": Event(4, AT + 3, "p0002", Edited(HELD), "client-0002", 1),
    "edited negative": Event(
        4,
        AT + 3,
        "p0002",
        Edited(Text("negative", TYPED, (Splice(0, "", "a 🎈"),))),
        "client-0002",
        1,
    ),
    "edited image": Event(5, AT + 3, "p0002", Edited(Image(None)), "client-0002", 2),
    "edited, a revision": Event(
        6, AT + 3, "p0002", Edited(Revise(4, width=5, frames=None)), "client-0002", 3
    ),
    "edited settings": Event(
        6, AT + 3, "p0002", Edited(Adjust(seed=0, guidance=100)), "client-0002", 3
    ),
    "edited settings that enter": Event(
        6,
        AT + 3,
        "p0002",
        Edited(Adjust(loras=(("ink", 80),), harmonize=40, mix=0, align=100)),
        "client-0002",
        3,
    ),
    "edited, another way": Event(
        6, AT + 3, "p0002", Edited(Revise(4, path=((0, 0), (9, 9)))), "client-0002", 3
    ),
    "edited, another camera": Event(
        6, AT + 3, "p0002", Edited(Revise(4, pan=0, zoom=65536)), "client-0002", 3
    ),
    "edited, a comment": Event(6, AT + 3, "p0003", Edited(REMARK), "client-0003", 1),
    "undone": Event(7, AT + 4, "p0001", Undone((3,), texts=(GONE,)), "client-0001", 2),
    "undone, shadowed": Event(8, AT + 4, "p0001", Undone((6, 5), shadowed_by=7), "client-0001", 3),
    "redone": Event(9, AT + 5, "p0001", Redone((3,), (WORDS, NOTHING)), "client-0001", 4),
    "redone, a stroke": Event(9, AT + 5, "p0001", Redone((4,)), "client-0001", 4),
    "marked": Event(9, AT + 5, "p0001", Marked(4, "first 🎈 cut"), "client-0001", 5),
    "unmarked": Event(10, AT + 5, "p0001", Marked(4, None), "client-0001", 6),
    "restored": Event(11, AT + 5, "p0001", Restored(3, (GONE,)), "client-0001", 7),
    "assigned": Event(12, AT + 5, "p0001", Assigned("p0002", "viewer")),
    "removed": Event(13, AT + 5, "p0001", Assigned("p0002", "none")),
    "branched": Event(14, AT + 5, "", Branched("0123456789abcdef", 13, "p0001")),
    "entered": Event(10, AT + 6, "", Entered(1, 0, (3, 4))),
}

SERVER: dict[str, ServerMessage] = {
    "welcome, new": Welcome(
        version=1,
        session="s1",
        epoch="e1",
        head_seq=41,
        state_hash="cd" * 32,
        recovered=False,
        participant="p0001",
        role="owner",
        next_client_seq=1,
        yjs_client=2**32 - 1,
        settings=SETTINGS,
        vocabulary=Vocabulary({"subject": ("cat", "boat"), "colour": ()}),
        limits=Limits(262144, 10485760, 40000000, 4096, 500, 2000, 131072),
        token="participant-token",
        schedulers=("ddim", "dpm++2m"),
        loras=("ink",),
    ),
    "welcome, recovered": Welcome(
        version=1,
        session="s1",
        epoch="e1",
        head_seq=0,
        state_hash="",
        recovered=True,
        participant="p0001",
        role="viewer",
        next_client_seq=7,
        yjs_client=16,
        settings=SETTINGS,
        vocabulary=Vocabulary({}),
        limits=Limits(1, 2, 3, 4, 5, 6, 7),
    ),
    "events": Events(tuple(EVENTS.values())),
    "events with more": Events((EVENTS["created"],), more=True),
    **{f"event {name}": event for name, event in EVENTS.items()},
    "ack": Ack(6, 42),
    "refusal": Refusal(
        7,
        "invalid",
        "Expected `int` <= 131072; correct the field",
        field="instruction.points[3][0]",
        rule="L3",
    ),
    "refusal of a gap": Refusal(9, "gap", "send number 8 first", rule="L4", expected=8, used=False),
    "refusal, rate limited": Refusal(
        8, "rate_limited", "too much at once", retry_after_ms=250, used=False
    ),
    "fault": Fault("unauthorised", "ask for a new invite link", field="token", rule="A2"),
    "people": People(
        (
            Person("p0001", "Zoë 🎨", "#2e86de", "owner", 2),
            Person("p0002", "Mo", "#e4572e", "viewer", 0),
        )
    ),
    "presence": Presence(
        "p0001", 3, cursor=(1, 2), frame=0, stroke=LiveStroke((), "#ffffff", 65536)
    ),
    "presence, writing": Presence(
        "p0001", 3, drag=LiveDrag((0, 0), (1, 1), 1), caret=Caret("content", 0, 65536)
    ),
    "presence, drawing an outline": Presence("p0001", 3, line=LiveLine("region", ((0, 0), (9, 9)))),
    "presence, gone": Presence("p0002", 4),
    "take running": TakeStatus(1, 7, 12, "running", 41, "re-entering at step 7 of 12"),
    "take paused": TakeStatus(1, 5, 12, "paused", 43, "paused by Zoë"),
    "take of words unknown": TakeStatus(1, 0, 12, "running", 43, unknown=("dragon", "蝶")),
    "take finished": TakeStatus(1, 12, 12, "finished", 42, digest="ef" * 32),
    "look waiting": LookStatus(1, 1, 0, 12, "waiting"),
    "look running": LookStatus(2**32 - 1, 3, 7, 12, "running"),
    "look finished": LookStatus(1, 1, 12, 12, "finished", digest="ef" * 32),
    "look failed": LookStatus(2, 9, 0, 0, "failed", "there is no take 9"),
    "look ended": LookStatus(1, 1, 7, 12, "ended", "another look took its place"),
    "pong": Pong(0),
}

PREVIEWS: dict[str, Preview] = {
    "sheet of a step": Preview(
        TIER_SHEET, CODEC_JPEG, 4, 4, 16, 64, 64, 1, 7, 12, 41, AT, b"\xff\xd8\xff\xe0"
    ),
    "estimate of a paused take": Preview(
        TIER_ESTIMATE, CODEC_JPEG, 4, 4, 16, 64, 64, 1, 7, 12, 41, AT, b"\xff\xd8"
    ),
    "sheet of a look": Preview(
        TIER_SHEET, CODEC_JPEG, 4, 4, 16, 64, 64, 1, 7, 12, 41, AT, b"\xff\xd8", look=1
    ),
    "finished look": Preview(
        TIER_DECODED, CODEC_JPEG, 4, 4, 16, 256, 128, 2, 12, 12, 41, AT, b"", look=2**32 - 1
    ),
    "finished clip": Preview(
        TIER_DECODED, CODEC_JPEG, 255, 1, 65535, 2048, 8, 2**32 - 1, 200, 200, 2**53 - 1, AT, b""
    ),
}
