"""The demo's words and numbers: ``log.jsonl``, ``report.json``, and the lines of the sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from framejam_protocol.events import Event
from framejam_protocol.instructions import Settings
from framejam_protocol.messages import Person
from framejam_server.demo.effects import Effect, Glance
from framejam_server.demo.measure import (
    CHANGED_FROM,
    CONTRAST,
    GUARD_PX,
    first_shown,
    steps_per_second,
)
from framejam_server.demo.perform import Done, Sighting


@dataclass(frozen=True)
class Played:
    """What the live part of the demo leaves behind. ``seen`` is by the watcher's name;
    ``digest`` is what the server said about the finished take."""

    done: Done
    log: tuple[Event, ...]
    people: tuple[Person, ...]
    settings: Settings
    seen: Mapping[str, Sequence[Sighting]]
    blobs: Mapping[str, bytes]
    digest: str


DEFINITIONS = {
    "ack_ms": "milliseconds from sending the edit to the ack that it is durable",
    "first_preview": "previews (one a step) and milliseconds from sending the edit to the first "
    "preview, on the other participant's connection, whose seq covers it",
    "changed": "the finished take with the edit against the same take without it, both computed "
    f"again from the log; share: pixels of all frames in which a channel differs by "
    f"{CHANGED_FROM} of 255 or more; mean: mean difference, 0 to 1; inside: under the stroke, "
    "within the outline or along the way (prompts, images, cameras and settings: the whole frame); "
    f"outside: more than {GUARD_PX} pixels away from it; a lock: when the prompt after it has "
    "entered; another seed: against the take before",
    "compared_at_seq": "the last event of the log that both takes of the comparison know",
    "shows": f"mean change inside at least {CHANGED_FROM}/255 and {CONTRAST} times that outside",
    "entry_step": "the step of the loop from which the edit counts, after it has settled; null "
    "for settings that begin another take",
    "looks": "what one participant saw of the take without another's edits, and nobody else; "
    "recomputed_digest is that of the same take computed again from the log",
}


def log_lines(log: Iterable[Event], people: Iterable[Person]) -> str:
    """The log as JSON, one event a line in seq order, each with its author's name."""
    names = {person.participant: person.name for person in people}
    lines = ({**_plain(event), "author_name": names.get(event.author, "server")} for event in log)
    return "".join(msgspec.json.encode(line).decode() + "\n" for line in lines)


def report(
    played: Played, effects: Sequence[Effect], glances: Sequence[Glance], digest: str
) -> dict[str, Any]:
    """Everything ``report.json`` says; ``digest`` is that of the take computed again."""
    paces = [steps_per_second(seen) for seen in played.seen.values()]
    pace = max((pace for pace in paces if pace is not None), default=None)
    return {
        **_plain(played.settings),
        "authors": [_plain(person) for person in played.people],
        "steps_per_second": _rounded(pace, 3),
        "digest": played.digest,
        "recomputed_digest": digest,
        "reproduced": digest == played.digest
        and all(glance.digest == glance.looked.digest for glance in glances),
        "worker_killed": [asdict(mishap) for mishap in played.done.mishaps],
        "edits": [_edit(effect, played) for effect in effects],
        "looks": [
            {
                "who": glance.looked.look.who,
                "without": glance.looked.look.whom,
                "digest": glance.looked.digest,
                "recomputed_digest": glance.digest,
            }
            for glance in glances
        ],
        "definitions": DEFINITIONS,
    }


def fact(effect: Effect, played: Played) -> str:
    """One line for the sheet: when it was given, where it entered, how soon it showed."""
    first = _first_preview(effect, played)
    shown = f"shown after {first['ms']:.0f} ms" if first else "not shown"
    given = f"given at step {effect.deed.at_step}"
    counts = "another take"
    if effect.entry is not None:
        counts = f"counts from step {effect.entry} of {played.settings.steps}"
    return f"{given} · {counts} · {shown}"


def _edit(effect: Effect, played: Played) -> dict[str, Any]:
    return {
        "seq": effect.deed.receipt.seq,
        "author": effect.deed.act.who,
        "action": effect.action,
        "label": effect.deed.act.label,
        "targets": list(effect.targets),
        "instruction": _plain(effect.instruction),
        "given_at_step": effect.deed.at_step,
        "entry_step": effect.entry,
        "compared_at_seq": effect.deed.cut,
        "ack_ms": round(effect.deed.receipt.ack_ms, 2),
        "first_preview": _first_preview(effect, played),
        "shows": effect.change.shows,
        "changed": {name: _rounded(value, 5) for name, value in asdict(effect.change).items()},
    }


def _first_preview(effect: Effect, played: Played) -> dict[str, float] | None:
    """As the others saw it: the slowest of their screens."""
    deed = effect.deed
    found = [
        first_shown(seen, deed.sent, deed.receipt.seq)
        for name, seen in played.seen.items()
        if name != deed.act.who
    ]
    shown = [one for one in found if one is not None]
    if not shown or len(shown) < len(found):
        return None
    return {"steps": max(steps for steps, _ in shown), "ms": round(max(ms for _, ms in shown), 1)}


def _plain(value: object) -> Any:
    return msgspec.to_builtins(value)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
