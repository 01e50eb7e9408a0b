"""Files that change, revisions that are kept, changes that are tried: real files, bots that do as they are told."""

import asyncio
import errno
import shutil
import time
from pathlib import Path

import pytest

from droas_common.errors import ConfigurationError, OutsideError
from droas_common.ids import BotName
from droas_common.logs import start_logging
from droas_common.wire.records import LogRecord
from droas_mother.adapters.revision_store import KEPT_REVISIONS, RevisionStore
from droas_mother.bootstrap.opening import open_configuration
from droas_mother.core.answers.config_answers import RollbackWanted
from droas_mother.core.reloading.revisions import Revision, RevisionNote
from droas_mother.flows.reloading.config_keeper import NoSuchRevisionError, NotUsableError
from tests.support.config_room import ConfigRoom, config_room

ONE, TWO = BotName("bot_01"), BotName("bot_02")


@pytest.fixture
async def room(tmp_path: Path) -> ConfigRoom:
    """Give a folder with two bots, in force as revision 1 and kept."""
    made = config_room(tmp_path, ONE, TWO)
    await made.keeper.keep_first()
    return made


async def changed(room: ConfigRoom) -> None:
    """Tell the keeper that files have changed."""
    await room.keeper.files_changed(time.monotonic())


# --- changes ------------------------------------------------------------------------------


async def test_a_change_is_put_into_force_and_kept(room: ConfigRoom) -> None:
    """All get it, it is in the audit and in the history with what changed, and how long it took is known."""
    room.write_bot(ONE, "be brief")
    await changed(room)
    assert room.given == [("all", 2, frozenset({ONE, TWO}))]
    assert [(one.caller, one.action) for one in room.audited] == [("file watcher", "config apply")]
    _, history = await room.desk.history(10)
    assert [one.revision for one in history.revisions] == [1, 2]
    told = history.revisions[-1].changes
    assert [(one.path, one.before, one.after, one.effect) for one in told] == [
        ("bots.bot_01.system_prompt", '"be kind"', '"be brief"', "live")
    ]
    assert len(room.applied_s) == 1
    _, status = room.desk.status()
    assert (status.revision, status.disk, status.problems) == (2, "same", [])
    assert [(one.runs, one.confirmed) for one in status.bots] == [(2, True), (2, True)]


async def test_the_same_files_are_not_put_into_force_twice(room: ConfigRoom) -> None:
    """To touch a file, or to change a comment, is no change."""
    room.write_bot(ONE)
    await changed(room)
    path = room.configs / "bots/bot_01.yaml"
    path.write_text(f"# a comment\n{path.read_text()}")
    await changed(room)
    assert room.given == []
    assert room.keeper.standing.note.revision == 1
    assert room.desk.status()[1].disk == "same"
    kept = room.opening.store.load(1)
    assert kept is not None
    assert (kept.files["bots/bot_01.yaml"], kept.note.digest) == (path.read_bytes(), kept.tree.digest)


async def test_what_waits_for_a_restart_can_be_withdrawn(room: ConfigRoom) -> None:
    """The way back is a revision, too: a mother who starts with faulty files does not start with what was withdrawn."""
    room.write_mother("http: {port: 18788}")
    await changed(room)
    room.write_bot(ONE, "be brief")
    await changed(room)
    assert room.desk.status()[1].waiting == ["http"]
    room.write_mother("http: {port: 8787}")
    await changed(room)
    _, history = await room.desk.history(10)
    assert [[one.path for one in note.changes] for note in history.revisions] == [
        [],
        ["mother.http.port"],
        ["bots.bot_01.system_prompt"],
        ["mother.http.port"],
    ]
    assert (history.revisions[-1].changes[0].before, room.desk.status()[1].waiting) == ("18788", [])
    room.write_bot(ONE, "[")
    room.open()
    assert (room.keeper.standing.note.revision, room.keeper.standing.configuration.mother.http.port) == (
        4,
        8787,
    )


async def test_faulty_files_change_nothing_and_are_told_once(room: ConfigRoom) -> None:
    """What ran goes on, the status says where the fault is, and it mends by itself."""
    room.write_bot(ONE, "[")
    await changed(room)
    await changed(room)
    _, status = room.desk.status()
    assert (status.disk, status.revision, room.given, room.keeper.refused) == ("faulty", 1, [], 1)
    assert "bots/bot_01.yaml:" in status.problems[0]
    assert [kind for kind, _ in room.told] == ["refused"]
    assert "the files are not used; revision 1 runs" in room.desk.words()[0]
    room.write_bot(ONE, "be kind")
    await changed(room)
    assert [kind for kind, _ in room.told] == ["refused", "mended"]
    assert room.desk.words() == []


async def test_a_half_written_file_is_looked_at_again(room: ConfigRoom) -> None:
    """What is whole a moment later is not told as a fault."""
    room.write_bot(ONE, "[")
    reading = asyncio.create_task(changed(room))
    while room.enforcer.one_at_a_time.locked() is False:
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    room.write_bot(ONE, "be brief")
    await reading
    assert (room.told[0][0], room.keeper.standing.note.revision) == ("applied", 2)


async def test_no_secret_is_in_diff_status_history_or_at_rest(
    room: ConfigRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new key, from the environment or in clear, is told nowhere; what is kept tells nothing without the key."""
    monkeypatch.setenv("MODEL_KEY", "resolved-key-that-must-stay-secret")
    room.write_bot(ONE, key="${MODEL_KEY}", token="another-token-of-bot_01-and-of-nobody")
    await changed(room)
    _, history = await room.desk.history(10)
    told = repr(history) + repr(room.desk.status()) + repr(room.told) + repr(room.audited)
    assert "(secret)" in told
    for secret in ("resolved-key", "another-token", "token-of-bot_01"):
        assert secret not in told
    kept = room.opening.store.load(2)
    assert kept is not None
    assert b"${MODEL_KEY}" in kept.files["bots/bot_01.yaml"]
    assert b"resolved-key" not in b"".join(kept.files.values())
    store = room.folder / "data/config"
    raw = b"".join(path.read_bytes() for path in store.glob("*.age"))
    assert b"bot_config" not in raw
    assert b"another-token" not in raw
    assert (store / "key").stat().st_mode & 0o777 == 0o600


async def test_a_number_is_used_up_before_any_bot_has_it(
    room: ConfigRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revision is on the disk when it is given out, tried or not; one that is tried is not in force."""
    seen: list[tuple[int, bool]] = []

    def note() -> None:
        newest = room.opening.store.newest()
        assert newest is not None
        seen.append((newest.note.revision, newest.note.in_force))

    for name in ("give", "give_all"):
        real = getattr(room, name)
        monkeypatch.setattr(room, name, lambda *given, real=real, **more: (note(), real(*given, **more)))
    room.write_bot(ONE, "be brief")
    await changed(room)
    room.write_bot(ONE, "be funny")
    await room.keeper.apply("uid:7", dry_run=False, canary=True)
    assert seen == [(2, True), (3, False)]


async def test_who_is_gone_is_not_reminded_and_forgotten(
    room: ConfigRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that does not confirm is told again, a few times; of a removed one nothing is kept."""
    monkeypatch.setattr("droas_mother.flows.reloading.confirmations.REMIND_AFTER_S", 0.0)
    room.keepers[ONE].confirms = False
    room.write_bot(ONE, "be brief")
    await changed(room)
    confirmations = room.enforcer.confirmations
    assert [confirmations.to_remind() for _ in range(6)] == [[ONE]] * 5 + [[]]
    del room.keepers[ONE]
    assert confirmations.to_remind() == []
    assert confirmations._reminders == {}


# --- commands -----------------------------------------------------------------------------


async def test_a_dry_run_tells_and_does_nothing(room: ConfigRoom) -> None:
    """What would be started, stopped, restarted and changed; nothing is."""
    room.write_bot("bot_03")
    room.write_bot(ONE, key="another")
    (room.configs / "bots/bot_02.yaml").unlink()
    proposal = await room.keeper.apply("uid:7", dry_run=True, canary=False)
    steps = proposal.steps
    assert (steps.start, steps.stop, steps.restart) == ({BotName("bot_03")}, {TWO}, {ONE})
    assert (room.given, room.audited) == ([], [])
    assert room.keeper.standing.last_revision == 1


async def test_nothing_is_done_that_cannot_be_written_down(room: ConfigRoom) -> None:
    """A person's change is refused when the audit cannot take it; the files' own change is not."""
    room.write_bot(ONE, "be brief")
    room.disk_is_full = True
    with pytest.raises(OutsideError):
        await room.keeper.apply("uid:7", dry_run=False, canary=False)
    assert room.given == []
    await changed(room)
    assert room.given == [("all", 2, frozenset({ONE, TWO}))]


async def test_what_could_not_be_written_is_written_later(
    room: ConfigRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the audit nor the history misses a change of the files for good, nor is its number given again."""
    store = room.folder / "data/config"
    away = store.rename(store.with_name("away"))
    store.write_text("a full disk")
    room.disk_is_full = True
    room.write_bot(ONE, "be brief")
    await changed(room)
    room.write_bot(ONE, "be funny")
    await changed(room)
    unkept, unaudited = room.desk.status()[1].owed
    assert unkept.startswith("revisions 2 to 3 are not kept yet")
    assert unaudited == "revisions 2 to 3 are not in the audit yet: the disk is full"
    assert room.desk.words() == [unkept, unaudited]
    store.unlink()
    away.rename(store)
    with pytest.raises(OutsideError):
        await room.keeper.rollback("uid:7", 1)
    await room.keeper.apply("uid:7", dry_run=False, canary=False)
    assert (room.opening.store.numbers(), room.desk.status()[1].owed) == ([1, 2, 3], [unaudited])
    room.disk_is_full = False
    monkeypatch.setattr("droas_mother.flows.reloading.config_enforcer._CATCH_UP_S", 0.01)
    running = asyncio.create_task(room.enforcer.run())
    async with asyncio.timeout(5):
        while room.desk.status()[1].owed:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [one.arguments.split(",")[0] for one in room.audited] == ['{"revision":2', '{"revision":3']
    assert room.desk.words() == []
    room.open()
    assert room.keeper.standing.configuration.bots[ONE].system_prompt == "be funny"


async def test_a_rollback_holds_until_the_files_change(room: ConfigRoom) -> None:
    """The old files run, those on the disk stay and are said to differ, also over a restart of the mother."""
    room.write_bot(ONE, "be brief")
    await changed(room)
    await room.keeper.rollback("uid:7", 1)
    await changed(room)
    _, status = room.desk.status()
    assert (status.revision, status.disk) == (3, "differs")
    assert status.held == "rolled back to revision 1 by uid:7"
    assert "be brief" in (room.configs / "bots/bot_01.yaml").read_text()
    room.open()
    assert room.keeper.standing.configuration.bots[ONE].system_prompt == "be kind"
    assert room.desk.status()[1].held == status.held
    room.write_bot(ONE, "be funny")
    await changed(room)
    assert room.keeper.standing.configuration.bots[ONE].system_prompt == "be funny"
    assert room.desk.status()[1].disk == "same"


async def test_apply_ends_a_rollback(room: ConfigRoom) -> None:
    """The files as they lie there are put into force again."""
    room.write_bot(ONE, "be brief")
    await changed(room)
    await room.keeper.rollback("uid:7", 1)
    await room.keeper.apply("uid:7", dry_run=False, canary=False)
    assert room.keeper.standing.configuration.bots[ONE].system_prompt == "be brief"
    assert room.desk.status()[1].disk == "same"


async def test_what_cannot_be_rolled_back_to_is_said(
    room: ConfigRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A revision that is not kept, and one whose variable is gone."""
    with pytest.raises(NoSuchRevisionError, match="revision 9 is not kept"):
        await room.keeper.rollback("uid:7", 9)
    monkeypatch.setenv("PROMPT", "be brief")
    room.write_bot(ONE, "${PROMPT}")
    await changed(room)
    room.write_bot(ONE, "be kind")
    await changed(room)
    monkeypatch.delenv("PROMPT")
    with pytest.raises(NotUsableError, match="PROMPT"):
        await room.keeper.rollback("uid:7", 2)
    assert room.keeper.standing.note.revision == 3


async def test_a_mother_that_stops_starts_nothing(room: ConfigRoom) -> None:
    """A file that comes during her farewell is left to the next mother, and a command is refused."""
    await room.enforcer.close()
    room.write_bot("bot_03")
    await changed(room)
    assert room.given == []
    with pytest.raises(OutsideError, match="stops"):
        await room.keeper.apply("uid:7", dry_run=False, canary=False)


# --- tried on some bots first -------------------------------------------------------------


async def tried(room: ConfigRoom) -> None:
    """Let one bot try a change."""
    room.write_bot(ONE, "be brief")
    await room.keeper.apply("uid:7", dry_run=False, canary=True)
    assert room.given == [("some", 2, frozenset({ONE}))]
    assert room.desk.status()[1].rollout.canaries == [ONE]


async def test_a_change_that_does_well_goes_on_to_all(room: ConfigRoom) -> None:
    """After its time the others follow, and why is kept."""
    await tried(room)
    canary = room.enforcer.canary
    assert canary is not None
    canary.began_at -= canary.observe_s
    await room.enforcer._judge()
    assert room.given[1:] == [("all", 2, frozenset({TWO}))]
    assert "bot_01 ran it for 60 s" in room.keeper.standing.note.words
    kept = room.opening.store.load(2)
    assert kept is not None
    assert kept.note.in_force


async def test_a_change_that_goes_wrong_is_taken_back(room: ConfigRoom) -> None:
    """The bot gets back what the others run, it is said why, and the same files are not tried again."""
    await tried(room)
    room.keepers[ONE].beat(answered=1, failed=5)
    await room.enforcer._judge()
    assert room.given[1:] == [("some", 1, frozenset({ONE}))]
    _, status = room.desk.status()
    assert (status.revision, status.disk, status.rollout) == (1, "differs", None)
    assert status.held == "revision 2 was taken back: bot_01 could not answer 5 of 6 questions"
    await changed(room)
    assert len(room.given) == 2
    room.open()
    assert room.keeper.standing.configuration.bots[ONE].system_prompt == "be kind"
    assert "taken back" in room.keeper.standing.held


async def test_a_mother_that_ends_meanwhile_does_not_give_it_to_all(room: ConfigRoom) -> None:
    """The next one runs what was found good, and says so."""
    await tried(room)
    room.open()
    assert room.keeper.standing.configuration.bots[ONE].system_prompt == "be kind"
    assert "being tried" in room.keeper.standing.held
    await room.keeper.apply("uid:7", dry_run=False, canary=False)
    assert (room.keeper.standing.note.revision, room.given[-1][0]) == (3, "all")


async def test_another_change_takes_the_place_of_one_that_is_tried(room: ConfigRoom) -> None:
    """Never two at a time: the first is taken back, the second is judged by itself."""
    await tried(room)
    room.write_bot(ONE, "be funny")
    await changed(room)
    assert room.given[1:] == [("some", 1, frozenset({ONE})), ("all", 3, frozenset({ONE, TWO}))]
    assert room.enforcer.canary is None


# --- starting -----------------------------------------------------------------------------


async def test_a_mother_starts_with_the_last_good_files(room: ConfigRoom) -> None:
    """Faulty or missing files on the disk: what was good runs, with the same number, and the fault is told."""
    for damage in ("nothing: [", None):
        path = room.configs / "droas.yaml"
        path.write_text(damage) if damage else path.unlink()
        if damage is None:
            room.configs.joinpath("bots/bot_01.yaml").unlink()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DROAS_DATA_DIR", str(room.folder / "data"))
            room.open()
        standing = room.keeper.standing
        assert (standing.note.revision, set(standing.configuration.bots)) == (1, {ONE, TWO})
        assert room.desk.status()[1].disk == "faulty"


async def test_no_mother_starts_without_a_folder(room: ConfigRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was good is for faulty files; a slip in the folder's name is said, although a good revision is kept."""
    monkeypatch.setenv("DROAS_DATA_DIR", str(room.folder / "data"))
    with pytest.raises(ConfigurationError, match="nowhere: there is no such folder; name the one") as failed:
        open_configuration(room.folder / "nowhere")
    assert failed.value.exit_code == 78
    with pytest.raises(ConfigurationError, match=r"droas\.yaml: this is no folder"):
        open_configuration(room.configs / "droas.yaml")
    room.configs.rename(room.folder / "away")  # while she runs, it is a fault like others
    await changed(room)
    assert (room.desk.status()[1].disk, room.given) == ("faulty", [])


async def test_without_a_good_one_a_fault_is_an_error(tmp_path: Path) -> None:
    """The first start with faulty files ends with words."""
    room = ConfigRoom(tmp_path)
    room.write_mother("nonsense: 1")
    with pytest.raises(ConfigurationError, match="nonsense"):
        room.open()


async def test_no_number_is_given_twice_when_the_key_is_lost(room: ConfigRoom) -> None:
    """What cannot be read any more still has its number; a new key is made only when something is kept."""
    room.write_bot(ONE, "be brief")
    await changed(room)
    key = room.folder / "data/config/key"
    key.unlink()
    room.open()
    assert (room.keeper.standing.note.revision, key.exists()) == (3, False)
    assert "revision 2 is damaged, or its key is lost" in room.opening.warnings[0]
    await room.keeper.keep_first()
    await room.keeper.complete()  # cannot say what has changed, which is no reason to end
    assert (await room.desk.history(10))[1].revisions == [room.keeper.standing.note]
    assert room.opening.store.numbers() == [1, 2, 3]
    key.write_bytes(b"\xff")
    room.open()
    assert room.keeper.standing.note.revision == 4


async def test_no_number_is_given_twice_when_the_disk_was_full(
    room: ConfigRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mother who starts before there is room has not the revision, but goes on behind its number."""

    def full(_path: Path, _raw: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("droas_mother.adapters.revision_store._write", full)
        room.write_bot(ONE, "be brief")
        await changed(room)
        assert "revision 2 is not kept yet" in room.desk.words()[0]
        room.write_bot(ONE, "be kind")
        await changed(room)
    room.write_bot(ONE, "[")
    room.open()
    assert (room.keeper.standing.note.revision, room.opening.warnings) == (1, ())
    room.write_bot(ONE, "be funny")
    await changed(room)
    assert room.opening.store.numbers() == [1, 4]


async def test_a_folder_of_revisions_that_cannot_be_read_ends_nobody(room: ConfigRoom) -> None:
    """The mother goes on without her history."""
    store = room.folder / "data/config"
    store.rename(store.with_name("away"))
    store.write_text("a file")
    await room.keeper.complete()
    room.write_bot(ONE, "be brief")
    await changed(room)
    assert room.given == [("all", 2, frozenset({ONE, TWO}))]


async def test_revisions_are_bounded_and_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    """The newest are kept; one that cannot be read does not hide the one before."""
    store = RevisionStore(tmp_path / "config")
    for number in range(1, KEPT_REVISIONS + 6):
        note = RevisionNote(revision=number, at=0.0, who="start", digest=str(number))
        store.keep(Revision(note=note, root="", files={"droas.yaml": b"{}"}))
    assert store.numbers() == list(range(6, KEPT_REVISIONS + 6))
    newest = tmp_path / f"config/{KEPT_REVISIONS + 5:09}.age"
    newest.write_bytes(newest.read_bytes()[:-3])
    found = store.newest()
    assert found is not None
    assert found.note.revision == KEPT_REVISIONS + 4
    with pytest.raises(OutsideError, match="damaged"):
        store.load(KEPT_REVISIONS + 5)


# --- what is told of it -------------------------------------------------------------------


async def test_files_that_are_tried_after_a_rollback_are_not_in_force(room: ConfigRoom) -> None:
    """Although they are the ones that lay on the disk when it was rolled back."""
    room.write_bot(ONE, "be brief")
    await changed(room)
    await room.keeper.rollback("uid:7", 1)
    await room.keeper.apply("uid:7", dry_run=False, canary=True)
    _, status = room.desk.status()
    assert (status.disk, status.held) == ("differs", "revision 4 is tried by bot_01")
    assert status.rollout.revision == 4


async def test_the_history_tells_who_tries_a_revision_now(room: ConfigRoom) -> None:
    """What is kept for a mother who comes later is not told before."""
    await tried(room)
    _, history = await room.desk.history(10)
    newest = history.revisions[-1]
    assert (newest.in_force, newest.words) == (False, "revision 2 is tried by bot_01")
    kept = room.opening.store.load(2)
    assert kept is not None
    assert "when the mother ended" in kept.note.words


async def test_a_rollback_to_what_is_in_force_does_nothing(room: ConfigRoom) -> None:
    """No revision, no audit record; but it ends a trial."""
    _, done = await room.desk.rollback(RollbackWanted(revision=1), uid=7)
    assert done.revision is None
    assert done.words == "what revision 1 says is in force already; nothing was done"
    assert (room.given, room.audited, room.keeper.standing.last_revision) == ([], [], 1)
    await tried(room)
    _, done = await room.desk.rollback(RollbackWanted(revision=1), uid=7)
    assert (done.revision, room.enforcer.canary) == (3, None)


async def test_a_first_start_with_a_faulty_bot_is_told_as_in_force(room: ConfigRoom) -> None:
    """History and status say the same; the next mother does not fall back on it all the same."""
    shutil.rmtree(room.folder / "data")
    room.write_bot(TWO, "[")
    room.open()
    await room.keeper.keep_first()
    _, history = await room.desk.history(10)
    assert [(one.revision, one.in_force) for one in history.revisions] == [(1, True)]
    assert "without the bots" in history.revisions[0].words
    assert room.opening.store.newest(in_force=True) is None


async def test_a_change_that_takes_anothers_place_is_no_error_in_the_log(room: ConfigRoom) -> None:
    """Somebody has saved twice; a change that did badly is one."""
    told: list[LogRecord] = []
    start_logging([told.append])
    try:
        await tried(room)
        room.write_bot(ONE, "be funny")
        await room.keeper.apply("uid:7", dry_run=False, canary=True)
        room.keepers[ONE].beat(answered=1, failed=5)
        await room.enforcer._judge()
    finally:
        start_logging([])
    levels = [one.level for one in told if one.event == "configuration_taken_back"]
    assert levels == ["INFO", "ERROR"]
