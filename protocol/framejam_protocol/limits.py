"""Every limit of the protocol, with its reason. SPEC.md repeats the table; a test compares them."""

from __future__ import annotations

from typing import Final

UNIT: Final = 65536
"""Geometry is integer: 1/65536 of the frame's width (x) or height (y), so every language hashes
the same numbers (L3)."""

MAX_MESSAGE_BYTES: Final = 256 * 1024
"""One WebSocket message from a client. The longest stroke is about 40 kB; four times that and a
bit leaves room for later kinds while a stray upload on the socket is refused."""

MAX_REFUSED_BYTES: Final = 8 * 1024 * 1024
"""A longer message than ``MAX_MESSAGE_BYTES`` is refused with ``too_large`` and its connection goes
on (L5): a pasted film is no reason to lose one's place. Beyond this the socket closes with 1009:
it has to be held whole, and this is as much as may wait for a client in the other direction."""

MAX_HELLO_BYTES: Final = 8 * 1024
"""A message of a socket that has not said who it is yet (C1): strangers get little memory."""

HELLO_TIMEOUT_S: Final = 10.0
"""A socket that says nothing for this long is closed with ``hello_timeout`` (C1)."""

MAX_UNAUTHENTICATED: Final = 64
"""Sockets that may wait for their hello at one time, over all sessions (C1)."""

MAX_UNAUTHENTICATED_PER_ADDRESS: Final = 16
"""Of these, from one address (IPv6: one /64): no single host takes all places. The setting
``hellos_per_address`` changes it for people who are all behind one proxy."""

FAILED_TOKENS_PER_MINUTE: Final = 60
"""Wrong tokens of one address, over socket and HTTP (A2). More are refused before the store is
asked; tokens that were right before are not. The setting of this name changes it."""

MAX_CONNECTIONS: Final = 256
"""Connections of one session. The load suite runs with 200; more needs several machines."""

MAX_PROMPT_CHARS: Final = 500
"""Characters of one prompt. CLIP text encoders read 77 tokens; 500 characters is beyond that."""

MAX_UNDONE_PROMPT_CHARS: Final = 4 * MAX_PROMPT_CHARS
"""Characters undo and redo may bring a prompt to: what several people's undos restore adds up."""

MAX_UPDATE_BYTES: Final = 128 * 1024
"""One Yjs update: an hour of typing without a connection, about 10 bytes a keystroke."""

MAX_SPLICES: Final = 1000
"""Splices of one edit of a client without a CRDT."""

MAX_BASE_EDITS: Final = 5_000
"""Edits of one prompt that may lie between ``base_seq`` and now (M3): each is walked through."""

MAX_COMMENT_CHARS: Final = 2_000
"""Characters of one comment."""

MAX_GROUP_EDITS: Final = 2_000
"""Edits of one group (L6); the next begins another. One undo takes them all out at once."""

GROUP_SILENCE_MS: Final = 2_000
"""A group nobody added to for this long is closed (L6)."""

MAX_NAME_CHARS: Final = 40
"""Characters of a participant's name: what fits beside a cursor."""

MAX_VERSION_CHARS: Final = 80
"""Characters of a version's name: one line of the history."""

MAX_VERSIONS: Final = 200
"""Named versions of one session at a time: what a person can still choose from."""

MAX_RESTORES: Final = 500
"""Restores of one session: each is looked through again by every later one."""

MAX_STROKE_POINTS: Final = 4096
"""Points of one stroke: a minute of a 60 Hz pen. Longer strokes are split by the client."""

MAX_PATH_POINTS: Final = 1024
"""Points of one trajectory: a clip has at most 64 frames, so more say nothing."""

MAX_OUTLINE_POINTS: Final = 1024
"""Corners of a region or a lock: as many as a lasso of ten seconds draws."""

MAX_LOCKS: Final = 32
"""Live locks of a session, together with those of the takes that they hold (T11): for each the
renderer runs one more take."""

MAX_REGIONS: Final = 32
"""Live regions of a session: P_img draws the picture again for each, and each edit of the picture
under them draws all of them again (M4)."""

MAX_CAMERAS: Final = 64
"""Live cameras of a session: each is reckoned for every pixel of every frame (M4)."""

MAX_LORAS: Final = 16
"""LoRA weights of one session at a time."""

MAX_LOOK_NAMES: Final = 2000
"""Groups that one look may leave out: as many as one gesture may hold edits (T12)."""

MAX_LIVE_POINTS: Final = 512
"""Points of a stroke that is still being drawn (C4); only its newest part is shown."""

COORDINATE_MIN: Final = -UNIT
COORDINATE_MAX: Final = 2 * UNIT
"""A pen may leave the frame by one frame's width; beyond that it is a broken client."""

MAX_BLOB_BYTES: Final = 10 * 1024 * 1024
"""One uploaded image, as a file (A3)."""

MAX_BLOB_PIXELS: Final = 40_000_000
"""Pixels of one uploaded image, read from its header before decoding (A3): 40 Mpx decode to
120 MB, a 20,000 x 20,000 PNG would be 1.2 GB."""

MAX_BUNDLE_BYTES: Final = 2 * 1024 * 1024 * 1024
"""A bundle as a file, and what it unpacks to (R5): zip archives need no second format up to there,
and it is four times the images that a session may have by default."""

MAX_BUNDLE_LOG_BYTES: Final = 512 * 1024 * 1024
"""The log of a bundle, unpacked (R5). It is held in memory while it is checked; a million events
of people who type have 230 MB."""

MAX_BUNDLE_IMAGES: Final = 20_000
"""Images of a bundle (R5): its table of contents is read whole."""

MAX_BUNDLE_RATIO: Final = 100
"""A member of a bundle that unpacks to more than this many times its size is refused (R5); what
packs as well as that is written unpacked. Logs of people who type are packed 8 to 1."""

MAX_QUEUED_COMMANDS: Final = 1024
"""Edits of one session waiting for the log. Beyond that edits are refused as ``rate_limited``
with a time to come back, so that one session cannot take the server's memory."""

EDITS_PER_SECOND: Final = 50
"""Commands of one person a second, over all their connections (L5): a pen that sends a stroke for
each of its movements. The setting ``edits_per_second`` changes it, up to ``MAX_EDITS_PER_SECOND``.
A command that is refused for good counts twice, for its receipt is stored, too."""

MAX_EDITS_PER_SECOND: Final = 200

BURST_S: Final = 5
"""A person who was quiet may send this many seconds' worth at once: 250 edits."""

SESSION_SHARE: Final = 10
"""All people of a session together have the rate of this many: 500 edits a second, and 2,500 at
once. Somebody over their own limit does not use it up."""

RETRY_AFTER_MS: Final = 1000
"""When to come back after ``rate_limited``: a second's worth of edits is free again by then, and
a client with many waiting does not send them all again for each."""

MAX_RECEIPTS: Final = 75_000
"""Answers a session remembers (L4). A client asks again for what was answered while its connection
was dead, and a dead connection is found out within 30 s (``HEARTBEAT_S``): in that time a session
takes at most 10 * 200 * (30 + 5) = 70,000 commands, with the highest setting."""

MAX_CLIENTS: Final = 256
"""Client ids of one person whose count a session remembers (L4), those used last."""

MESSAGES_PER_SECOND: Final = 400
"""Messages of one connection a second; then its socket is read no faster (L5). Eight times what
the studio sends at its busiest: 30 cursors and a stroke now and then."""

MAX_MESSAGE_BURST: Final = 2000
"""Messages of one connection that may come at once: a client's backlog after a lost connection."""

MESSAGE_COST_BYTES: Final = 16 * 1024
"""Long messages count once more for each of these: decoding takes time by the byte."""

NEED_COST: Final = 8
"""A ``need`` counts as this many messages, for it is answered by up to 1 MiB. Who is 100,000 events
behind asks 200 times and is within the burst."""

MAX_EVENTS_PER_MESSAGE: Final = 500
"""Events in one ``events`` message of a catch-up; the client asks for the rest (C3)."""

MAX_PIECE_BYTES: Final = 1024 * 1024
"""A catch-up message also ends after this many bytes: a few long strokes must not fill the
outbox of everybody who joins."""

MAX_PARTICIPANTS: Final = 1000
"""People of one session, whether here or not: an invite that leaks must not fill the log."""

MAX_INVITES: Final = 200
"""Invites of one session that are not revoked: as many as an owner can keep in view (A1)."""

MAX_LABEL_CHARS: Final = 64
"""Characters of the note on an invite: one line of a list."""

MIN_INVITE_S: Final = 60
"""An invite that expires lives at least this long: a shorter one is over before it is read (A1)."""

MAX_INVITE_S: Final = 31_536_000
"""An invite that expires lives a year at most; who wants longer makes one without an end (A1)."""

MAX_INVITE_USES: Final = 1000
"""Uses of an invite that counts them: as many as a session has people (``MAX_PARTICIPANTS``)."""

CALLS_PER_SECOND: Final = 20
"""HTTP calls of one person a second (L5): a page that asks whose work is under a moving cursor."""

MAX_CALL_BURST: Final = 100
"""HTTP calls of one person that may come at once: a page that loads the images of a session."""

MAX_AUDIT_PAGE: Final = 200
"""Entries of the audit trail in one answer; ``before`` asks for older ones (A1)."""

MAX_OUTBOX_BYTES: Final = 8 * 1024 * 1024
"""Events waiting for one client. A client further behind is closed with ``slow`` and resumes
from its last seq, which costs less memory than remembering for it (C4)."""

MAX_SEED: Final = 2**53 - 1
"""Integers of JavaScript are exact up to here."""
