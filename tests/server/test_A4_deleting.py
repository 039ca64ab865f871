"""A4: a session is deleted with everything it owns, and nothing of another's; also by a crash."""

import asyncio
import io

import pytest
from house import house_in
from PIL import Image

from framejam_protocol.errors import Close, Code
from framejam_server.retention import DAY_S, delete_forgotten
from framejam_server.store.blobs import BlobFiles
from framejam_server.store.contract import StoreError, TakeRecord
from framejam_server.store.leavings import Leavings
from framejam_server.store.opening import open_store

DAY_MS = DAY_S * 1000


def png(color: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
async def house(tmp_path):
    async with house_in(tmp_path) as made:
        yield made


async def upload(room, color, who="olga"):
    answer = await room.call("POST", "blobs", who, png(color))
    assert answer.status == 201, answer.body
    return answer.json["blob"]


def files(house):
    """The images on the disk, and the notes of sessions that are being deleted."""
    blobs = {path.name for path in house.files._folder.rglob("*") if path.is_file()}
    return blobs, {path.name for path in house.leavings._folder.iterdir()}


async def test_A4_everybody_is_told_and_nothing_is_left(house):
    room = await house.session(olga="owner", edna="editor")
    invite = await room.invite()
    own, shared = await upload(room, "red"), await upload(room, "blue")
    other = await house.session(otto="owner")
    assert await upload(other, "blue", "otto") == shared
    await house.store.add_take(room.id, TakeRecord(1, 1, "digest", "{}"))
    raws = [await room.join(name) for name in ("olga", "edna", "edna")]
    bystander = await other.join("otto")
    assert (await raws[1].content("soon gone"))["type"] == "ack"
    answer = await room.call("DELETE", "", "olga")
    assert (answer.status, answer.json) == (200, {"deleted": room.id})
    for raw in raws:
        assert await raw.close_code() == Close.GONE
        assert raw.closed[1] == "an owner deleted this session"
    store = house.store
    assert await store.load(room.id) is None
    assert (await store.size(room.id)).events == 0
    assert await store.audit_trail(room.id, None, 10) == []
    assert files(house) == ({shared}, set())
    assert house.forgotten == [room.id]
    assert not [key for key in house.renderer.takes if key.startswith(room.id)]
    assert [row.id for row in await store.sessions()] == [other.id]
    assert house.hub.sessions == 1
    for token in (*room.tokens.values(), invite.token):
        late = await room.knock(token)
        assert await late.close_code() == Close.UNAUTHORISED
        assert (await room.call("GET", "takes", token)).status == 401
    assert (await bystander.content("still here"))["type"] == "ack"
    assert (await other.call("GET", f"blobs/{shared}", "otto")).body == png("blue")
    assert own != shared


@pytest.mark.parametrize("who", ["edna", "vera", "otto"])
async def test_A4_only_an_owner_of_the_session_deletes_it(house, who):
    room = await house.session(olga="owner", edna="editor", vera="viewer")
    other = await house.session(otto="owner")
    answer = await room.call("DELETE", "", room.tokens.get(who, other.tokens["otto"]))
    assert answer.status == (401 if who == "otto" else 403)
    assert (await room.call("GET", "takes", who if who in room.tokens else "olga")).status == 200


async def test_A4_who_comes_while_it_is_deleted_is_sent_away_and_not_let_into_a_ghost(house):
    room = await house.session(olga="owner", edna="editor")
    delete, begun, go = house.store.delete_session, asyncio.Event(), asyncio.Event()

    async def slow(session):
        begun.set()
        await go.wait()
        return await delete(session)

    house.store.delete_session = slow
    deleting = asyncio.create_task(room.call("DELETE", "", "olga"))
    await begun.wait()
    meanwhile = await room.knock(room.tokens["edna"])
    assert await meanwhile.close_code() == Close.UNAVAILABLE, "nobody knows yet: come back"
    assert (await room.call("GET", "takes", "edna")).status == 503
    assert (await room.call("DELETE", "", "olga")).status in (200, 503)
    go.set()
    assert (await deleting).status == 200
    assert house.hub.sessions == 0
    late = await room.knock(room.tokens["edna"])
    assert await late.close_code() == Close.UNAUTHORISED


async def test_A4_who_was_half_in_is_told_that_it_is_gone(house):
    room = await house.session(olga="owner")
    invite = await room.invite()
    redeem, begun, go = house.store.redeem, asyncio.Event(), asyncio.Event()

    async def slow(*given):
        begun.set()
        await go.wait()
        return await redeem(*given)

    house.store.redeem = slow
    raw = await room.knock(invite.token)
    await begun.wait()
    assert (await room.call("DELETE", "", "olga")).status == 200
    go.set()
    assert await raw.close_code() in (Close.GONE, Close.UNAUTHORISED)
    assert not room.live.members


async def test_A4_a_store_that_fails_leaves_everything_as_it_was(house):
    room = await house.session(olga="owner", edna="editor")
    blob = await upload(room, "red")
    edna = await room.join("edna")
    kept = (await edna.content("kept"))["seq"]
    delete = house.store.delete_session

    async def failing(_session):
        raise StoreError("no")

    house.store.delete_session = failing
    answer = await room.call("DELETE", "", "olga")
    assert (answer.status, answer.json["error"]["code"]) == (503, Code.UNAVAILABLE)
    assert await edna.close_code() == Close.UNAVAILABLE
    assert Close(edna.closed[0]).retry
    back = await room.join("edna")
    assert back.welcome["head_seq"] >= kept
    assert (await back.command(type="undo"))["type"] == "ack"
    assert (await room.call("GET", f"blobs/{blob}", "edna")).status == 200
    house.store.delete_session = delete
    assert (await room.call("DELETE", "", "olga")).status == 200
    assert files(house) == (set(), set())


async def test_A4_an_image_that_comes_to_another_session_meanwhile_keeps_its_file(house):
    """The same picture is uploaded elsewhere at the very moment at which its last session goes."""
    room, other = await house.session(olga="owner"), await house.session(otto="owner")
    blob = await upload(room, "red")
    delete, begun, go = house.store.delete_session, asyncio.Event(), asyncio.Event()

    async def slow(session):
        gone = await delete(session)
        begun.set()
        await go.wait()
        return gone

    house.store.delete_session = slow
    deleting = asyncio.create_task(room.call("DELETE", "", "olga"))
    await begun.wait()
    uploading = asyncio.create_task(upload(other, "red", "otto"))
    await asyncio.sleep(0.1)
    go.set()
    await deleting
    assert await uploading == blob
    assert (await other.call("GET", f"blobs/{blob}", "otto")).body == png("red")


class Crash(BaseException):
    """The process is gone, as by kill -9."""


CRASHES = ["before the note", "after the note", "after the rows", "between the files", "at the end"]


@pytest.mark.parametrize("when", CRASHES)
async def test_A4_a_server_that_dies_in_between_leaves_the_old_or_the_new(tmp_path, when):
    store = await open_store(tmp_path / "framejam.db", None)
    async with house_in(tmp_path, store) as house:
        room, other = await house.session(olga="owner"), await house.session(otto="owner")
        blobs = {await upload(room, color) for color in ("red", "green", "white")}
        shared = await upload(room, "blue")
        await upload(other, "blue", "otto")
        _crash_at(house, when)
        with pytest.raises(Crash):
            await house.hub.delete(room.id, "gone")
        tokens, ids = (room.tokens, other.tokens), (room.id, other.id)
    await store.close()
    store = await open_store(tmp_path / "framejam.db", None)
    async with house_in(tmp_path, store) as house:
        await house.leavings.settle(store)
        rows = {row.id for row in await store.sessions()}
        is_old = when in CRASHES[:2]
        assert rows == ({*ids} if is_old else {ids[1]})
        assert files(house) == ({*blobs, shared} if is_old else {shared}, set())
        assert house.forgotten == ([] if is_old else [ids[0]])
        for session, names in zip(ids, tokens, strict=True):
            (token,) = names.values()
            answer = await house.call("GET", f"/api/sessions/{session}/takes", token)
            assert answer.status == (200 if session in rows else 401)
            if session in rows:
                path = f"/api/sessions/{session}/blobs/{shared}"
                assert (await house.call("GET", path, token)).body == png("blue")
    await store.close()


def _crash_at(house, when):
    store, leavings = house.store, house.leavings
    note, delete, remove = leavings.note, store.delete_session, house.files.remove
    removed = []

    def crash(*_given):
        raise Crash

    def noted(*given):
        note(*given)
        raise Crash

    async def deleted(session):
        await delete(session)
        raise Crash

    def some(blob):
        if removed:
            raise Crash
        removed.append(blob)
        remove(blob)

    if when == "before the note":
        leavings.note = crash
    elif when == "after the note":
        leavings.note = noted
    elif when == "after the rows":
        store.delete_session = deleted
    elif when == "between the files":
        house.files.remove = some
    else:
        leavings._others = [crash]


async def test_A4_the_notes_of_a_start_delete_nothing_that_somebody_has(tmp_path):
    """The database beside the files may be another one: only what a note names is looked at."""
    async with house_in(tmp_path) as house:
        room = await house.session(olga="owner")
        kept, noted = await upload(room, "red"), house.files.put(png("green"))
        stray = house.files.put(png("white"))
        house.leavings.note("0123456789abcdef", [kept, noted])
        await house.leavings.settle(house.store)
        assert files(house) == ({kept, stray}, set())


async def test_A4_sessions_that_nobody_opens_are_deleted_after_their_days(house):
    old, noted, edited, here = [await house.session(olga="owner") for _ in range(4)]
    house.ms += 20 * DAY_MS
    raw = await noted.join("olga")
    await raw.close()
    editor = await edited.join("olga")
    await editor.content("something")
    await editor.close()
    await house.hub.trail.close()
    house.ms += 9 * DAY_MS
    stays = await here.join("olga")
    await house.hub.trail.close()
    assert await delete_forgotten(house.hub, 30) == []
    house.ms += 2 * DAY_MS
    assert await delete_forgotten(house.hub, 30) == [old.id]
    house.ms += 30 * DAY_MS
    assert set(await delete_forgotten(house.hub, 30)) == {noted.id, edited.id}
    assert (await stays.content("still here"))["type"] == "ack", "who is in keeps it"
    await stays.close()
    while here.live.members:
        await asyncio.sleep(0.01)
    house.ms += 29 * DAY_MS
    assert await delete_forgotten(house.hub, 30) == [], "for the days since they were last in"
    house.ms += 2 * DAY_MS
    assert await delete_forgotten(house.hub, 30) == [here.id]


async def test_A4_who_came_long_ago_and_worked_since_keeps_the_session(house):
    """The server was off when the days' notes were due: the log tells, too."""
    room = await house.session(olga="owner")
    raw = await room.join("olga")
    house.ms += 20 * DAY_MS
    assert (await raw.content("still at it"))["type"] == "ack"
    await raw.close()
    while room.live.members:
        await asyncio.sleep(0.01)
    house.ms += 29 * DAY_MS
    assert await delete_forgotten(house.hub, 30) == []
    house.ms += 2 * DAY_MS
    assert await delete_forgotten(house.hub, 30) == [room.id]


async def test_A4_a_store_that_fails_keeps_forgotten_sessions_for_the_next_day(house):
    room = await house.session(olga="owner")
    house.ms += 31 * DAY_MS
    sessions = house.store.sessions

    async def failing():
        raise StoreError("no")

    house.store.sessions = failing
    assert await delete_forgotten(house.hub, 30) == []
    house.store.sessions = sessions
    assert await delete_forgotten(house.hub, 30) == [room.id]


def test_a_note_of_a_strange_session_is_no_path(tmp_path):
    leavings = Leavings(tmp_path / "deleting", BlobFiles(tmp_path / "blobs"))
    for strange in ("../x", "a/b", "", "x" * 65):
        with pytest.raises(ValueError, match="id"):
            leavings.note(strange, [])


async def test_A4_what_was_to_be_deleted_unused_stays_where_somebody_came_in_meanwhile(house):
    """They came after it was looked at, and before it was deleted."""
    room = await house.session(olga="owner")
    olga = await room.join("olga")
    await house.hub.delete(room.id, "nobody was here", unused=True)
    assert await house.store.load(room.id) is not None
    assert (await olga.content("still here"))["type"] == "ack"
    await olga.close()
    while house.hub.in_use(room.id):
        await asyncio.sleep(0.01)
    await house.hub.delete(room.id, "nobody was here", unused=True)
    assert await house.store.load(room.id) is None
