"""A live session whose take is driven by hand, on a renderer that only counts."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from framejam_protocol.events import Created, Entered, Event, Joined
from framejam_protocol.instructions import Paint, Settings
from framejam_protocol.messages import Edit
from framejam_server.conductor import Conductor
from framejam_server.live import Clock, LiveSession
from framejam_server.member import Member
from framejam_server.render.memory import Memory
from framejam_server.render.pipe import Advanced, Clip, Ready, Sheet
from framejam_server.render.sheet import LONGER_SIDE
from framejam_server.render.turns import Standing
from framejam_server.render.worker import WorkerDied, WorkerReplaced
from framejam_server.session.session import Session
from framejam_server.store.contract import SessionRow
from framejam_server.store.memory import MemoryStore

STEPS = 10
SETTINGS = Settings(
    model="embedded", seed=1, steps=STEPS, frames=4, width=32, height=32, fps=8, guidance=100
)
READY = Ready(
    "embedded",
    "hash",
    32,
    32,
    4,
    STEPS,
    100,
    {"subjects": ("red fish",)},
    {"torch": "x", "threads": "1"},
    8,
    16,
)
ROW = SessionRow("s1", "e1", 0)
PAINT = Paint(points=((0, 0),), color="#000000", width=1)


class CountingRenderer:
    """A take's history instead of pictures: which edits each step was run with.

    ``requests`` are the steps asked for; each is answered with the next of ``answers``.
    """

    def __init__(self, store):
        self.generation = 1
        self.store = store
        self.memory = Memory(2**32, self._forgotten)
        self.standing = {}
        self.key = ""
        self.mapping = {}
        self.history = []
        self.requests = asyncio.Queue()
        self.answers = asyncio.Queue()

    loaded = True
    estimates = ()
    """The tiers of each estimate that was asked for."""

    def stands(self, key, standing):
        self.memory.stands(key, standing)
        self.standing[key] = standing

    def claim(self, key, size, standing, wake):
        held = self.memory.claim(key, size, standing, wake)
        self.standing[key] = standing if held else Standing.STILL
        return held

    async def estimate(self, key, tiers):
        self.estimates = (*self.estimates, tiers)
        assert key in self.memory
        return Advanced(len(self.history), sheets(tiers, b"estimate"))

    async def current(self):
        return self.generation

    async def advance(self, request, generation, watched=None):
        if generation != self.generation:
            raise WorkerReplaced
        if request.fresh:
            self.key, self.mapping, self.history = request.key, {}, []
        assert request.key == self.key, "a take that is not held must be sent as fresh"
        old = dict(self.mapping)
        for seq in request.remove:
            del self.mapping[seq]
        self.mapping.update({seq: pair.step for seq, pair in request.add.items()})
        changed = [
            min(old.get(seq, 99), self.mapping.get(seq, 99))
            for seq in old.keys() | self.mapping.keys()
            if old.get(seq) != self.mapping.get(seq)
        ]
        del self.history[min([*changed, len(self.history)]) :]
        entered = [
            event.body
            for event in self.store._sessions["s1"].events
            if isinstance(event.body, Entered)
        ]
        self.requests.put_nowait(
            SimpleNamespace(
                step=len(self.history),
                mapping=dict(self.mapping),
                committed=entered,
                key=request.key,
                settings=request.settings,
                tiers=request.tiers,
                references=dict(request.references),
                fresh=request.fresh,
            )
        )
        outcome = await self.answers.get()
        if isinstance(outcome, Exception):
            if isinstance(outcome, WorkerDied):
                self.generation += 1
            raise outcome
        clip = None
        if len(self.history) < request.settings.steps:
            step = len(self.history)
            self.history.append({s for s, entry in self.mapping.items() if entry <= step})
        else:
            clip = Clip(4, 1, 1, bytes(12), json.dumps([sorted(s) for s in self.history]))
        return Advanced(len(self.history), sheets(request.tiers), clip)

    async def weigh(self, request):
        raise WorkerReplaced

    async def forget(self, key):
        self.memory.give_up(key)

    def _forgotten(self, key):
        if key == self.key:
            self.key = ""


def sheets(tiers, jpeg=b"jpeg"):
    """A sheet for each tier, told apart by their sizes."""
    return {tier: Sheet(2, 2, 4, LONGER_SIDE[tier], LONGER_SIDE[tier], jpeg) for tier in tiers}


class Box:
    def __init__(self):
        self.got = []
        self.offers = []

    def send(self, data):
        self.got.append(data)

    def offer(self, key, data):
        self.offers.append((key, data))

    def close(self, code, reason):
        pass


@pytest.fixture
async def stage():
    """Anna at a session whose take is driven by hand."""
    store, time = MemoryStore(), SimpleNamespace(now=0.0)
    created = Event(seq=1, at=0, author="", body=Created(settings=SETTINGS))
    await store.create_session(ROW, [created])
    live = LiveSession(
        ROW, Session([created], blobs=["ab" * 32]), store, Clock(lambda: 0, lambda: time.now)
    )
    live.start()
    await live.join(Joined(participant="anna", name="A", color="#000000", role="editor"))
    live.core.bind("tab-of-anna", "anna")
    renderer = CountingRenderer(store)
    conductor = Conductor(live, renderer, READY, store)
    task = asyncio.create_task(conductor.run())
    stage = SimpleNamespace(
        live=live,
        store=store,
        renderer=renderer,
        conductor=conductor,
        time=time,
        sent=0,
        previews=[],
        statuses=[],
        anna=Member(1, "anna", "tab-of-anna", Box(), sent_seq=live.state.seq),
    )
    live.members[1] = stage.anna  # she watches
    show, announce = live.show, live.announce
    live.show = lambda made: (stage.previews.extend({*made.values()}), show(made))
    live.announce = lambda status: (stage.statuses.append(status), announce(status))
    yield stage
    task.cancel()
    for one in live._tasks:
        one.cancel()


async def command(stage, make):
    """Send a command and wait until it is durable; its seq."""
    stage.sent += 1
    before = stage.live.state.seq
    stage.live.submit(stage.anna, make(stage.sent))
    async with asyncio.timeout(5):  # it may be refused
        while stage.live.state.seq == before:
            await asyncio.sleep(0)
    return before + 1


def edit(stage, instruction, depth=None):
    return command(stage, lambda number: Edit(number, instruction, depth))


async def run(stage, steps=1):
    """Let steps run; the last request."""
    for _ in range(steps):
        request = await asyncio.wait_for(stage.renderer.requests.get(), 5)
        stage.renderer.answers.put_nowait(None)
    await asyncio.sleep(0.001)
    return request


async def finish(stage):
    """Run until the take is finished and rests."""
    while True:
        try:
            await asyncio.wait_for(stage.renderer.requests.get(), 0.7)
        except TimeoutError:
            return stage.conductor.finished
        stage.renderer.answers.put_nowait(None)
