"""A renderer that answers at once, for many takes and looks: real turns, real memory, no pictures.

What a take comes out as is a function of what it was made with, as in the real one: its digest can
be computed from a mapping alone, whatever way led there.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field

import msgspec
from stage import sheets

from framejam_server.render.memory import Memory
from framejam_server.render.pipe import Advanced, Clip
from framejam_server.render.turns import Queue, Standing
from framejam_server.render.worker import TakeFailed, WorkerDied, WorkerReplaced


@dataclass
class Scratch:
    """One take: what it was told, and with which pairs each step was run."""

    settings: object
    pairs: dict = field(default_factory=dict)
    references: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)


def digest(settings, pairs, references=None):
    """What a finished take of these pairs comes out as."""
    ran = [_seen(pairs, references or {}, step) for step in range(settings.steps)]
    return _hash(settings, ran)


def _seen(pairs, references, step):
    return sorted(
        (seq, pair, references.get(seq)) for seq, pair in pairs.items() if pair.step <= step
    )


def _hash(settings, ran):
    return hashlib.sha256(msgspec.msgpack.encode((settings, ran))).hexdigest()


class QuickRenderer:
    """``served`` are the keys in the order in which they were stepped. With ``gate`` cleared every
    step waits; ``deaths`` says how often the process dies under a key, ``deadly`` under which step
    of a key it always does."""

    loaded = True

    def __init__(self, budget=2**40):
        self.memory = Memory(budget, lambda key: self.takes.pop(key, None))
        self.queue = Queue()
        self.takes = {}
        self.served = []
        self.told = []
        self.deaths = {}
        self.deadly = {}
        self.failures = {}
        self.generation = 1
        self.gate = asyncio.Event()
        self.gate.set()

    def stands(self, key, standing):
        self.memory.stands(key, standing)
        self.queue.stands(key, standing)

    def claim(self, key, size, standing, wake):
        held = self.memory.claim(key, size, standing, wake)
        self.queue.stands(key, standing if held else Standing.STILL)
        return held

    async def current(self):
        return self.generation

    async def advance(self, request, generation, watched=None):
        await self.queue.turn(request.key)
        if watched is not None:
            request = msgspec.structs.replace(request, tiers=watched())
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            if generation != self.generation or request.key not in self.memory:
                raise WorkerReplaced
            return self._advance(request)
        finally:
            self.queue.done()

    def _advance(self, request):
        self.told.append(request)
        done = 0 if request.fresh else len(self.takes[request.key].steps)
        if self.deaths.get(request.key, 0) > 0 or self.deadly.get(request.key) == done:
            self.deaths[request.key] = self.deaths.get(request.key, 0) - 1
            self.generation += 1
            self.takes.clear()
            self.memory.lose()
            raise WorkerDied("killed")
        if request.key in self.failures:
            raise TakeFailed(self.failures.pop(request.key))
        if request.fresh:
            self.takes[request.key] = Scratch(request.settings)
        take = self.takes[request.key]
        assert take.settings == request.settings
        old = dict(take.pairs)
        for seq in request.remove:
            del take.pairs[seq]
        take.pairs.update(request.add)
        for seq in request.released:
            del take.references[seq]
        assert not take.references.keys() & request.references.keys()
        take.references.update(request.references)
        changed = [
            pair.step
            for seq in old.keys() | take.pairs.keys()
            if old.get(seq) != take.pairs.get(seq)
            for pair in (old.get(seq), take.pairs.get(seq))
            if pair is not None
        ]
        del take.steps[min([*changed, len(take.steps)]) :]
        self.served.append(request.key)
        clip = None
        if len(take.steps) < request.settings.steps:
            take.steps.append(_seen(take.pairs, take.references, len(take.steps)))
        else:
            clip = Clip(4, 1, 1, bytes(12), _hash(request.settings, take.steps))
        return Advanced(len(take.steps), sheets(request.tiers), clip)

    async def estimate(self, key, tiers):
        raise WorkerReplaced

    async def weigh(self, request):
        raise WorkerReplaced

    async def forget(self, key):
        self.memory.give_up(key)
        self.queue.stands(key, None)
