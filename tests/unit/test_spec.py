"""SPEC.md says what the code does: every limit, code, message and depth, and its own examples."""

import hashlib
import json
import re
from pathlib import Path
from typing import get_args

import pytest
from people import Table

from framejam_protocol import errors, events, instructions, limits, messages, preview
from framejam_protocol.fold.canonical import canonical
from framejam_protocol.fold.merge import REVISABLE, prompt_text
from framejam_protocol.fold.prose import apply_splices
from framejam_protocol.instructions import Content, Splice, Spliced
from framejam_server.questions import MOST_WAITING, Answer
from framejam_server.render.sheet import LONGER_SIDE
from framejam_server.session.attribution import Weighing
from framejam_server.session.upcast import CURRENT
from framejam_server.session.yjs import SERVER, client_of

PROTOCOL = Path(__file__).parents[2] / "protocol"
SPEC = (PROTOCOL / "SPEC.md").read_text(encoding="utf-8")
WORDS = re.sub(r"\s+", " ", SPEC)


def kib(number: int) -> str:
    return f"{number // 1024} KiB"


def mib(number: int) -> str:
    return f"{number // 2**20} MiB"


LIMITS = {
    "UNIT": f"integers in 1/{limits.UNIT} of",
    "MAX_MESSAGE_BYTES": f"| a message | {kib(limits.MAX_MESSAGE_BYTES)} |",
    "MAX_REFUSED_BYTES": f"beyond {mib(limits.MAX_REFUSED_BYTES)} the socket closes with 1009",
    "MAX_HELLO_BYTES": f"| a hello | {kib(limits.MAX_HELLO_BYTES)}, within",
    "HELLO_TIMEOUT_S": f"within {limits.HELLO_TIMEOUT_S:.0f} s,",
    "MAX_UNAUTHENTICATED": f"{limits.MAX_UNAUTHENTICATED} sockets waiting,",
    "MAX_UNAUTHENTICATED_PER_ADDRESS": f"{limits.MAX_UNAUTHENTICATED_PER_ADDRESS} of one address |",
    "FAILED_TOKENS_PER_MINUTE": f"| wrong tokens | {limits.FAILED_TOKENS_PER_MINUTE} a minute of",
    "MAX_CONNECTIONS": f"| connections of a session | {limits.MAX_CONNECTIONS} |",
    "MAX_PROMPT_CHARS": f"| a prompt | {limits.MAX_PROMPT_CHARS} characters |",
    "MAX_UNDONE_PROMPT_CHARS": "| a prompt after undo or redo | "
    f"{limits.MAX_UNDONE_PROMPT_CHARS:,} characters |",
    "MAX_UPDATE_BYTES": f"| a Yjs update | {kib(limits.MAX_UPDATE_BYTES)} |",
    "MAX_SPLICES": f"| splices of an edit | {limits.MAX_SPLICES:,} |",
    "MAX_BASE_EDITS": f"| edits of a prompt since `base_seq` | {limits.MAX_BASE_EDITS:,} |",
    "MAX_COMMENT_CHARS": f"| a comment | {limits.MAX_COMMENT_CHARS:,} characters |",
    "MAX_GROUP_EDITS": f"| a group | {limits.MAX_GROUP_EDITS:,} edits,",
    "GROUP_SILENCE_MS": f"edits, {limits.GROUP_SILENCE_MS:,} ms of silence |",
    "MAX_NAME_CHARS": f"| a name | {limits.MAX_NAME_CHARS} characters |",
    "MAX_VERSION_CHARS": f"| the name of a version | {limits.MAX_VERSION_CHARS} characters |",
    "MAX_RESTORES": f"| restores | {limits.MAX_RESTORES} of a session |",
    "MAX_VERSIONS": f"| versions | {limits.MAX_VERSIONS} of a session |",
    "MAX_STROKE_POINTS": f"| a stroke | {limits.MAX_STROKE_POINTS:,} points |",
    "MAX_PATH_POINTS": f"| a path | {limits.MAX_PATH_POINTS:,} points |",
    "MAX_OUTLINE_POINTS": f"| an outline | {limits.MAX_OUTLINE_POINTS:,} corners |",
    "MAX_LOCKS": f"| locks | {limits.MAX_LOCKS} of a session, with those that locks hold |",
    "MAX_REGIONS": f"| regions | {limits.MAX_REGIONS} of a session |",
    "MAX_CAMERAS": f"| cameras | {limits.MAX_CAMERAS} of a session |",
    "MAX_LORAS": f"| LoRAs in force | {limits.MAX_LORAS} |",
    "MAX_LOOK_NAMES": f"| groups that a look leaves out | {limits.MAX_LOOK_NAMES:,} |",
    "MAX_LIVE_POINTS": f"| a stroke being drawn | {limits.MAX_LIVE_POINTS} points |",
    "COORDINATE_MIN": f"| a coordinate | {limits.COORDINATE_MIN:,} to",
    "COORDINATE_MAX": f" to {limits.COORDINATE_MAX:,} |",
    "MAX_BLOB_BYTES": f"| an upload | {mib(limits.MAX_BLOB_BYTES)},",
    "MAX_BLOB_PIXELS": f"MiB, {limits.MAX_BLOB_PIXELS:,} pixels,",
    "MAX_BUNDLE_BYTES": f"| a bundle | {limits.MAX_BUNDLE_BYTES // 2**30} GiB, also unpacked,",
    "MAX_BUNDLE_LOG_BYTES": f"also unpacked, its log {mib(limits.MAX_BUNDLE_LOG_BYTES)},",
    "MAX_BUNDLE_IMAGES": f"MiB, {limits.MAX_BUNDLE_IMAGES:,} images,",
    "MAX_BUNDLE_RATIO": f"images, packed {limits.MAX_BUNDLE_RATIO} to 1 at most |",
    "MAX_QUEUED_COMMANDS": f"| edits waiting for the log | {limits.MAX_QUEUED_COMMANDS:,} a",
    "EDITS_PER_SECOND": f"| edits of a person | {limits.EDITS_PER_SECOND} a second,",
    "MAX_EDITS_PER_SECOND": f"a server may allow up to {limits.MAX_EDITS_PER_SECOND} a second",
    "BURST_S": f"a second, {limits.EDITS_PER_SECOND * limits.BURST_S} at once; those",
    "SESSION_SHARE": f"those of {limits.SESSION_SHARE} people for a session |",
    "RETRY_AFTER_MS": f"`rate_limited` with `retry_after_ms`, {limits.RETRY_AFTER_MS:,} |",
    "MAX_RECEIPTS": f"| answers remembered | {limits.MAX_RECEIPTS:,} a session,",
    "MAX_CLIENTS": f"a session, {limits.MAX_CLIENTS} clients of a person |",
    "MESSAGES_PER_SECOND": f"| messages of a connection | {limits.MESSAGES_PER_SECOND} a second,",
    "MAX_MESSAGE_BURST": f"a second, {limits.MAX_MESSAGE_BURST:,} at once | beyond it they wait",
    "MESSAGE_COST_BYTES": f"each {kib(limits.MESSAGE_COST_BYTES)} of a message as one more",
    "NEED_COST": f"a `need` counts as {limits.NEED_COST} messages",
    "MAX_EVENTS_PER_MESSAGE": f"| a piece of the log | {limits.MAX_EVENTS_PER_MESSAGE} events or",
    "MAX_PIECE_BYTES": f"events or {mib(limits.MAX_PIECE_BYTES)} |",
    "MAX_PARTICIPANTS": f"| people of a session | {limits.MAX_PARTICIPANTS:,} |",
    "MAX_INVITES": f"| invites | {limits.MAX_INVITES} of a session,",
    "MAX_LABEL_CHARS": f"| the label of an invite | {limits.MAX_LABEL_CHARS} characters |",
    "MIN_INVITE_S": f"which expire after {limits.MIN_INVITE_S} to",
    "MAX_INVITE_S": f" to {limits.MAX_INVITE_S:,} s or never,",
    "MAX_INVITE_USES": f"and after 1 to {limits.MAX_INVITE_USES:,} uses or never |",
    "CALLS_PER_SECOND": f"| HTTP calls of a person | {limits.CALLS_PER_SECOND} a second,",
    "MAX_CALL_BURST": f"a second, {limits.MAX_CALL_BURST} at once | beyond it",
    "MAX_AUDIT_PAGE": f"| a page of the audit trail | {limits.MAX_AUDIT_PAGE} entries |",
    "MAX_OUTBOX_BYTES": f"| events waiting for a client | {mib(limits.MAX_OUTBOX_BYTES)} |",
    "MAX_SEED": f"| a seed | 0 to {limits.MAX_SEED:,} |",
}

AGAIN = [
    f"its last {limits.MAX_RECEIPTS:,} answers",
    f"it remembers the {limits.MAX_CLIENTS} used last",
    f"by {limits.GROUP_SILENCE_MS:,} ms without an edit of it,",
    f"and by {limits.MAX_GROUP_EDITS:,} edits",
    f"or more than {limits.MAX_BASE_EDITS:,} edits ago",
    f"the text would have more than {limits.MAX_PROMPT_CHARS} characters",
    f"bring a prompt beyond {limits.MAX_UNDONE_PROMPT_CHARS:,} characters",
    f"or beyond {mib(limits.MAX_REFUSED_BYTES)}, do",
    "| 40 | | image bytes |" if preview.HEADER_BYTES == 40 else "the header's size changed",
]


def test_the_spec_states_every_limit_there_is():
    assert set(LIMITS) == {name for name in vars(limits) if name.isupper()}


@pytest.mark.parametrize("words", [*LIMITS.values(), *AGAIN], ids=[*LIMITS, *AGAIN])
def test_the_spec_states_the_limits_of_the_code(words):
    assert words in WORDS


@pytest.mark.parametrize("close", errors.Close)
def test_C6_the_spec_names_every_close_code_and_its_half(close):
    names = {
        name for row in re.findall(r"^\|.*\|$", SPEC, re.M) for name in re.findall(r"[a-z_]+", row)
    }
    assert close.name.lower() in names
    assert str(int(close)) in SPEC
    assert close.retry == (close < 4500)


def test_L5_the_spec_lists_the_codes_of_refusals():
    table = SPEC.split("### Codes of refusals")[1].split("###")[0]
    rows = re.findall(r"^\| (`.*?) \|", table, re.M)
    assert {code for row in rows for code in re.findall(r"`(\w+)`", row)} == set(errors.Code)


@pytest.mark.parametrize(
    "kind", [*messages.ClientMessage.__args__, *messages.ServerMessage.__args__]
)
def test_the_spec_names_every_message(kind):
    assert f"`{kind.__struct_config__.tag}`" in SPEC


def test_M1_the_spec_lists_what_is_given_and_what_is_in_the_log():
    rows = re.findall(r"^  \| (`.*?) \| (`\w+`) \|", SPEC, re.M)
    given = {kind for row, _ in rows for kind in re.findall(r"`(\w+)`", row)}
    kept = {row.strip("`") for _, row in rows}
    assert given == {one.__struct_config__.tag for one in instructions.Given.__args__}
    assert kept == {one.__struct_config__.tag for one in instructions.Instruction.__args__}


@pytest.mark.parametrize("kind", instructions.DEFAULT_DEPTH)
def test_T3_the_spec_states_the_depth_of_every_kind(kind):
    depth = str(float(instructions.DEFAULT_DEPTH[kind])).removesuffix(".0")
    said = WORDS.split("the loop an edit may re-run (")[1].split("or the author's choice")[0]
    names = dict.fromkeys(("text", "content", "motion", "negative", "spliced", "typed"), "prompts")
    tag = kind.__struct_config__.tag
    assert re.search(rf"\b{names.get(tag, tag)}\b[a-z ]* {re.escape(depth)},", said)


@pytest.mark.parametrize("kind", REVISABLE)
def test_M2_the_spec_states_what_may_be_revised(kind):
    said = WORDS.split("`revise` may set ")[1].split(". Its target")[0]
    ((fields, _),) = [
        (set(re.findall(r"`(\w+)`", part)) - {tag}, tag)
        for part in said.split(";")
        for tag in [kind.__struct_config__.tag]
        if part.rstrip().endswith(f"`{tag}`")
    ]
    assert fields == REVISABLE[kind]


def test_T8_the_spec_states_which_settings_define_a_take():
    said = WORDS.split("**T8** ")[1].split(" define a take")[0]
    entering = SPEC.split("| setting | what it is |")[1].split("but for `fps`")[0]
    defining = set(re.findall(r"`(\w+)`", said))
    assert set(re.findall(r"^  \| `(\w+)`", entering, re.M)) == instructions.ENTERED_SETTINGS
    every = set(instructions.Settings.__struct_fields__)
    assert defining == every - instructions.ENTERED_SETTINGS - {"fps"}


def test_L3_the_spec_lists_every_part_of_the_encoding():
    said = SPEC.split('    {"camera"')[1].split("\n\n")[0]
    table = Table("zoe1")
    assert {"camera", *re.findall(r'"(\w+)":', said)} == set(json.loads(canonical(table.state)))


def test_C5_the_spec_states_the_tiers():
    said = WORDS.split("**C5**")[1].split("**C6**")[0]
    stated = {name: int(longest) for longest, name in re.findall(r'(\d+) \("(\w+)"\)', said)}
    assert stated == LONGER_SIDE
    assert set(stated) == set(get_args(messages.Tier))


def test_L1_the_spec_states_the_version_of_every_body():
    said = WORDS.split("version `v`: ")[1].split(". A server upcasts")[0]
    stated = {
        name: int(number)
        for names, number in re.findall(r"((?:`\w+`[, and]*)+) (?:are )?at (\d)", said)
        for name in re.findall(r"`(\w+)`", names)
    }
    assert stated == {body.__struct_config__.tag: version for body, version in CURRENT.items()}
    assert all("v" in body.__struct_fields__ for body in events.Body.__args__)


# -- the examples ------------------------------------------------------------------------------


def test_L3_the_example_has_the_bytes_and_the_hash_that_the_spec_says():
    block = SPEC.split("```json\n")[1].split("\n```")[0]
    encoded = block.replace("\n", "").encode()
    said = re.search(r"Its hash is `([0-9a-f]{64})`", SPEC)
    assert said is not None
    assert hashlib.sha256(encoded).hexdigest() == said[1]
    assert f"({len(encoded)} bytes;" in SPEC
    states = json.loads((PROTOCOL / "vectors" / "states.json").read_text(encoding="utf-8"))
    (example,) = [log for log in states if log["name"] == "example"]
    assert example["events"][-1]["canonical"].encode() == encoded
    assert example["events"][-1]["hash"] == said[1]


def test_M3_the_example_of_an_emoji():
    said = SPEC.split("> The text is")[1].split("**Moving")[0]
    before, one, *_ = re.findall(r"`([^`]*)`", said)
    assert apply_splices(before, (Splice(*json.loads(one)),)) == "a balloon flies"
    assert "`a balloon flies`" in said
    both = [Splice(*json.loads(text)) for text in re.findall(r"`(\[\d.*?\])`", said)]
    assert len(both) == 2
    assert apply_splices(before, both) == "a balloon flew"
    assert "`a balloon flew`" in said


def test_M3_the_example_of_a_splice_that_is_moved():
    said = SPEC.split("> After event 5")[1].split("**A Yjs")[0]
    given, moved = re.findall(r"`(\[.*?\])`", said)
    table = Table("zoe1", "mo01")
    base = table.edit("zoe1", Content("a cat"))
    table.edit("mo01", Content("a big cat", base_seq=base))
    table.edit("zoe1", Spliced("content", base, (Splice(*json.loads(given)),)))
    event = table.session.log[-1]
    assert event.body.instruction.splices == (Splice(*json.loads(moved)),)
    assert f"`{prompt_text(table.session.state, 'content')}`" in said


def test_U6_the_example_of_an_undo_around_a_teammates_words():
    said = WORDS.split("> Zoe types `a cat`")[1].split("## T")[0]
    undone, redone = re.findall(r"(?:splices: |\.\.\. )(\[\[.*?\]\])", said)
    table = Table("zoe1", "mo01")
    base = table.edit("zoe1", Content("a cat"))
    table.edit("mo01", Spliced("content", base, (Splice(2, "", "red "),)))
    (took,) = table.undo("zoe1").body.texts
    assert took.splices == tuple(Splice(*one) for one in json.loads(undone))
    assert prompt_text(table.session.state, "content") == "red "
    (brought,) = table.redo("zoe1").body.texts
    assert brought.splices == tuple(Splice(*one) for one in json.loads(redone))
    assert prompt_text(table.session.state, "content") == "a red cat"


@pytest.mark.parametrize("client_id", ["client-0001", "abcdefgh"])
def test_M3_the_yjs_client_id_is_what_the_spec_says(client_id):
    number = int.from_bytes(hashlib.sha256(client_id.encode()).digest()[:8], "big")
    assert "16 + n mod (2^32 - 16)" in WORDS
    assert client_of(client_id) == 16 + number % (2**32 - 16)
    assert f"Under {SERVER} the server writes" in WORDS


def test_M6_the_spec_lists_what_the_answer_holds():
    said = WORDS.split("**M6**")[1].split("### Text")[0]
    answer, one = (re.split(r",\s*", found) for found in re.findall(r"`\{(.*?)\}`", said))
    assert tuple(answer) == Answer.__struct_fields__
    assert tuple(one) == Weighing.__struct_fields__
    assert ("while eight questions" in said) == (MOST_WAITING == 8)
