"""The golden logs and conversations (C7), replayed by the server's core and the client's fold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from pycrdt import Doc
from pycrdt import Text as YText

from framejam_protocol.errors import Code
from framejam_protocol.events import Body, Edited, Entered, Event, Joined, Redone, Undone
from framejam_protocol.fold.canonical import StateHasher, canonical, state_hash
from framejam_protocol.fold.merge import prompt_text
from framejam_protocol.fold.state import State
from framejam_protocol.instructions import PROMPTS, Given, Instruction
from framejam_protocol.messages import Edit, EndGroup, Mark, Redo, Refusal, Restore, Undo
from framejam_protocol.wire import WireError, decode_client, decode_server, encode
from framejam_server.session.receipts import Receipt
from framejam_server.session.session import Append, Effect, Remember, Reply, Session
from framejam_server.session.text import texts_of
from framejam_server.session.yjs import client_of

FOLDER = Path(__file__).parents[2] / "protocol" / "vectors"

Entry = dict[str, Any]
Step = dict[str, Any]


def load(name: str) -> list[Entry]:
    entries: list[Entry] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return entries


def named(entry: Entry) -> str:
    return str(entry["name"])


LOGS = load("states.json")
CONVERSATIONS = load("conversations.json")


def event_of(step: Step) -> Event:
    message = decode_server(bytes.fromhex(step["hex"]))
    assert isinstance(message, Event)
    return message


def events_of(entry: Entry) -> list[Step]:
    return entry.get("events") or [step for step in entry["steps"] if step["what"] == "event"]


# -- the client's fold ----------------------------------------------------------------------------


@pytest.mark.parametrize("entry", LOGS + CONVERSATIONS, ids=named)
def test_L3_the_fold_has_the_texts_and_the_hash_after_every_event(entry: Entry) -> None:
    state, hasher = State(), StateHasher()
    for step in events_of(entry):
        state.apply(event_of(step))
        for prompt in PROMPTS:
            assert prompt_text(state, prompt) == step[prompt]
        assert state.take == step["take"]
        assert state_hash(state) == hasher.hash(state) == step["hash"]
        if "canonical" in step:
            assert canonical(state).decode() == step["canonical"]


@pytest.mark.parametrize("entry", LOGS + CONVERSATIONS, ids=named)
def test_M3_the_yjs_documents_read_the_same(entry: Entry) -> None:
    docs: dict[str, Doc[YText]] = {prompt: Doc() for prompt in PROMPTS}
    for step in events_of(entry):
        for text in texts_of(event_of(step)):
            docs[text.prompt].apply_update(text.update)
        for prompt, doc in docs.items():
            assert str(doc.get("text", type=YText)) == step[prompt]


# -- the server's core ----------------------------------------------------------------------------


class Server:
    """A core that is told what the clients of a conversation say; it answers with steps."""

    def __init__(self, created: Event, blobs: list[str], people: dict[str, str]) -> None:
        self.session = Session([created], blobs=blobs)
        self.blobs = blobs
        self.people = people
        self.receipts: list[Receipt] = []

    def hear(self, step: Step) -> list[Step]:
        client, data = step["from"], bytes.fromhex(step["hex"])
        try:
            sent: Any = decode_client(data)
        except WireError as error:
            sent = error
        assert isinstance(sent, WireError) != step["valid"]
        if isinstance(sent, EndGroup):
            return self.told(self.session.end_group(client), client)
        effects = self.session.command(self.people[client], client, sent, step["at"])
        return self.told(effects, client)

    def by_itself(self, event: Event) -> list[Step]:
        match event.body:
            case Joined() as joined:
                return self.told(self.session.join(joined, event.at), "")
            case Entered(take=take, step=step, edits=edits):
                return self.told(self.session.enter(take, {step: edits}, event.at), "")
        raise AssertionError(f"{event} comes of no message")

    def restart(self) -> None:
        self.session = Session(self.session.log, self.receipts, self.blobs)

    def told(self, effects: Iterable[Effect], client: str) -> list[Step]:
        steps: list[Step] = []
        for effect in effects:
            match effect:
                case Append(event):
                    steps.append({"what": "event", "hex": encode(event).hex()})
                case Remember(receipt):
                    self.receipts.append(receipt)
                case Reply(answer):
                    steps.append({"what": "answer", "to": client, "hex": encode(answer).hex()})
        return steps


def replayed(entry: Entry) -> tuple[list[Step], list[Step]]:
    """What follows each message, as the file has it and as the core of today has it."""
    people = {one["client_id"]: one["participant"] for one in entry["clients"]}
    first, *steps = entry["steps"]
    server = Server(event_of(first), entry["blobs"], people)
    expected: list[Step] = []
    given: list[Step] = []
    for step in steps:
        match step["what"]:
            case "message":
                given += server.hear(step)
            case "leaves":
                server.session.release(step["from"])
            case "restart":
                server.restart()
            case "event" if event_of(step).client_id is None:
                given += server.by_itself(event_of(step))
        if step["what"] in ("event", "answer"):
            expected.append({key: step[key] for key in ("what", "to", "hex") if key in step})
        assert len(given) >= len(expected)
    return expected, given


@pytest.mark.parametrize("entry", CONVERSATIONS, ids=named)
def test_C7_the_core_answers_every_conversation_as_it_did(entry: Entry) -> None:
    expected, given = replayed(entry)
    assert given == expected
    assert len(expected) > 10


@pytest.mark.parametrize("entry", CONVERSATIONS, ids=named)
def test_M3_every_client_has_the_yjs_id_that_is_written(entry: Entry) -> None:
    for client in entry["clients"]:
        assert client["yjs_client"] == client_of(client["client_id"])


# -- what the files have in them ------------------------------------------------------------------


def tags(union: Any) -> set[str]:
    return {str(kind.__struct_config__.tag) for kind in get_args(union)}


def bodies() -> list[Body]:
    return [event_of(step).body for entry in LOGS for step in entry["events"]]


def said() -> list[Edit | Undo | Redo | Mark | Restore | EndGroup]:
    return [
        decode_client(bytes.fromhex(step["hex"]))
        for entry in CONVERSATIONS
        for step in entry["steps"]
        if step["what"] == "message" and step["valid"]
    ]


def refusals() -> list[Refusal]:
    answers = [
        decode_server(bytes.fromhex(step["hex"]))
        for entry in CONVERSATIONS
        for step in entry["steps"]
        if step["what"] == "answer"
    ]
    return [answer for answer in answers if isinstance(answer, Refusal)]


def test_C7_the_logs_hold_every_event_and_every_instruction() -> None:
    edited = [body.instruction for body in bodies() if isinstance(body, Edited)]
    found = {str(one.__struct_config__.tag) for one in (*bodies(), *edited)}
    assert found == tags(Body) | tags(Instruction)


def test_C7_the_logs_hold_groups_shadows_and_compensations() -> None:
    undone = [body for body in bodies() if isinstance(body, Undone)]
    assert any(isinstance(body, Edited) and body.group is not None for body in bodies())
    assert any(body.shadowed_by is not None for body in undone)
    assert any(len(body.groups) > 1 for body in undone)
    assert any(len(body.texts[0].splices) > 1 for body in undone if body.texts)
    assert any(isinstance(body, Redone) and body.texts for body in bodies())


def test_C7_the_conversations_hold_everything_that_can_be_said_to_the_core() -> None:
    given = [sent.instruction for sent in said() if isinstance(sent, Edit)]
    assert {str(one.__struct_config__.tag) for one in given} == tags(Given)
    assert {type(sent) for sent in said()} == {Edit, Undo, Redo, Mark, Restore, EndGroup}
    assert any(isinstance(sent, Undo) and sent.group is not None for sent in said())
    assert {step["what"] for entry in CONVERSATIONS for step in entry["steps"]} == {
        "message",
        "event",
        "answer",
        "leaves",
        "restart",
    }


def test_L5_the_conversations_hold_every_refusal_of_the_core() -> None:
    """The others are the connection's, the store's and HTTP's."""
    assert {refusal.code for refusal in refusals()} == set(Code) - {
        Code.MALFORMED,
        Code.UNAUTHORISED,
        Code.NOT_AN_IMAGE,
        Code.RATE_LIMITED,
        Code.UNAVAILABLE,
        Code.NOT_READY,
    }
    assert {refusal.rule for refusal in refusals()} >= {"A1", "A3", "L4", "L5", "M2", "M3", "U2"}
    assert {refusal.field for refusal in refusals() if refusal.rule == "M3"} == {
        "instruction",
        "instruction.base_seq",
        "instruction.splices[0]",
        "instruction.update",
    }
    reasons = [one.message for one in refusals() if one.field == "instruction.update"]
    assert len({reason.split("'")[0] for reason in reasons}) >= 5


def test_C7_the_json_beside_the_bytes_is_their_json_form() -> None:
    for entry in CONVERSATIONS + LOGS:
        for step in entry.get("steps") or entry["events"]:
            if "hex" in step:
                loose = msgspec.msgpack.decode(bytes.fromhex(step["hex"]))
                assert step["json"] == json.loads(msgspec.json.encode(loose))
