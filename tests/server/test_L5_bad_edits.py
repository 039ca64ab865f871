"""L5: edits that are wrong in themselves or at this moment, through real sockets.

Each is answered by a refusal that names the field, changes nothing, and leaves its sender's
connection and everybody else's alone.
"""

import asyncio
import sys
from pathlib import Path

import pytest
from bystanders import other_people_hear_nothing
from pycrdt import Doc, Map, Text
from running import Raw

from framejam_protocol.errors import Code
from framejam_protocol.limits import MAX_UPDATE_BYTES

sys.path.insert(0, str(Path(__file__).parent.parent / "unit"))
from yjs_clients import letters, update


def edit(**instruction):
    return {"type": "edit", "instruction": instruction}


def typed(data: bytes):
    return edit(kind="typed", prompt="content", update=data)


def spliced(base_seq, *splices):
    return edit(kind="spliced", prompt="content", base_seq=base_seq, splices=[*splices])


STROKE = {"kind": "paint", "points": [[1, 1], [900, 900]], "color": "#ff0000", "width": 100}
COMMENT = {"kind": "comment", "at": [100, 100], "frame": 2, "text": "here"}


async def refused(server, act, code, field, sender=None):
    """``act(raw)`` gives the command to send, or the refusal that came."""

    async def send(raw: Raw):
        made = await act(raw)
        return made if made["type"] == "refusal" else await raw.command(**made)

    refusal = await other_people_hear_nothing(server, send, sender)
    assert (refusal["type"], refusal["code"], refusal["field"]) == ("refusal", code, field)
    assert 0 < len(refusal["message"]) < 600
    return refusal


async def shared_text(raw: Raw, text: str) -> Doc:
    """This client's document of the content prompt, in which it has typed ``text`` itself."""
    doc = Doc(client_id=raw.welcome["yjs_client"])
    await raw.catch_up()
    for event in raw.events:
        doc_event(doc, event)
    before = doc.get_state()
    doc.get("text", type=Text).insert(0, text)
    assert (await raw.command(**typed(doc.get_update(before))))["type"] == "ack"
    return doc


def doc_event(doc: Doc, event) -> None:
    body = event["body"]
    for change in [body.get("instruction", {}), *body.get("texts", ())]:
        if change.get("kind") == "text" and change["prompt"] == "content":
            doc.apply_update(change["update"])


# -- numbers (L4) ---------------------------------------------------------------------------------


async def answer_to(raw: Raw, number: int, **command):
    """Send under a number of one's own choice; the refusal that follows."""
    heard = len(raw.messages)
    await raw.send({"client_seq": number, **command})
    return await raw.wait_for(
        lambda m: m in raw.messages[heard:] and m["type"] == "refusal" and m["client_seq"] == number
    )


async def test_L4_a_number_with_another_payload_is_a_conflict(shared):
    refusal = await refused(
        shared, lambda raw: answer_to(raw, 1, **edit(**STROKE)), Code.CONFLICT, "client_seq"
    )
    assert (refusal["used"], refusal["rule"]) == (False, "L4")


async def test_L4_a_gap_is_answered_with_the_number_expected(shared):
    refusal = await refused(
        shared, lambda raw: answer_to(raw, 9, **edit(**STROKE)), Code.GAP, "client_seq"
    )
    assert (refusal["expected"], refusal["used"]) == (2, False)


# -- texts (M3) -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["content", "motion", "spliced"])
async def test_M3_a_base_seq_from_the_future_is_refused(shared, kind):
    async def act(raw: Raw):
        if kind == "spliced":
            return spliced(10**6, [0, "", "x"])
        return edit(kind=kind, text="x", base_seq=10**6)

    await refused(shared, act, Code.INVALID, "instruction.base_seq")


@pytest.mark.parametrize(
    ("splices", "field"),
    [
        ([[0, "not there", "x"]], "instruction.splices[0]"),
        ([[1, "", "x"], [10**6, "", "y"]], "instruction.splices[1]"),
        ([[-1, "", "x"]], "instruction.splices[0][0]"),
        ([[0, "", b"x"]], "instruction.splices[0][2]"),
        ([[0, ""]], "instruction.splices[0]"),
        ([], "instruction.splices"),
    ],
)
async def test_M3_splices_that_do_not_fit_the_text_are_refused(shared, splices, field):
    async def act(raw: Raw):
        return spliced(raw.events[-1]["seq"], *splices)

    await refused(shared, act, Code.INVALID, field)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00", b"\xff" * 40, b"hello", b"\x01\x01\x05", b"\x00\x00\x00", bytes(5000)],
    ids=lambda data: data[:6].hex() + f"-{len(data)}",
)
async def test_M3_an_update_that_is_garbage_is_refused(shared, garbage):
    async def act(raw: Raw):
        return typed(garbage)

    await refused(shared, act, Code.INVALID, "instruction.update")


async def test_M3_an_update_of_5_mb_is_refused_by_its_size(shared):
    async def act(raw: Raw):
        return typed(bytes(5_000_000))

    refusal = await refused(shared, act, Code.TOO_LARGE, None)
    assert "5000" in refusal["message"]


async def test_M3_an_update_beyond_the_limit_that_fits_a_message_is_refused_by_field(shared):
    async def act(raw: Raw):
        return typed(bytes(MAX_UPDATE_BYTES + 1))

    await refused(shared, act, Code.TOO_LARGE, "instruction.update")


async def test_M3_an_update_that_lacks_its_predecessor_is_refused_and_waits_for_nothing(shared):
    async def act(raw: Raw):
        doc = await shared_text(raw, "seen ")
        doc.get("text", type=Text).insert(5, "never sent")
        before = doc.get_state()
        doc.get("text", type=Text).insert(15, "builds on it")
        return typed(doc.get_update(before))

    raw = await shared.join()
    refusal = await other_people_hear_nothing_but_own_text(shared, raw, act)
    assert (refusal["code"], refusal["field"]) == (Code.INVALID, "instruction.update")


async def other_people_hear_nothing_but_own_text(shared, raw, act):
    """As ``refused``, for acts that begin with a good edit of their own."""
    command = await act(raw)

    async def send(raw: Raw):
        return await raw.command(**command)

    return await other_people_hear_nothing(shared, send, raw)


async def test_M3_an_update_under_a_foreign_client_id_is_refused(shared):
    raw, victim = await shared.join(), await shared.join()

    async def act(raw: Raw):
        doc = await shared_text(raw, "mine ")
        theirs = Doc(client_id=victim.welcome["yjs_client"])
        theirs.apply_update(doc.get_update())
        before = theirs.get_state()
        theirs.get("text", type=Text).insert(0, "not by me")
        return typed(theirs.get_update(before))

    refusal = await other_people_hear_nothing_but_own_text(shared, raw, act)
    assert (refusal["code"], refusal["field"]) == (Code.INVALID, "instruction.update")
    assert str(victim.welcome["yjs_client"]) in refusal["message"]
    await victim.close()


@pytest.mark.parametrize("how", ["between", "delete", "before the second half"])
async def test_M3_an_update_that_cuts_an_emoji_in_two_is_refused(shared, how):
    raw = await shared.join()

    async def act(raw: Raw):
        me = raw.welcome["yjs_client"]
        await shared_text(raw, "\N{BUTTERFLY}!")  # units 0 and 1, and 2
        if how == "delete":
            return typed(update(deletions={me: [(0, 1)]}))
        right = (me, 1)
        left = (me, 0) if how == "between" else None
        return typed(update({(me, 3): [letters("x", left, right)]}))

    refusal = await other_people_hear_nothing_but_own_text(shared, raw, act)
    assert (refusal["code"], refusal["field"]) == (Code.INVALID, "instruction.update")


def format_it(doc: Doc) -> None:
    doc.get("text", type=Text).format(0, 2, {"bold": True})


def insert_bold(doc: Doc) -> None:
    doc.get("text", type=Text).insert(0, "x", {"bold": True})


def embed(doc: Doc) -> None:
    doc.get("text", type=Text).insert_embed(0, {"image": "x"})


def another_text(doc: Doc) -> None:
    doc.get("elsewhere", type=Text).insert(0, "x")


def a_map(doc: Doc) -> None:
    doc.get("map", type=Map)["key"] = "value"


@pytest.mark.parametrize("change", [format_it, insert_bold, embed, another_text, a_map])
async def test_M3_a_prompt_is_plain_text_and_nothing_else(shared, change):
    raw = await shared.join()

    async def act(raw: Raw):
        doc = await shared_text(raw, "plain")
        before = doc.get_state()
        change(doc)
        return typed(doc.get_update(before))

    refusal = await other_people_hear_nothing_but_own_text(shared, raw, act)
    assert (refusal["code"], refusal["field"]) == (Code.INVALID, "instruction.update")


# -- groups and undo (L6, U2) ---------------------------------------------------------------------


@pytest.fixture
async def editor(shared):
    owner = await shared.join()
    yield await shared.join(await asyncio.to_thread(shared.invite, owner, "editor"))
    await owner.close()


async def test_U2_an_editor_cannot_undo_somebody_elses_group(shared, editor):
    owner = await shared.join()
    group = (await owner.paint())["seq"]

    async def act(raw: Raw):
        return {"type": "undo", "group": group}

    refusal = await refused(shared, act, Code.FORBIDDEN, "group", editor)
    assert refusal["rule"] == "U2"
    await owner.close()


@pytest.mark.parametrize("which", ["an arrival", "a member", "not there", "undone"])
async def test_U2_what_is_no_live_group_cannot_be_undone_by_name(shared, which):
    owner = await shared.join()
    first = await owner.paint(group="burst")
    second = await owner.paint(group="burst")
    gone = await owner.paint()
    await owner.command(type="undo", group=gone["seq"])
    named = {
        "an arrival": 2,
        "a member": second["seq"],
        "not there": 10**6,
        "undone": gone["seq"],
    }[which]

    async def act(raw: Raw):
        return {"type": "undo", "group": named}

    code = Code.NOTHING_TO_UNDO if which == "undone" else Code.NOT_FOUND
    refusal = await refused(shared, act, code, "group")
    assert (str(first["seq"]) in refusal["message"]) == (which == "a member")
    await owner.close()


@pytest.mark.parametrize("name", ["", "two words", "x" * 65, 7])
async def test_L6_a_group_has_a_short_plain_name(shared, name):
    async def act(raw: Raw):
        return {**edit(**STROKE), "group": name}

    await refused(shared, act, Code.INVALID, "group")


async def test_L6_a_group_never_closed_is_closed_by_2_s_of_silence(shared):
    raw = await shared.join()

    async def groups():
        return [e["body"]["group"] for e in raw.events if e["body"]["kind"] == "edited"][-3:]

    first = await raw.paint(group="forever")
    await raw.paint(group="forever")
    await asyncio.sleep(2.3)
    third = await raw.paint(group="forever")
    await raw.wait_for(lambda m: m["type"] == "event" and m["seq"] == third["seq"])
    assert await groups() == [None, first["seq"], None]
    for expected in (third["seq"], first["seq"]):
        undone = await raw.command(type="undo")
        event = await raw.wait_for(
            lambda m, s=undone["seq"]: m["type"] == "event" and m["seq"] == s
        )
        assert event["body"]["groups"] == [expected]
    await raw.close()


# -- fields (M1, M2) ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instruction", "field"),
    [
        ({**STROKE, "frames": [9, 3]}, "instruction.frames"),
        ({"kind": "settings"}, "instruction"),
        ({"kind": "settings", "steps": 0}, "instruction.steps"),
        ({"kind": "revise", "target": 10**6, "strength": 5}, "instruction.target"),
        ({"kind": "revise", "target": 1, "strength": 5}, "instruction.target"),
        ({**COMMENT, "text": ""}, "instruction.text"),
        ({**COMMENT, "frame": -1}, "instruction.frame"),
    ],
)
async def test_L5_an_instruction_that_says_nothing_possible_is_refused_by_field(
    shared, instruction, field
):
    async def act(raw: Raw):
        return edit(**instruction)

    code = Code.NOT_FOUND if field == "instruction.target" else Code.INVALID
    await refused(shared, act, code, field)


@pytest.mark.parametrize(
    ("target", "fields", "field"),
    [
        (STROKE, {"radius": 5}, "instruction.radius"),
        (STROKE, {"text": "x"}, "instruction.text"),
        (STROKE, {"frames": [9, 3]}, "instruction.frames"),
        (STROKE, {}, "instruction"),
        (COMMENT, {"color": "#000000"}, "instruction.color"),
        ({"kind": "motion", "text": "runs"}, {"text": "x"}, "instruction.text"),
        ({"kind": "image", "blob": None}, {"strength": 5}, "instruction.strength"),
        ({"kind": "settings", "fps": 9}, {"strength": 5}, "instruction.strength"),
    ],
)
async def test_M2_a_revision_of_what_its_target_has_not_is_refused(shared, target, fields, field):
    owner = await shared.join()
    seq = (await owner.command(**edit(**target)))["seq"]

    async def act(raw: Raw):
        return edit(kind="revise", target=seq, **fields)

    await refused(shared, act, Code.INVALID, field)
    assert (await owner.command(type="undo"))["type"] == "ack"
    await owner.close()


async def test_M2_a_revision_of_an_undone_edit_is_refused(shared):
    owner = await shared.join()
    seq = (await owner.command(**edit(**STROKE)))["seq"]
    await owner.command(type="undo")

    async def act(raw: Raw):
        return edit(kind="revise", target=seq, strength=5)

    await refused(shared, act, Code.NOT_FOUND, "instruction.target")
    await owner.close()


@pytest.mark.parametrize(("size", "field"), [(2001, "instruction.text"), (1_000_000, None)])
async def test_L5_a_comment_that_is_a_book_is_refused(shared, size, field):
    async def act(raw: Raw):
        return edit(**{**COMMENT, "text": "x" * size})

    await refused(shared, act, Code.TOO_LARGE, field)
