"""M3 for clients with a CRDT: Yjs updates of several people merge; nobody writes as another."""

import pytest
from people import Table
from yjs_clients import Pen, desks, letters, read_by_splices, refused, same, update

from framejam_protocol.errors import Code
from framejam_protocol.instructions import Typed
from framejam_protocol.limits import MAX_PROMPT_CHARS
from framejam_server.session.yjs import SERVER, client_of

ANNA, BEN = client_of("tab-of-anna"), client_of("tab-of-ben1")
TWINS = ("tab-0015165", "tab-0042567")
"""Two client_ids with the same Yjs client id, found by trying."""


# -- merging ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annas", "bens", "together"),
    [
        ((0, "", "not "), (9, "", " now"), {"not a red sea now"}),
        ((2, "red", "blue"), (2, "", "very "), {"a very blue sea", "a bluevery  sea"}),
        ((2, "red ", ""), (4, "", "D"), {"a Dsea"}),
        ((0, "a red sea", ""), (5, "", "!"), {"!"}),
        ((0, "a red sea", ""), (0, "a red sea", ""), {""}),
        ((2, "red", "blue"), (2, "red", "green"), {"a bluegreen sea", "a greenblue sea"}),
    ],
)
def test_M3_concurrent_updates_merge_alike_in_both_orders(annas, bens, together):
    texts = set()
    for first in ("anna", "ben1"):
        table, anna, ben = desks()
        updates = [("anna", anna.write(*annas)), ("ben1", ben.write(*bens))]
        for person, data in updates if first == "anna" else reversed(updates):
            table.typed(person, data)
        texts.add(same(table, anna, ben))
    assert len(texts) == 1
    assert texts <= together


def test_M3_concurrent_runs_of_letters_are_not_interleaved():
    table, anna, ben = desks()
    updates = [("anna", anna.write(9 + n, "", "A")) for n in range(4)]
    updates += [("ben1", ben.write(9 + n, "", "B")) for n in range(4)]
    for person, data in [updates[n] for n in (0, 4, 1, 5, 6, 2, 3, 7)]:
        table.typed(person, data)
    assert same(table, anna, ben) in {"a red seaAAAABBBB", "a red seaBBBBAAAA"}


def test_M3_updates_and_splices_merge():
    table, anna, ben = desks()
    base = table.state.seq
    data = anna.write(2, "red", "blue")
    table.spliced("ben1", 0, "", "not ", base=base)
    table.typed("anna", data)
    table.spliced("ben1", 9, "", " now", base=base)
    assert same(table, anna, ben) == "not a blue sea now"


def test_M3_an_update_is_kept_as_the_change_people_see():
    table, anna, _ = desks()
    table.spliced("ben1", 0, "", "🦋 ")
    seq = table.typed("anna", anna.write(2, "red", "blau"))
    (change,) = [event.body.instruction for event in table.session.log if event.seq == seq]
    assert read_by_splices([table.session.log[seq - 1]], "🦋 a red sea") == table.text
    assert sum(len(splice.removed) for splice in change.splices) == 3


def test_M3_several_changes_come_in_one_update():
    table, anna, ben = desks()
    before = anna.doc.get_state()
    anna.write(0, "a", "the")
    anna.write(4, "red", "blue")
    anna.write(12, "", "!")
    ben.type(2, "", "one ")
    table.typed("anna", anna.doc.get_update(before))
    assert same(table, anna, ben) == "the one blue sea!"


def test_M3_deletions_may_be_repeated_and_typing_may_not():
    table, anna, _ = desks()
    table.typed("anna", anna.write(0, "a", ""))
    seq = table.typed("anna", update({}, {SERVER: [(0, 1)]}))
    assert table.session.log[seq - 1].body.instruction.splices == ()
    before = anna.doc.get_state()
    table.typed("anna", anna.write(0, "", "x"))
    for data in (anna.doc.get_update(before), anna.doc.get_update()):
        assert table.refused("anna", Typed("content", data)).field == "instruction.update"
    anna.write(1, "", "y")
    refused(table, anna.doc.get_update(before), "repeats")


def test_M3_deleting_what_is_gone_already_is_taken_and_changes_nothing():
    table, anna, ben = desks()
    annas, bens = anna.write(2, "red ", ""), ben.write(2, "red ", "")
    table.typed("anna", annas)
    seq = table.typed("ben1", bens)
    assert same(table, anna, ben) == "a sea"
    assert table.session.log[seq - 1].body.instruction.splices == ()


def test_M3_the_server_restarts_and_everybody_types_on():
    table, anna, ben = desks()
    anna.type(0, "", "x")
    unsent = anna.write(1, "", "y")
    table.restart()
    ben.read().type(10, "", "!")
    table.spliced("ben1", 2, "", "-")
    table.typed("anna", unsent)
    anna.read().type(0, "x", "X")
    assert same(table, anna, ben) == "Xya- red sea!"


def test_M3_undo_reaches_documents_and_they_type_on():
    table, anna, ben = desks()
    anna.type(2, "red", "blue")
    unsent = ben.read().write(10, "", "!")
    table.undo("anna")
    table.typed("ben1", unsent)
    anna.read().type(0, "a", "the")
    assert same(table, anna, ben) == "the red sea!"


# -- whose updates ---------------------------------------------------------------------------


def test_M3_the_yjs_client_of_a_client_id_is_always_the_same_and_never_the_servers():
    assert client_of("tab-of-anna") == 1301106513
    numbers = {client_of(f"client-{n}") for n in range(5000)}
    assert len(numbers) == 5000
    assert all(16 <= one < 2**32 for one in numbers)
    assert SERVER < 16


@pytest.mark.parametrize("restarted", [False, True])
def test_M3_two_client_ids_with_one_yjs_client_are_not_both_bound(restarted):
    one, other = TWINS
    assert client_of(one) == client_of(other)
    table = Table("anna", "ben1")
    table.session.bind(one, "anna")
    table.edit("anna", Typed("content", update({(client_of(one), 0): [letters("hi")]})), tab=one)
    if restarted:
        table.restart()
    table.session.release(one)
    assert table.session.bind(other, "ben1") is None
    assert table.session.bind(other, "anna") is None
    assert table.session.bind(one, "anna") is not None


def test_M3_a_yjs_client_that_wrote_nothing_is_free_again_when_it_left():
    one, other = TWINS
    table = Table("anna", "ben1")
    assert table.session.bind(one, "anna") is not None
    assert table.session.bind(other, "ben1") is None
    table.session.release(one)
    assert table.session.bind(other, "ben1") is not None


def test_M3_a_foreign_yjs_client_is_refused():
    table, _, ben = desks()
    refused(table, ben.write(0, "", "x"), str(BEN))
    refused(table, update({(SERVER, 9): [letters("x")]}), str(ANNA))
    both = update({(BEN, 0): [letters("x")], (ANNA, 0): [letters("y")]})
    refused(table, both, str(BEN))


def test_M3_deleting_what_others_typed_is_no_writing_as_them():
    table, anna, ben = desks()
    ben.type(0, "", "xyz ")
    anna.read().type(0, "xy", "")
    assert same(table, anna, ben) == "z a red sea"


# -- bounds ----------------------------------------------------------------------------------


def test_M3_an_update_that_makes_a_prompt_too_long_is_refused_with_what_others_typed():
    table, anna, ben = desks()
    unsent = anna.write(0, "", "x" * (MAX_PROMPT_CHARS - 10))
    table.spliced("ben1", 0, "", "ab")
    refusal = table.refused("anna", Typed("content", unsent))
    assert (refusal.code, refusal.field) == (Code.TOO_LARGE, "instruction.update")
    assert str(MAX_PROMPT_CHARS + 1) in refusal.message
    again = Pen(table, "anna")  # the client rebuilds from the log
    again.type(0, "", "x" * (MAX_PROMPT_CHARS - 11))
    assert len(same(table, again, ben)) == MAX_PROMPT_CHARS


def test_M3_a_refused_update_leaves_nothing_behind_for_the_next():
    table, anna, _ = desks()
    table.refused("anna", Typed("content", anna.write(0, "", "x" * MAX_PROMPT_CHARS)))
    table.refused("anna", Typed("content", update({(ANNA, 3): [letters("x")]})))
    table.typed("anna", update({(ANNA, 0): [letters("y", right=(SERVER, 0))]}))
    table.typed("anna", update({(ANNA, 1): [letters("z", left=(ANNA, 0))]}))
    assert same(table, Pen(table, "ben1")) == "yza red sea"


def test_M3_an_update_for_the_motion_prompt_is_not_one_for_the_content():
    table = Table("anna")
    table.typed("anna", update({(ANNA, 0): [letters("left")]}), prompt="motion")
    assert table.state.prompts["motion"].text == "left"
    assert table.text == ""
    table.typed("anna", update({(ANNA, 0): [letters("sea")]}))
    assert (table.text, table.state.prompts["motion"].text) == ("sea", "left")
