"""`bulkkit verify IN OUT`: any format and length in pieces, the caller's cells as they were, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from past_mail import ANA, event, frame_of

import bulkkit as bk
from bulkkit import sample
from bulkkit.cli import main
from bulkkit.contacts.pieces import pieces
from bulkkit.exporting import FORMULA
from bulkkit.screening import Order, Stage, screen
from bulkkit.vocabulary import VERDICT_DTYPES

AS_OF = "2026-10-01"
SAMPLE = str(sample.path() / "contacts.csv")
FORMATS = ["csv", "tsv", "parquet", "xlsx"]


def run(*arguments: object, status: int = 0) -> str:
    """Run `bulkkit verify` in this process; return what it printed."""
    done = CliRunner().invoke(main, ["verify", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.output


def read(path: Path) -> pd.DataFrame:
    """Return what was written, as text; missing cells empty."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    elif path.suffix == ".xlsx":
        frame = pd.read_excel(path, dtype=object, keep_default_na=False, na_values=[""])
    else:
        frame = pd.read_csv(path, dtype=str, sep="\t" if path.suffix == ".tsv" else ",", encoding="utf-8-sig")
    return frame.astype(object).where(frame.notna(), "").astype(str)


def plain(column: pd.Series) -> list[str]:
    """Return a column as text, without the apostrophes and spellings of the formats."""
    return [value.removeprefix("'").lower() for value in column.astype(object).where(column.notna(), "").astype(str)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_written_is_what_verify_says(tmp_path: Path, suffix: str) -> None:
    """Each format has the file's columns, what was repaired, and each verdict as `bk.verify` gives it."""
    target = tmp_path / f"out.{suffix}"
    printed = run(SAMPLE, target, "--as-of", AS_OF)
    contacts = bk.read_contacts(SAMPLE)
    expected, written = bk.verify(contacts, as_of=AS_OF), read(target)
    own = pd.read_csv(SAMPLE, dtype=str)
    assert list(written.columns) == [*own.columns, "repaired", *VERDICT_DTYPES]
    for name in ("email", "repaired", *VERDICT_DTYPES):
        if name != "checked_at":
            assert plain(written[name]) == plain(expected[name]), name
    assert plain(written["consent_at"]) == plain(own["consent_at"])
    assert written["checked_at"].str.startswith("2026-10-01 00:00:00").all()
    assert "5,010 addresses: 4,734 to send to" in printed
    assert "not_probed" in printed
    assert f"Written to {target}" in printed


@pytest.mark.parametrize("suffix", FORMATS)
def test_pieces_are_the_whole(tmp_path: Path, suffix: str) -> None:
    """Read a few hundred rows at a time, from any format, the file is the same as in one go."""
    source = tmp_path / f"in.{suffix}"
    run(SAMPLE, source, "--as-of", "2026-01-01")
    orders = [Order(source, tmp_path / f"out{rows}.csv", as_of=AS_OF, rows=rows) for rows in (333, 100_000)]
    few, whole = (screen(order) for order in orders)
    assert orders[0].target.read_bytes() == orders[1].target.read_bytes()
    pd.testing.assert_frame_equal(few.counts, whole.counts)
    assert read(orders[0].target).columns.is_unique


def test_the_frequency_of_a_domain_is_that_of_the_whole_list(tmp_path: Path) -> None:
    """A domain that is frequent in the last piece tells of a misspelling in the first."""
    lines = ["email", "bo@lakesdie.org", *(f"user{n}@lakeside.org" for n in range(60))]
    (tmp_path / "in.csv").write_text("\n".join(lines))
    screen(Order(tmp_path / "in.csv", tmp_path / "out.csv", rows=10))
    assert read(tmp_path / "out.csv")["did_you_mean"].iloc[0] == "bo@lakeside.org"


def test_a_parquet_file_keeps_its_types(tmp_path: Path) -> None:
    """Numbers, moments, lists and categories come back as they went in."""
    own = pa.table(
        {
            "Mail": ["ana@example.org", None, "x@@y"],
            "n": pa.array([1, None, 3], pa.int32()),
            "at": pa.array([1, 2, None], pa.timestamp("us", "UTC")),
            "tags": [["a", "b"], [], None],
            "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
        }
    )
    pyarrow.parquet.write_table(own, tmp_path / "in.parquet")
    run(tmp_path / "in.parquet", tmp_path / "out.parquet")
    back = pyarrow.parquet.read_table(tmp_path / "out.parquet").select(own.column_names)
    assert back.drop(["Mail"]).equals(own.drop(["Mail"]))
    assert back["Mail"].to_pylist() == own["Mail"].to_pylist()
    assert read(tmp_path / "out.parquet")["reason"].tolist()[1:] == ["failed_syntax_check"] * 2
    run(tmp_path / "in.parquet", tmp_path / "out.csv")
    assert read(tmp_path / "out.csv")["tags"].tolist() == ["['a', 'b']", "[]", ""]


def test_a_workbook_keeps_its_cells(tmp_path: Path) -> None:
    """Numbers stay numbers and dates dates; empty rows and formatted empty columns are none."""
    book = openpyxl.Workbook()
    rows = [
        ["Kunde", "E-Mail", "Seit"],
        [7, " ana@example.org ", pd.Timestamp("2026-01-02").to_pydatetime()],
        [],
        [1.5, "b@@c"],
    ]
    for row in rows:
        book.active.append(row)
    book.active["Z1"].font = openpyxl.styles.Font(bold=True)
    book.save(tmp_path / "in.xlsx")
    run(tmp_path / "in.xlsx", tmp_path / "out.xlsx")
    sheet = list(openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows(values_only=True))
    assert sheet[0][:4] == ("Kunde", "E-Mail", "Seit", "repaired")
    assert sheet[1][:4] == (7, "ana@example.org", rows[1][2], "spaces")
    assert sheet[2][:2] == (1.5, "b@@c")
    assert len(sheet) == 3


def test_bad_addresses_are_no_failure(tmp_path: Path) -> None:
    """A list of nothing but nonsense is verified, and the status of the command is 0."""
    (tmp_path / "in.csv").write_text("email\nfoo\n@\n")
    assert "2 to leave out" in run(tmp_path / "in.csv", tmp_path / "out.csv")
    (tmp_path / "none.csv").write_text("email,name\n")
    assert "There is no address on this list." in run(tmp_path / "none.csv", tmp_path / "nothing.csv")
    assert list(read(tmp_path / "nothing.csv").columns)[:2] == ["email", "name"]


HOSTILE = st.builds(lambda start, rest: f"{start}{rest}", st.sampled_from(FORMULA), st.text("1+=A(\"@b.'", max_size=6))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HOSTILE, min_size=1, max_size=5), HOSTILE)
def test_no_cell_begins_like_a_formula(tmp_path: Path, cells: list[str], name: str) -> None:
    """In CSV and XLSX no cell and no heading is run by a spreadsheet, whatever the file held."""
    source = tmp_path / "in.parquet"
    pd.DataFrame({"email": [f"{cell}@example.org" for cell in cells], name: cells}).to_parquet(source)
    for suffix in ("csv", "tsv", "xlsx"):
        target = tmp_path / f"out.{suffix}"
        run(source, target, "--force", "--email", "email")
        if suffix == "xlsx":
            kinds = {cell.data_type for row in openpyxl.load_workbook(target).active for cell in row}
            assert "f" not in kinds
        table = read(target)
        assert not any(text.startswith(FORMULA) for text in [*table.columns, *table.to_numpy().ravel()])
        assert len(table) == len(cells)


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    """A file that is there stays as it is, unless --force is given; then it may even be the source."""
    target = tmp_path / "out.csv"
    target.write_text("email\nana@gmial.com\n")
    assert "is there already and stays as it is" in run(SAMPLE, target, status=1)
    assert target.read_text() == "email\nana@gmial.com\n"
    run(target, target, "--force")
    assert read(target)["did_you_mean"].tolist() == ["ana@gmail.com"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert target.stat().st_mode & 0o777 == 0o600


def test_what_was_verified_before_is_verified_anew(tmp_path: Path) -> None:
    """The verdict of an earlier run is replaced, and does not stand there twice."""
    (tmp_path / "in.csv").write_text("Adresse,Name\nana@gmial.com,Ana\n")
    run(tmp_path / "in.csv", tmp_path / "one.csv", "--as-of", "2026-01-01")
    run(tmp_path / "one.csv", tmp_path / "two.csv", "--as-of", AS_OF)
    run(tmp_path / "in.csv", tmp_path / "again.csv", "--as-of", AS_OF)
    assert (tmp_path / "two.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("in.csv", b"", "is empty"),
        ("in.csv", b"one,two\na@a.example,b@a.example\n", "--email"),
        ("in.csv", b"email,status\na@a.example,active\n", "own column 'status'"),
        ("in.csv", b"email,name\na@a.example,Ana\nb@a.example\n", "line 3"),
        ("in.csv", b'email,name\na@a.example,"Ana\nb@a.example,Bo\n', "quotation mark"),
        ("in.csv", b"PK\x03\x04", "a zip archive or an Excel workbook"),
        ("in.xlsx", b"PK\x03\x04nothing", "cannot be read as an Excel workbook"),
        ("in.parquet", b"PAR1nothing", "cannot be read as Parquet"),
        ("none.csv", None, "cannot be opened"),
    ],
)
def test_bad_input_gets_a_sentence(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    """Each says what is wrong and where; no file is made and none is left."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    printed = " ".join(run(tmp_path / name, tmp_path / "out.csv", status=1).split())
    assert says in printed
    assert printed.startswith("Error: ")
    assert [path.name for path in tmp_path.iterdir()] == ([name] if content is not None else [])


@pytest.mark.parametrize(
    ("target", "status", "says"),
    [
        ("out.doc", 1, "use .csv, .tsv, .parquet, .xlsx"),
        ("missing/out.csv", 2, "is not there"),
        (".", 1, "is a folder"),
    ],
)
def test_a_bad_target_gets_a_sentence(tmp_path: Path, target: str, status: int, says: str) -> None:
    """It is refused before the source is read."""
    assert says in " ".join(run("none.csv", tmp_path / target, status=status).split())
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_is_not_overfilled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a sheet has are refused with the way out, before anything is written."""
    monkeypatch.setattr("bulkkit.screening.writers.SHEET_ROWS", 5_000)
    assert "Write .csv or .parquet instead" in " ".join(run(SAMPLE, tmp_path / "out.xlsx", status=1).split())
    assert list(tmp_path.iterdir()) == []


def test_whatever_goes_wrong_nothing_stays(tmp_path: Path) -> None:
    """Stopped in the middle of writing, by whoever, there is no file and no half of one."""

    def stop(stage: Stage, done: int, _total: int | None) -> None:
        if stage is Stage.JUDGING and done > 1_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        screen(Order(Path(SAMPLE), tmp_path / "out.csv", rows=300), stop)
    assert list(tmp_path.iterdir()) == []


def test_somebody_elses_file_of_the_last_minute_stays(tmp_path: Path) -> None:
    """A target that appears while its rows are judged is not replaced."""
    target = tmp_path / "out.csv"
    with pytest.raises(bk.InputError, match="is there already"):
        screen(Order(Path(SAMPLE), target), lambda stage, _done, _total: target.write_text(stage))
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert target.read_text() == Stage.JUDGING


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """What the system says against writing becomes a sentence."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(bk.InputError, match="No space left on device"):
        screen(Order(Path(SAMPLE), tmp_path / "out.csv"), full)
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_decides_first(tmp_path: Path, path: Path) -> None:
    """With --ledger the history is in the verdicts, and who is not tracked is not inactive."""
    events = [event("opened", "2026-09-01", "bo@acme.example", event_id="1", source="s", machine=False)]
    events += [
        event("delivered", "2026-09-01", f"{who}@acme.example", event_id=who, source="s") for who in ("ana", "cy")
    ]
    bk.Ledger(path).add_events(
        frame_of(*events, event("unsubscribed", "2026-09-02", "di@acme.example", event_id="2", source="s"))
    )
    (tmp_path / "in.csv").write_text(
        "Mail,Tracking Consent\nana@acme.example,yes\nbo@acme.example,yes\ncy@acme.example,no\ndi@acme.example,\n"
    )
    run(tmp_path / "in.csv", tmp_path / "out.csv", "--ledger", path, "--as-of", AS_OF)
    written = read(tmp_path / "out.csv")
    assert written["reason"].tolist() == ["inactive", "delivered_before", "delivered_before", "suppressed"]
    assert list(written.columns)[:2] == ["Mail", "Tracking Consent"]
    assert "There is no ledger" in run(SAMPLE, tmp_path / "x.csv", "--ledger", tmp_path / "none.db", status=1)
    assert ANA in written["Mail"].tolist()


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_a_text_in_any_encoding_comes_in_pieces(tmp_path: Path, encoding: str) -> None:
    """Semicolons, umlauts and quoted line breaks survive being cut."""
    rows = "".join(f'"Zoë\n{number}";zoe{number}@example.org\r\n' for number in range(40_000))
    (tmp_path / "in.csv").write_bytes(f"Name;E-Mail\r\n{rows}".encode(encoding))
    frames = list(pieces(tmp_path / "in.csv", 9_000))
    assert len(frames) > 2
    together = pd.concat(frames, ignore_index=True)
    assert together["Name"].tolist() == [f"Zoë\n{number}" for number in range(40_000)]


def test_the_command_itself(tmp_path: Path) -> None:
    """Run as people run it: the table on the output, nothing on the error stream, status 0."""
    command = [sys.executable, "-m", "bulkkit", "verify", SAMPLE, "out.parquet", "--as-of", AS_OF]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert "failed_syntax_check" in done.stdout
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == 5_010
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (again.returncode, again.stdout) == (1, "")
    assert "Traceback" not in again.stderr
