"""A session in which three people have drawn for a day, made without a server.

What is made is what a server would have stored: strokes, drags and comments as gestures of their
own, now and then a word of the prompt, revisions, undos, and the takes' entering.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from framejam_protocol.events import Body, Created, Edited, Entered, Event, Joined, Undone
from framejam_protocol.fold.state import FIRST_TAKE
from framejam_protocol.instructions import Comment, Drag, Instruction, Paint, Revise, Splice, Text
from framejam_protocol.limits import MAX_PROMPT_CHARS, UNIT
from framejam_server.bench.history import SETTINGS, START_MS, WRITERS, insertion, person
from framejam_server.session.yjs import Id, client_of

POINTS: Final = 24
"""Points of a stroke, on average: half a second of a pen, thinned out as the studio does."""

_TOGETHER: Final = 5
"""Instructions that enter at one boundary."""

_UNDO_EVERY: Final = 25
_SEED: Final = 11


def drawn_events(instructions: int) -> Iterator[Event]:
    """The log of a session with so many instructions, the same every time.

    Of a hundred, 70 are strokes, 10 drags, 10 keystrokes, 5 revisions and 5 comments.
    """
    chance = random.Random(_SEED)
    yield Event(1, START_MS, "", Created(SETTINGS))
    for number in range(WRITERS):
        joined = Joined(person(number), f"Painter {number}", "#e5484d", "editor")
        yield Event(2 + number, START_MS, person(number), joined)
    seq, sent = 1 + WRITERS, [0] * WRITERS
    strokes: list[int] = []
    waiting: list[int] = []
    newest: dict[int, int] = {}
    typed = 0
    last: Id | None = None

    def event(who: int, body: Body) -> Event:
        nonlocal seq
        seq += 1
        sent[who] += 1
        client = f"client-{who:04}"
        return Event(seq, START_MS + 1000 * seq, person(who), body, client, sent[who])

    for number in range(instructions):
        who = chance.randrange(WRITERS)
        kind = chance.random()
        instruction: Instruction
        if kind < 0.10 and typed < MAX_PROMPT_CHARS:
            new = (client_of("client-0000"), typed)
            update = insertion(new, last, None, "a")
            instruction = Text("content", update, (Splice(typed, "", "a"),))
            typed, last = typed + 1, new
        elif kind < 0.20:
            instruction = Drag(_point(chance), _point(chance), chance.randrange(900, 9000))
        elif kind < 0.25:
            instruction = Comment("a little more to the left", _point(chance), 0)
        elif kind < 0.30 and strokes:
            instruction = Revise(chance.choice(strokes[-20:]), width=chance.randrange(300, 9000))
        else:
            count = chance.randrange(POINTS // 2, POINTS * 3 // 2)
            points = tuple(_point(chance) for _ in range(count))
            instruction = Paint(points, f"#{chance.randrange(2**24):06x}", 3000)
            strokes.append(seq + 1)
        yield event(who, Edited(instruction))
        newest[who] = seq
        if not isinstance(instruction, Comment):
            waiting.append(seq)
        if number % _UNDO_EVERY == _UNDO_EVERY - 1 and not isinstance(instruction, Text | Revise):
            yield event(who, Undone((newest[who],)))
            waiting = [one for one in waiting if one != newest[who]]
            strokes = [one for one in strokes if one != newest[who]]
        if len(waiting) >= _TOGETHER:
            seq += 1
            entered = Entered(FIRST_TAKE, chance.randrange(SETTINGS.steps), tuple(waiting))
            yield Event(seq, START_MS + 1000 * seq, "", entered)
            waiting = []


def _point(chance: random.Random) -> tuple[int, int]:
    return chance.randrange(UNIT), chance.randrange(UNIT)
