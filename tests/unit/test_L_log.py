"""L: the log. One order, stamped by the server, idempotent, folded the same everywhere."""

import msgpack
import pytest
from people import BLOB, Table, created, stroke
from yjs_clients import Pen

from framejam_protocol.errors import Code
from framejam_protocol.events import Edited, Event
from framejam_protocol.fold.canonical import state_hash
from framejam_protocol.fold.state import fold
from framejam_protocol.instructions import Adjust, Content, Image, Revise, Typed
from framejam_protocol.messages import Ack, Edit, Redo, Undo
from framejam_protocol.wire import WireError, decode_client, encode
from framejam_server.session.session import Append, Session


def test_L1_seqs_have_no_gaps_and_the_server_stamps_author_and_time():
    table = Table("anna", "ben1")
    for turn in range(5):
        table.content("anna" if turn % 2 else "ben1", f"text {turn}")
    log = table.session.log
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    edits = [event for event in log if isinstance(event.body, Edited)]
    assert [event.author for event in edits] == ["ben1", "anna", "ben1", "anna", "ben1"]
    assert [event.at for event in edits] == [1, 2, 3, 4, 5]


def test_L1_a_client_cannot_send_seq_author_or_time():
    for forged in ("seq", "author", "at"):
        message = msgpack.packb({"type": "undo", "client_seq": 1, forged: 7})
        with pytest.raises(WireError) as caught:
            decode_client(message)
        assert caught.value.code == Code.INVALID
        assert forged in str(caught.value)


def test_L1_a_client_cannot_write_what_only_the_log_says():
    log_text = {"kind": "text", "prompt": "content", "update": b"\x00\x00", "splices": []}
    with pytest.raises(WireError) as caught:
        decode_client(msgpack.packb({"type": "edit", "client_seq": 1, "instruction": log_text}))
    assert caught.value.code == Code.UNKNOWN_TYPE
    assert caught.value.client_seq == 1, "its number is used up (L4)"


def test_L1_a_log_with_a_gap_is_not_folded():
    edited = Event(seq=3, at=0, author="anna", body=Edited(instruction=Content("x")))
    with pytest.raises(ValueError, match="gap"):
        fold([created(), edited])


def test_L2_a_rolled_back_edit_leaves_state_log_and_numbers_as_before():
    table = Table("anna")
    table.content("anna", "kept")
    before, length = table.hash, len(table.session.log)
    lost = table.effects("anna", Edit(table.number("anna"), Content("lost")))
    lost += table.effects("anna", Edit(table.number("anna"), stroke()))
    table.session.rollback(lost)
    assert table.hash == before
    assert len(table.session.log) == length
    assert table.session.state.seq == length
    # The numbers are free again: the client sends the same commands once more.
    again = table.effects("anna", Edit(2, Content("lost")))
    assert table.answer(again) == Ack(client_seq=2, seq=length + 1)


def test_L2_a_rolled_back_gesture_of_text_leaves_the_documents_as_before():
    table = Table("anna", "ben1")
    pen = Pen(table, "anna")
    pen.type(0, "", "kept")
    unsent = pen.write(4, "", " lost")
    lost = table.effects("anna", Edit(table.number("anna"), Typed("content", unsent)))
    lost += table.effects("anna", Undo(table.number("anna")))
    table.lose("anna", lost)
    assert table.text == "kept"
    table.spliced("ben1", 4, "", "!")
    table.typed("anna", unsent)
    assert table.text == Pen(table, "ben1").text == "kept! lost"


def test_L3_the_fold_of_the_stored_log_is_the_state():
    table = Table("anna", "ben1")
    table.content("anna", "a red butterfly")
    table.image("ben1")
    table.paint("anna")
    table.paint("ben1", "#00ff00")
    table.undo("anna")
    assert state_hash(fold(table.session.log)) == table.hash


def test_L3_entry_steps_are_outside_the_hash():
    table = Table("anna")
    edit = table.content("anna", "x")
    before = table.hash
    table.session.enter(1, {4: (edit,)}, 0)
    assert table.session.state.mapping(1) == {edit: 4}
    assert table.hash == before


def test_L4_the_same_pair_again_returns_the_first_answer_and_appends_nothing():
    table = Table("anna")
    first = table.effects("anna", Edit(1, Content("x")))
    length = len(table.session.log)
    again = table.effects("anna", Edit(1, Content("x")))
    assert table.answer(again) == table.answer(first)
    assert len(table.session.log) == length
    assert not [effect for effect in again if isinstance(effect, Append)]


@pytest.mark.parametrize("command", [Undo(2), Undo(2, group=3), Redo(2)])
def test_L4_undo_and_redo_sent_twice_are_done_once(command):
    table = Table("anna")
    table.paint("anna")
    if isinstance(command, Redo):
        table.undo("anna")
        command = Redo(3)
    first = table.effects("anna", command)
    length = len(table.session.log)
    again = table.effects("anna", command)
    assert isinstance(table.answer(first), Ack)
    assert table.answer(again) == table.answer(first)
    assert len(table.session.log) == length


def test_L4_typing_sent_twice_is_typed_once():
    table = Table("anna")
    pen = Pen(table, "anna")
    command = Edit(1, Typed("content", pen.write(0, "", "sea")))
    first, again = table.effects("anna", command), table.effects("anna", command)
    assert table.answer(again) == table.answer(first)
    assert table.text == "sea"


def test_L4_the_group_an_edit_names_is_part_of_what_it_says():
    table = Table("anna")
    table.effects("anna", Edit(1, Content("x"), group="one"))
    refusal = table.refusal(table.effects("anna", Edit(1, Content("x"), group="two")))
    assert refusal.code == Code.CONFLICT


def test_L4_the_same_pair_with_another_payload_is_a_conflict():
    table = Table("anna")
    table.effects("anna", Edit(1, Content("x")))
    before = table.hash
    refusal = table.refusal(table.effects("anna", Edit(1, Content("y"))))
    assert (refusal.code, refusal.field, refusal.used) == (Code.CONFLICT, "client_seq", False)
    assert table.hash == before


def test_L4_a_gap_is_answered_with_the_number_expected():
    table = Table("anna")
    table.effects("anna", Edit(1, Content("x")))
    refusal = table.refusal(table.effects("anna", Edit(5, Content("y"))))
    assert (refusal.code, refusal.expected, refusal.used) == (Code.GAP, 2, False)
    assert isinstance(table.answer(table.effects("anna", Edit(2, Content("y")))), Ack)


def test_L4_a_refused_edit_uses_up_its_number_and_its_refusal_is_remembered():
    table = Table("anna")
    unknown = Image("cd" * 32)
    refused = table.effects("anna", Edit(1, unknown))
    assert table.refusal(refused).code == Code.NOT_FOUND
    assert len(table.receipts(refused)) == 1
    assert isinstance(table.answer(table.effects("anna", Edit(2, Content("behind it")))), Ack)
    # The image arrives later, yet the same pair still gets the first answer.
    table.session.blobs.add("cd" * 32)
    assert table.answer(table.effects("anna", Edit(1, unknown))) == table.refusal(refused)


def test_L4_receipts_survive_a_rebuild():
    table = Table("anna")
    effects = table.effects("anna", Edit(1, Content("x")))
    effects += table.effects("anna", Edit(2, Image("cd" * 32)))
    receipts = [remember.receipt for remember in table.receipts(effects)]
    rebuilt = Session(table.session.log, receipts)
    assert rebuilt.bind("tab-of-anna", "anna").next_seq == 3
    again = rebuilt.command("anna", "tab-of-anna", Edit(1, Content("x")), 99)
    assert Table.answer(again) == Table.answer(effects[:3])


def test_L4_two_tabs_of_one_person_count_separately():
    table = Table("anna")
    assert table.session.bind("second-tab", "anna").next_seq == 1
    table.content("anna", "one")
    again = table.session.command("anna", "second-tab", Edit(1, Content("two")), 5)
    assert isinstance(Table.answer(again), Ack)


def test_L4_a_client_id_belongs_to_one_participant():
    table = Table("anna", "ben1")
    assert table.session.bind("tab-of-anna", "ben1") is None


def test_L5_an_invalid_edit_is_refused_by_field_and_the_next_one_is_unharmed():
    table = Table("anna")
    before = table.hash
    bad = msgpack.packb(
        {
            "type": "edit",
            "client_seq": 1,
            "instruction": {
                "kind": "paint",
                "points": [[1, float("nan")]],
                "color": "#ff0000",
                "width": 5,
            },
        }
    )
    with pytest.raises(WireError) as caught:
        decode_client(bad)
    refusal = table.refusal(table.session.command("anna", "tab-of-anna", caught.value, 1))
    assert (refusal.code, refusal.client_seq) == (Code.INVALID, 1)
    assert refusal.field == "instruction.points[0][1]"
    assert refusal.used
    assert table.hash == before
    assert isinstance(table.answer(table.effects("anna", Edit(2, Content("fine")))), Ack)


def test_L5_an_unknown_image_is_refused_by_name():
    table = Table("anna")
    refusal = table.refusal(table.effects("anna", Edit(1, Image("cd" * 32))))
    assert (refusal.code, refusal.field, refusal.rule) == (Code.NOT_FOUND, "instruction.blob", "A3")
    assert isinstance(table.answer(table.effects("anna", Edit(2, Image(BLOB)))), Ack)


def test_A1_a_viewer_changes_nothing():
    table = Table("anna")
    table.join("vera", "viewer")
    edit = table.paint("anna")
    for given in (Content("x"), stroke(), Revise(edit, color="#00ff00"), Adjust(seed=2)):
        refusal = table.refused("vera", given)
        assert (refusal.code, refusal.rule) == (Code.FORBIDDEN, "A1")


def test_A1_a_viewer_comments_and_undoes_their_own_comment_only():
    table = Table("anna")
    table.join("vera", "viewer")
    table.paint("anna")
    comment = table.comment("vera", "here")
    table.revise("vera", comment, text="there")
    assert table.undo("vera").body.groups == (comment + 1,)
    assert table.undo("vera").body.groups == (comment,)
    assert table.undo("vera").code == Code.NOTHING_TO_UNDO


def test_A1_a_comment_is_its_authors_and_the_owners_and_editors_may_resolve_it():
    table = Table("anna", "ben1")
    table.join("olga", "owner")
    table.join("vera", "viewer")
    comment = table.comment("anna")
    assert table.refused("ben1", Revise(comment, text="mine")).code == Code.FORBIDDEN
    assert table.refused("ben1", Revise(comment, text="mine", resolved=True)).rule == "A1"
    assert table.refused("vera", Revise(comment, resolved=True)).code == Code.FORBIDDEN
    table.revise("ben1", comment, resolved=True)
    table.revise("olga", comment, text="hers", resolved=False)


@pytest.mark.parametrize("role", ["owner", "editor"])
def test_A1_owners_and_editors_edit(role):
    table = Table("anna")
    table.join("olga", role)
    assert table.content("olga", "x") == table.session.state.seq


def test_L4_equal_commands_have_equal_bytes():
    assert encode(Edit(1, Content("x"))) == encode(decode_client(encode(Edit(1, Content("x")))))


def test_T13_what_is_reflected_ends_before_the_first_live_edit_that_has_not_entered():
    table = Table("anna")
    first, second = table.paint("anna"), table.paint("anna")
    state = table.session.state
    assert state.reflected == first - 1
    table.session.enter(1, {2: (first,)}, 0)
    assert state.reflected == second - 1
    table.undo("anna")
    assert state.reflected == state.seq, "an edit that was undone need not enter"


def test_T1_an_edit_that_is_brought_back_waits_to_enter_unless_it_had():
    table = Table("anna")
    entered, waiting = table.paint("anna"), table.paint("anna")
    table.session.enter(1, {2: (entered,)}, 0)
    for _ in range(2):
        table.undo("anna")
    assert table.state.pending() == []
    table.redo("anna")
    assert table.state.pending() == []
    table.redo("anna")
    assert [edit.seq for edit in table.state.pending()] == [waiting]


def test_T8_what_enters_another_take_still_waits_to_enter_the_one_in_force():
    table = Table("anna")
    edit = table.paint("anna")
    table.adjust("anna", seed=2)
    table.session.enter(1, {0: (edit,)}, 0)
    assert table.state.take == 2
    assert [one.seq for one in table.state.pending()] == [edit]
