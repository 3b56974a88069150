"""The ledger's file: its owner's alone, on the disk, and refused with a sentence where it cannot be trusted."""

from __future__ import annotations

import os
import resource
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from filelock import FileLock
from ledgers import RELAY, stamp, stored

from bulkkit.errors import LeaseError, LedgerError
from bulkkit.ledger import Ledger, database, lease, schema
from bulkkit.ledger.database import Database
from bulkkit.ledger.filesystem import REFUSED, filesystem, read_mountinfo, refusal
from bulkkit.ledger.lease import Holder, lock_path
from bulkkit.ledger.schema import APPLICATION, MIGRATIONS, VERSION
from bulkkit.transitions import Claim, Dotted, Outcome
from bulkkit.vocabulary import SendState


def test_the_file_is_its_owners(path: Path) -> None:
    """A ledger holds people's addresses: nobody but its owner may read it."""
    ledger = stored(path)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("bulkkit.db*")}
    assert modes.keys() >= {"bulkkit.db", "bulkkit.db-wal"}
    assert set(modes.values()) == {0o600}
    ledger.close()


def test_every_commit_is_on_the_disk(path: Path) -> None:
    """Commits are synchronous and go through a write-ahead log: a power cut takes back nothing."""
    with stored(path)._database.transaction() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """Some other file is not taken for a ledger, and stays as it is."""
    path.write_bytes(b"email,first_name\n" * 100)
    with pytest.raises(LedgerError, match=r"bulkkit\.db is damaged \(file is not a database\)"):
        Ledger(path)
    assert path.read_bytes() == b"email,first_name\n" * 100


def test_another_programs_database_is_refused(path: Path) -> None:
    """Nothing is written into a database that holds somebody else's tables."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE moz_places (url TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="another program's database"):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_newer_ledger_is_refused(path: Path) -> None:
    """What a later version wrote is not touched; the message says to update."""
    stored(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(LedgerError, match=r"newer bulkkit.*Update bulkkit"):
        Ledger(path)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_truncated_ledger_is_refused(path: Path, kept: float) -> None:
    """A ledger that lost its end is damaged, and says what to do."""
    stored(path, 2000).close()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(LedgerError, match=r"damaged.*nothing is sent.*last copy"):
        Ledger(path).check()


@pytest.mark.parametrize("page", [1, 5, 20])
def test_a_corrupt_ledger_is_refused(path: Path, page: int) -> None:
    """A page of rubbish is found before anything is sent."""
    stored(path, 2000).close()
    data = bytearray(path.read_bytes())
    data[page * 4096 : page * 4096 + 2000] = b"\xa5" * 2000
    path.write_bytes(data)
    with pytest.raises(LedgerError, match=r"damaged.*nothing is sent"):
        Ledger(path).check()


def test_a_place_where_no_ledger_can_be(tmp_path: Path) -> None:
    """A folder in the file's place, and a folder that is not there, are said to be that."""
    with pytest.raises(LedgerError, match=r"cannot be written.*unable to open"):
        Ledger(tmp_path)
    with pytest.raises(LedgerError, match="is no folder"):
        Ledger(tmp_path / "nowhere" / "bulkkit.db")


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:21 / /proc rw - proc proc rw
41 22 0:44 / /home rw,relatime shared:9 - nfs4 files.example.org:/home rw,vers=4.2
42 41 8:2 / /home/ana/local\\040disk rw - ext4 /dev/sdb1 rw
43 22 0:45 / /srv rw - ext4 /dev/sdc1 rw
44 43 0:46 / /srv rw - cifs //files/srv rw
45 22 0:47 / /mnt/c rw - 9p C:\\134 rw,aname=drvfs;path=C:\\;uid=1000
46 22 0:48 / /work rw - 9p none rw,trans=fd
47 22 0:49 / /mnt/bucket rw master:3 propagate_from:2 - fuse.s3fs s3fs rw
48 22 0:50 / /odd rw - zzfs zz rw
"""


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("/home/ana/bulkkit.db", "nfs4: other machines can open it too"),
        ("/srv/bulkkit.db", "cifs: other machines"),
        ("/mnt/c/Users/bulkkit.db", "drvfs: it belongs to this virtual machine's host"),
        ("/mnt/bucket/x/bulkkit.db", "fuse.s3fs: it is a store of whole files"),
        ("/home/ana/local disk/bulkkit.db", None),
        ("/homestead/bulkkit.db", None),
        ("/work/bulkkit.db", None),
        ("/odd/bulkkit.db", None),
        ("/var/bulkkit.db", None),
    ],
)
def test_a_network_file_system_is_refused(place: str, said: str | None) -> None:
    """The innermost, latest mount decides; where other machines or no locks are, the type and the reason are named."""
    why = refusal(PurePosixPath(place), MOUNTS)
    assert (why is None) if said is None else (said in why), why


def test_a_refused_place_gets_no_file(tmp_path: Path) -> None:
    """On a network file system no ledger is opened, and none is made; an unknown table of mounts refuses nothing."""
    path = tmp_path / "bulkkit.db"
    mount = f"41 22 0:44 / {tmp_path.resolve()} rw - nfs4 files.example.org:/home rw"
    with pytest.raises(LedgerError, match=r"bulkkit\.db lies on .* type nfs4: .* Keep the ledger on a disk"):
        Database(path, lambda: mount)
    assert not path.exists()
    Database(path, lambda: "").close()
    assert filesystem(path.resolve(), read_mountinfo()) not in REFUSED


def test_an_old_ledger_is_brought_forward(path: Path) -> None:
    """Each earlier version of a ledger is migrated when it is opened, with all that it holds; twice is once."""
    now = Ledger(path.with_name("now.db"))
    with now._database.reading() as connection:
        wanted = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    for version in range(1, VERSION):
        old = path.with_name(f"{version}.db")
        with sqlite3.connect(old) as connection:
            for script in MIGRATIONS[:version]:
                connection.executescript(script)
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(
                "INSERT INTO suppressions VALUES ('a@b.example', 'a@b.example', 'manual', 0, NULL, NULL)"
            )
        connection.close()
        for _ in range(2):
            ledger = Ledger(old)
            with ledger._database.reading() as connection:
                assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
                assert connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == wanted
            assert ledger.suppressions()["email"].tolist() == ["a@b.example"]
            ledger.close()


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is one commit with its number: where a statement of it fails, the ledger is as it was."""
    stored(path).close()
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE more (a); CREATE TABLE sends (a)"))
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)
    with pytest.raises(LedgerError, match="already exists"):
        Ledger(path)
    monkeypatch.undo()
    with Ledger(path)._database.reading() as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'more'").fetchone() is None


def test_looking_who_sends_keeps_nobody_from_sending(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks has the lock for a moment; a sender waits for that moment, and is named while it sends."""
    ledger = stored(path)
    with ledger.lease("spring"):
        assert Ledger(path).holder() == Holder(os.getpid(), socket.gethostname(), "spring", ledger.holder().since)
    assert ledger.holder() is None
    look = FileLock(lock_path(path), thread_local=False)
    look.acquire()
    monkeypatch.setattr(lease, "A_LOOK", 20.0)
    threading.Timer(0.03, look.release).start()
    with ledger.lease("spring"):
        assert ledger.holder().campaign == "spring"


def test_an_import_is_remembered(path: Path) -> None:
    """The moment of the last import is kept, also of one that brought nothing new, and so is the latest event's."""
    ledger = stored(path)
    assert ledger.latest_event() is None
    ledger.write([Claim(1, RELAY, stamp()), Dotted(1), Outcome(1, SendState.ACCEPTED, datetime.now(UTC))])
    assert ledger.latest_event() == ledger.events()["at"].max()
    assert ledger.last_import() is None
    before = datetime.now(UTC)
    ledger.add_events(ledger.events())
    assert before <= ledger.last_import() <= datetime.now(UTC)


def test_a_ledger_that_somebody_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write waits for another program's transaction, and then says that there is one."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    ledger = stored(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerError, match=r"held .*bulkkit\.db locked.* Close it and resume"):
        ledger.write([Claim(1, RELAY, stamp())])
    other.execute("ROLLBACK")
    other.close()
    assert ledger.write([Claim(1, RELAY, stamp())]) == frozenset()


def in_another_process(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own, which may lower its own rights."""
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


FILL = """
    import sys
    sys.path.insert(0, {tests!r})
    {first}
    from pathlib import Path
    from bulkkit.errors import LedgerError
    from ledgers import record, rows, stored
    ledger = stored(Path(sys.argv[1]))
    done = 0
    try:
        for number in range(1000):
            ledger.store(record(f"campaign {{number}}"), rows(20))
            done += 1
    except LedgerError as error:
        print(done, len(ledger.campaigns()), error)
"""


def filled(path: Path, first: str) -> tuple[int, int, str]:
    """Store campaigns until the ledger cannot grow; return how many were stored, how many are in it, and the error."""
    done = in_another_process(FILL.format(tests=str(Path(__file__).parent), first=first), path)
    stored_, kept, error = done.stdout.split(" ", 2)
    return int(stored_), int(kept) - 1, error + done.stderr


def test_a_file_that_may_not_grow(path: Path) -> None:
    """Where the system lets the file grow no more, that is a ledger's error, and what was stored is all there."""
    first = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, {resource.RLIM_INFINITY}))"
    stored_, kept, error = filled(path, first)
    assert kept == stored_ > 0
    assert "could not be used: disk I/O error" in error


def test_a_full_disk(tmp_path: Path) -> None:
    """On a full disk the error says so, and what was stored is all there."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    script = f'mount -t tmpfs -o size=1m none {disk} && exec "$0" "$@"'
    if subprocess.run([*mount, f"mount -t tmpfs -o size=1m none {disk}"], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    program = textwrap.dedent(FILL.format(tests=str(Path(__file__).parent), first=""))
    command = [*mount, script, sys.executable, "-c", program, str(disk / "bulkkit.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    stored_, kept, error = done.stdout.split(" ", 2)
    assert int(kept) - 1 == int(stored_) > 0, done.stderr
    assert "is full" in error
    assert "resume" in error


READ_ONLY = """
    import os, sys
    from bulkkit.ledger import Ledger
    from bulkkit.errors import LedgerError
    import bulkkit.ledger.ledger
    if os.geteuid() == 0:
        os.setuid(65534)
    try:
        ledger = Ledger(sys.argv[1])
        with ledger.lease("spring"):
            print("it was opened")
    except LedgerError as error:
        print(error)
"""


@pytest.mark.parametrize("folder_is_writable", [True, False])
def test_a_read_only_ledger(path: Path, folder_is_writable: bool) -> None:
    """A ledger that may only be read sends nothing, and the message says what to make writable."""
    stored(path).close()
    for folder in [path.parent, *path.parents]:
        if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)
    path.chmod(0o444)
    path.parent.chmod(0o777 if folder_is_writable else 0o555)
    said = in_another_process(READ_ONLY, path)
    path.parent.chmod(0o755)
    assert "cannot be written" in said.stdout or "cannot be made" in said.stdout, said
    assert "writable" in said.stdout


HOLD = """
    import sys
    from bulkkit.ledger import Ledger
    with Ledger(sys.argv[1]).lease("spring"):
        print("held", flush=True)
        sys.stdin.read()
"""


def test_a_second_process_is_told_who_sends(path: Path) -> None:
    """While one process holds the lease another one is told which; its death frees the ledger at once."""
    ledger = stored(path)
    command = [sys.executable, "-c", textwrap.dedent(HOLD), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LeaseError, match=rf"process {holder.pid} on .*, sending 'spring' since \d{{4}}-"):
            ledger.lease("summer").__enter__()
        holder.kill()
        holder.wait(10)
        with ledger.lease("summer"), pytest.raises(LeaseError), Ledger(path).lease("summer"):
            raise AssertionError("two hold one lease")
    with ledger.lease("summer"):
        assert lock_path(path).exists()


def test_a_lock_that_cannot_be_made(path: Path) -> None:
    """Where the file of the lock cannot be, that is a ledger's error, and not the system's."""
    ledger = stored(path)
    lock_path(path).mkdir()
    with pytest.raises(LedgerError, match=r"lock beside .* cannot be made"):
        ledger.lease("spring").__enter__()


def test_two_processes_may_make_the_same_ledger(path: Path) -> None:
    """Programs that open a new ledger at the same moment get one ledger, and no error."""
    program = "import sys; from bulkkit.ledger import Ledger; print(len(Ledger(sys.argv[1]).sends()))"
    makers = [
        subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [maker.communicate(timeout=60)[0] for maker in makers] == ["0\n"] * 4


def test_what_is_staged_is_kept_by_its_commit_only(path: Path) -> None:
    """Steps that are staged stand nowhere until they are committed; meanwhile nobody else can write."""
    ledger = stored(path, 2)
    other = Ledger(path)
    assert ledger.stage([Claim(1, RELAY, stamp(0))]) == frozenset()
    assert list(other.sends()["state"]) == ["queued", "queued"]
    assert other.stage([Claim(2, RELAY, stamp(0))]) is None
    assert ledger.stage([Claim(2, RELAY, stamp(0))]) is None
    ledger.commit()
    assert list(other.sends()["state"]) == ["claimed", "queued"]
    assert other.stage([Claim(2, RELAY, stamp(0))]) == frozenset()
    other.commit()
    assert list(ledger.sends()["state"]) == ["claimed", "claimed"]


def test_steps_that_do_not_fit_are_not_staged(path: Path) -> None:
    """An error while staging leaves nothing open and nothing written."""
    ledger = stored(path, 1)
    with pytest.raises(LedgerError, match="is not where this send left it"):
        ledger.stage([Claim(1, RELAY, stamp(0)), Claim(1, RELAY, stamp(0))])
    assert list(ledger.sends()["state"]) == ["queued"]
    assert ledger.write([Claim(1, RELAY, stamp(0))]) == frozenset()


def test_steps_that_do_not_fit_are_not_written(path: Path) -> None:
    """Where one step of a group does not fit, nothing of the group is written, and nothing stays open."""
    ledger = stored(path, 2)
    for wrong in ([Claim(1, RELAY, stamp(0)), Claim(1, RELAY, stamp(0))], [Claim(1, RELAY, stamp(0)), Dotted(2)]):
        with pytest.raises(LedgerError, match="is not where this send left it"):
            ledger.write(wrong)
        assert list(Ledger(path).sends()["state"]) == ["queued", "queued"]
    assert ledger.write([Claim(1, RELAY, stamp(0))]) == frozenset()
