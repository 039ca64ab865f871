"""SPEC.md says what the code does: limits, close codes, message types and the hash's example."""

import re
from pathlib import Path

import pytest

from framejam_protocol import errors, events, instructions, limits, messages, preview

SPEC = (Path(__file__).parents[2] / "protocol" / "SPEC.md").read_text()


@pytest.mark.parametrize(
    "words",
    [
        f"| a message | {limits.MAX_MESSAGE_BYTES // 1024} KiB |",
        f"| a hello | {limits.MAX_HELLO_BYTES // 1024} KiB, within {limits.HELLO_TIMEOUT_S:.0f} s, "
        f"{limits.MAX_UNAUTHENTICATED} sockets",
        f"| a prompt | {limits.MAX_PROMPT_CHARS} characters |",
        f"| a stroke | {limits.MAX_STROKE_POINTS:,} points |",
        f"| an upload | {limits.MAX_BLOB_BYTES // 2**20} MiB, {limits.MAX_BLOB_PIXELS:,} pixels",
        f"| a piece of the log | {limits.MAX_EVENTS_PER_MESSAGE} events or "
        f"{limits.MAX_PIECE_BYTES // 2**20} MiB |",
        f"| people of a session | {limits.MAX_PARTICIPANTS:,} |",
        f"| connections of a session | {limits.MAX_CONNECTIONS} |",
        f"{limits.MAX_UNAUTHENTICATED} sockets waiting, "
        f"{limits.MAX_UNAUTHENTICATED_PER_ADDRESS} of one address |",
        f"| wrong tokens | {limits.FAILED_TOKENS_PER_MINUTE} a minute of one address |",
        f"| edits of a person | {limits.EDITS_PER_SECOND} a second, "
        f"{limits.EDITS_PER_SECOND * limits.BURST_S} at once; those of {limits.SESSION_SHARE} "
        "people for a session |",
        f"| messages of a connection | {limits.MESSAGES_PER_SECOND} a second, "
        f"{limits.MAX_MESSAGE_BURST:,} at once |",
        f"a `need` counts as {limits.NEED_COST}",
        f"each {limits.MESSAGE_COST_BYTES // 1024} KiB of a message as one more",
        f"| answers remembered | {limits.MAX_RECEIPTS:,} a session, {limits.MAX_CLIENTS} clients",
        f"its last {limits.MAX_RECEIPTS:,} answers",
        f"| edits waiting for the log | {limits.MAX_QUEUED_COMMANDS:,} a session |",
        f"| events waiting for a client | {limits.MAX_OUTBOX_BYTES // 2**20} MiB |",
        f"integers in 1/{limits.UNIT} of",
        "| 40 | | image bytes |" if preview.HEADER_BYTES == 40 else "the header's size changed",
    ],
)
def test_the_spec_states_the_limits_of_the_code(words):
    assert words in SPEC


@pytest.mark.parametrize("close", errors.Close)
def test_C6_the_spec_names_every_close_code_and_its_half(close):
    names = {
        name for row in re.findall(r"^\|.*\|$", SPEC, re.M) for name in re.findall(r"[a-z_]+", row)
    }
    assert close.name.lower() in names
    assert str(int(close)) in SPEC
    assert close.retry == (close < 4500)


@pytest.mark.parametrize(
    "kind", [*messages.ClientMessage.__args__, *messages.ServerMessage.__args__]
)
def test_the_spec_names_every_message(kind):
    assert f"`{kind.__struct_config__.tag}`" in SPEC


@pytest.mark.parametrize("kind", instructions.Instruction.__args__)
def test_the_spec_names_every_instruction_with_its_depth(kind):
    assert f"`{kind.__struct_config__.tag}`" in SPEC
    assert str(float(instructions.DEFAULT_DEPTH[kind])).removesuffix(".0") in SPEC


def test_every_body_has_a_version():
    for body in events.Body.__args__:
        assert "v" in body.__struct_fields__
