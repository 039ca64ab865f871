"""Bytes nobody sends by accident: each ends in a typed error, none in a traceback."""

import hashlib
import io
import tracemalloc

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from framejam_protocol.errors import Code
from framejam_protocol.wire import WireError, decode_client, too_long
from framejam_server.images import BadImage, inspect_image
from framejam_server.net.auth import authenticate, mint
from framejam_server.store.contract import SessionRow
from framejam_server.store.memory import MemoryStore

EDIT = {"type": "edit", "client_seq": 3, "instruction": {"kind": "content", "text": "x"}}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (msgpack.packb(EDIT).replace(b"\xa1x", b"\xa1\xff"), Code.MALFORMED),
        (msgpack.packb({"type": [1]}), Code.INVALID),
        (msgpack.packb({"type": {}}), Code.INVALID),
        (msgpack.packb({1: 2}), Code.INVALID),
        (msgpack.packb({**EDIT, "client_seq": True}), Code.INVALID),
        (msgpack.packb({**EDIT, "client_seq": 2**60}), Code.INVALID),
        (msgpack.packb(EDIT) + b"\x00", Code.MALFORMED),
    ],
)
def test_L5_odd_messages_are_wire_errors(data, code):
    with pytest.raises(WireError) as caught:
        decode_client(data)
    assert caught.value.code == code


@pytest.mark.parametrize("size", [10, 200_000])
def test_L5_an_answer_does_not_repeat_what_was_wrong_at_length(size):
    with pytest.raises(WireError) as caught:
        decode_client(msgpack.packb({**EDIT, "x" * size: 1}))
    assert len(str(caught.value)) < 500
    assert caught.value.client_seq == 3


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (EDIT, 3),
        ({"instruction": {"deep": [[["x"]]]}, "client_seq": 3, "type": "undo"}, 3),
        ({"client_seq": 3, "to": 1, "type": "restore"}, 3),
        ({**EDIT, "type": "presence"}, None),
        ({**EDIT, "client_seq": 0}, None),
        ({**EDIT, "client_seq": "3"}, None),
        ({"type": "edit"}, None),
        ([EDIT], None),
    ],
)
def test_L5_a_message_that_is_too_long_is_known_by_its_number_if_it_is_a_command(message, number):
    data = msgpack.packb(message)
    error = too_long(data)
    assert (error.code, error.client_seq, error.closes) == (Code.TOO_LARGE, number, False)
    assert error.digest == hashlib.sha256(data).digest()


def test_L5_a_long_message_is_looked_through_without_being_built():
    items = 4_000_000
    data = b"\x82\xabinstruction\xdd" + items.to_bytes(4, "big") + b"\x90" * items + b"\xa4type"
    data += b"\xa4edit"
    tracemalloc.start()
    try:
        assert too_long(data).code == Code.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=200))
def test_L5_any_bytes_are_a_message_or_a_wire_error(data):
    assert too_long(data).code == Code.TOO_LARGE
    try:
        decode_client(data)
    except WireError as error:
        assert str(error)


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**63)
            | st.floats()
            | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=5,
        ),
        max_size=4,
    )
)
def test_L5_any_map_is_a_message_or_a_wire_error(fields):
    try:
        decode_client(msgpack.packb({**EDIT, **fields}))
    except WireError as error:
        assert error.code in (Code.INVALID, Code.UNKNOWN_TYPE, Code.TOO_LARGE)


@pytest.mark.parametrize(
    "text",
    ["", ".", "a.b", "\udc80.\udc80", "0" * 16 + ".", "g" * 16 + "." + "x" * 43, "0" * 10_000],
)
async def test_A2_odd_tokens_open_nothing_and_do_not_reach_the_store(text):
    class Untouchable(MemoryStore):
        async def token(self, token_id):
            raise AssertionError("the store was asked")

    assert await authenticate(Untouchable(), "s", text) is None


async def test_A2_a_minted_token_opens_its_own_session_only():
    store = MemoryStore()
    await store.create_session(SessionRow("s", "e", 0), [])
    token, text = mint("s", "editor")
    await store.add_token(token)
    assert await authenticate(store, "s", text) == token
    assert await authenticate(store, "t", text) is None
    assert text.split(".")[1].encode() not in token.digest


def test_A3_a_phones_jpeg_with_a_second_picture_is_a_jpeg():
    out = io.BytesIO()
    picture = Image.new("RGB", (40, 30), "#446688")
    picture.save(out, "MPO", save_all=True, append_images=[picture])
    assert inspect_image(out.getvalue()) == ("image/jpeg", 40, 30)


@given(st.binary(max_size=300), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.data())
def test_A3_damaged_images_are_bad_images(noise, form, data):
    out = io.BytesIO()
    Image.new("RGB", (9, 9), "#446688").save(out, form)
    whole = out.getvalue()
    place = data.draw(st.integers(0, len(whole)))
    try:
        inspect_image(whole[:place] + noise + whole[place + len(noise) :])
    except BadImage as error:
        assert str(error)
