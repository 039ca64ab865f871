"""A reader of logs written from SPEC.md alone: msgpack and plain dicts, nothing of ours.

It shows that the SPEC suffices. Whoever writes a client in another language may begin here.
"""

import hashlib
import json
from pathlib import Path

import msgpack
import pytest

VECTORS = Path(__file__).parents[2] / "protocol" / "vectors"


class Reader:
    """The fold of L3, without a CRDT and without deciding anything."""

    def __init__(self):
        self.seq = 0
        self.settings = {}
        self.texts = {"content": "", "motion": "", "negative": ""}
        self.edits = {}
        self.dead = set()
        self.deads = [set()]  # after each event
        self.restores = {}
        self.takes = []

    def read(self, data):
        event = msgpack.unpackb(data)
        assert event["type"] == "event"
        assert event["seq"] == self.seq + 1, "a gap: ask for what is missing (C3)"
        self.seq = event["seq"]
        body = event["body"]
        match body["kind"]:
            case "created":
                self.settings = body["settings"]
            case "edited":
                self.edits[self.seq] = {
                    "author": event["author"],
                    "depth": body["depth"],
                    "group": body["group"] or self.seq,
                    "instruction": body["instruction"],
                }
                if body["instruction"]["kind"] == "text":
                    self.write(body["instruction"])
            case "undone":
                for group in body["groups"]:
                    self.turn(group, dying=True)
            case "redone":
                for group in reversed(body["groups"]):
                    self.turn(group, dying=False)
            case "restored":
                self.restore(body["to"])
        for text in body.get("texts", ()):
            self.write(text)
        self.deads.append(set(self.dead))
        if self.defining() not in self.takes:
            self.takes.append(self.defining())

    def restore(self, to):
        """R3: what was live then is live, and nothing else."""
        groups = {edit["group"] for edit in self.edits.values()} | set(self.restores)
        alive = {group for group in groups if group <= to} - self.deads[to]
        out, back = groups - self.dead - alive, alive & self.dead
        self.restores[self.seq] = out, back
        self.dead = (self.dead | out) - back

    def turn(self, group, dying):
        """R3: with a restore goes or comes what it turned last, as far as it still is so."""
        if (group in self.dead) == dying:
            return
        out, back = self.restores.get(group, (set(), set()))
        dies, comes = (back, out) if dying else (out, back)
        dies, comes = dies - self.dead, comes & self.dead
        if group in self.restores:
            self.restores[group] = (comes, dies) if dying else (dies, comes)
        (dies if dying else comes).add(group)
        self.dead = (self.dead | dies) - comes

    @property
    def take(self):
        """T8: takes are numbered as their settings were first in force."""
        return self.takes.index(self.defining()) + 1

    def defining(self):
        defining = ("model", "seed", "steps", "frames", "width", "height", "scheduler")
        return {name: self.in_force()[name] for name in defining}

    def in_force(self):
        settings = dict(self.settings)
        for _, edit in self.live("settings"):
            settings |= {k: v for k, v in edit["instruction"].items() if k != "kind"}
        return settings

    def write(self, text):
        """M3: splices count code points, as Python's strings do."""
        words = self.texts[text["prompt"]]
        for at, removed, inserted in text["splices"]:
            assert words[at : at + len(removed)] == removed
            words = words[:at] + inserted + words[at + len(removed) :]
        self.texts[text["prompt"]] = words

    def live(self, *kinds):
        return [
            (seq, edit)
            for seq, edit in self.edits.items()
            if edit["group"] not in self.dead and edit["instruction"]["kind"] in kinds
        ]

    def shown(self, seq, edit):
        instruction = dict(edit["instruction"])
        for _, other in self.live("revise"):
            change = other["instruction"]
            if change["target"] == seq:
                instruction |= {k: v for k, v in change.items() if k not in ("kind", "target")}
        return {
            "author": edit["author"],
            "depth": edit["depth"],
            "edit": seq,
            "instruction": instruction,
        }

    def listed(self, *kinds):
        return [self.shown(seq, edit) for seq, edit in self.live(*kinds)]

    def canonical(self):
        state = {
            "camera": self.listed("camera"),
            "comment": self.listed("comment"),
            "content": self.texts["content"],
            "drag": self.listed("drag"),
            "image": (self.listed("image") or [None])[-1],
            "lock": self.listed("lock"),
            "motion": self.texts["motion"],
            "negative": self.texts["negative"],
            "paint": self.listed("paint", "erase"),
            "region": self.listed("region"),
            "settings": self.in_force(),
            "trajectory": self.listed("trajectory"),
        }
        return json.dumps(state, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def events(name):
    """The events of every log and conversation, in order."""
    for entry in json.loads((VECTORS / name).read_text(encoding="utf-8")):
        steps = entry.get("events") or [s for s in entry["steps"] if s["what"] == "event"]
        yield pytest.param(steps, id=f"{name}: {entry['name']}")


@pytest.mark.parametrize("steps", [*events("states.json"), *events("conversations.json")])
def test_L3_who_reads_the_spec_has_the_hash_after_every_event(steps):
    reader = Reader()
    for step in steps:
        reader.read(bytes.fromhex(step["hex"]))
        assert reader.texts == {name: step[name] for name in ("content", "motion", "negative")}
        assert reader.take == step["take"]
        assert reader.canonical().decode() == step.get("canonical", reader.canonical().decode())
        assert hashlib.sha256(reader.canonical()).hexdigest() == step["hash"]
    assert reader.seq == len(steps) > 5
