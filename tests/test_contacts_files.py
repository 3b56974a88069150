"""Files of contacts: every usual encoding and shape is read right, and the others are refused with a reason."""

from __future__ import annotations

import gzip
import importlib.util
import tracemalloc
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from bulkkit.contacts import read_contacts
from bulkkit.errors import InputError

WIDTH = 1 << 20


def written(folder: Path, content: str | bytes, name: str = "list.csv") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends_change_nothing(
    tmp_path: Path, encoding: str, delimiter: str, ending: str
) -> None:
    """The same list reads the same, however it was saved."""
    rows = [["email", "first_name", "note"], ["ana@example.org", "José", "a.b"], ["bo@example.org", "Zoë", "c"]]
    text = "".join(delimiter.join(row) + ending for row in rows)
    read = read_contacts(written(tmp_path, text.encode(encoding)))
    assert read.iloc[:, :3].to_numpy().tolist() == rows[1:]
    assert read.columns.tolist() == [*rows[0], "repaired"]


def test_windows_letters_beyond_latin_1_are_read(tmp_path: Path) -> None:
    """The euro sign and curly quotes of cp1252 are no control characters."""
    read = read_contacts(written(tmp_path, "email,first_name\nana@example.org,O’Neill €\n".encode("cp1252")))
    assert read["first_name"].tolist() == ["O’Neill €"]


def test_a_mixture_of_encodings_names_the_line(tmp_path: Path) -> None:
    """UTF-8 in one line and Latin-1 in another is refused, and the line that is not UTF-8 is named."""
    lines = ["email,first_name", *["ana@example.org,Ana"] * 160_000, "ana@example.org,José"]
    mixed = "\n".join(lines).encode() + "\nbo@example.org,José\n".encode("latin-1")
    with pytest.raises(InputError, match=r"line 160003 is not UTF-8, line 160002 is"):
        read_contacts(written(tmp_path, mixed))


def test_quoted_cells_may_hold_anything(tmp_path: Path) -> None:
    """Delimiters, line breaks and doubled quotes inside quotes belong to the cell."""
    text = 'email,first_name,note\nana@example.org,"Doe, ""Ana""","one\ntwo, three"\nbo@example.org,Bo,5" pipe\n'
    read = read_contacts(written(tmp_path, text))
    assert read["first_name"].tolist() == ['Doe, "Ana"', "Bo"]
    assert read["note"].tolist() == ["one\ntwo, three", '5" pipe']


def test_words_for_nothing_are_kept(tmp_path: Path) -> None:
    """Somebody may be called Null, and NA is a country; only an empty cell is missing."""
    read = read_contacts(written(tmp_path, "email,first_name,country\nana@example.org,Null,NA\nbo@example.org,,\n"))
    assert read["first_name"].fillna("missing").tolist() == ["Null", "missing"]
    assert read["country"].fillna("missing").tolist() == ["NA", "missing"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("email,name\na@b.example,x\nb@b.example\n", "line 3: number of fields 1, in the first row 2.*short in all: 1"),
        ('email,name\na@b.example,"x\ny"\nb@b.example,1,2\nc@b.example,1,2\n', "line 4: number of fields 3.*long: 2"),
        ('email,name\na@b.example,"x\nb@b.example,y\n', "line 2: a quotation mark"),
        ('email,name\na@b.example,x\nb@b.example,"x\nc@b.example,"y"\n', "line 3: a quotation mark"),
        ("", "is empty"),
        ("\n  \n\n", "is empty"),
        ("\ufeff", "is empty"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    """Rows too short or too long, quotes never closed and nothing at all: the message says where."""
    with pytest.raises(InputError, match=rf"list\.csv.*{message}"):
        read_contacts(written(tmp_path, text))


def test_a_file_without_heading_gets_names(tmp_path: Path) -> None:
    """A first row with an address in it is a contact."""
    read = read_contacts(written(tmp_path, "Ana;ana@example.org;x\nBo;bo@example.org;\n"))
    assert read.columns.tolist() == ["column_1", "email", "column_3", "repaired"]
    assert len(read) == 2


def test_one_address_a_line_is_a_list(tmp_path: Path) -> None:
    """A text file of addresses needs no heading; blank lines are left out, stray marks taken away."""
    text = "ana@example.org\n\nbo@example.org;\n   \nAl <al@example.org>,\n"
    assert read_contacts(written(tmp_path, text, "list.txt"))["email"].tolist() == [
        "ana@example.org",
        "bo@example.org",
        "al@example.org",
    ]


def test_rows_of_nothing_are_left_out(tmp_path: Path) -> None:
    """Spreadsheets export empty rows; they are no people without an address."""
    read = read_contacts(written(tmp_path, "\nemail,name\n\nana@example.org,Ana\n,\n , \n,Bo\n"))
    assert read["name"].tolist() == ["Ana", "Bo"]


def test_excels_own_first_line_names_the_delimiter(tmp_path: Path) -> None:
    """`sep=;` is an instruction, and no heading."""
    read = read_contacts(written(tmp_path, "sep=;\nemail;city\nana@example.org;a,b\n"))
    assert read["city"].tolist() == ["a,b"]


def test_a_comma_inside_cells_is_no_delimiter(tmp_path: Path) -> None:
    """Names and amounts with commas in every row do not mislead."""
    read = read_contacts(written(tmp_path, "ana@example.org;Doe, Ana;1,5\nbo@example.org;Roe, Bo;2,5\n"))
    assert read["email"].tolist() == ["ana@example.org", "bo@example.org"]


def test_names_of_columns_that_repeat_or_lack(tmp_path: Path) -> None:
    """The second of one name gets a suffix, a column without a name a number."""
    read = read_contacts(written(tmp_path, "email,x,x,,x\nana@example.org,1,2,3,4\n"))
    assert read.columns.tolist() == ["email", "x", "x.1", "column_4", "x.2", "repaired"]


def test_two_hundred_columns(tmp_path: Path) -> None:
    """A wide export keeps all of its columns as text."""
    names = ["email", *(f"field {number}" for number in range(199))]
    read = read_contacts(written(tmp_path, f"{','.join(names)}\nana@example.org{',007' * 199}\n"))
    assert read.columns.tolist() == [*names, "repaired"]
    assert read["field 198"].tolist() == ["007"]


def test_dangerous_characters_arrive_as_they_are(tmp_path: Path) -> None:
    """NUL, line breaks and U+2028 are neither lost nor taken for the end of a row."""
    bad = ["a\nb@b.example", "a\r\nb@b.example", "a\x00b@b.example", "a\u0085b@b.example", "a\u2028b@b.example"]
    text = "email,n\n" + "".join(f'"{address}",1\n' for address in bad)
    assert read_contacts(written(tmp_path, text))["email"].tolist() == bad


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (gzip.compress(b"email\nana@example.org\n", mtime=0), "list.csv", "gzip archive, not text"),
        (b"PK\x03\x04....", "list.csv", "zip archive or an Excel workbook, not text"),
        (b"PAR1....", "list.txt", "Parquet file, not text"),
        (b"email\nana@example.org\n", "list.xlsx", "called .xlsx but is something else"),
        (b"email\nana@example.org\n", "list.parquet", "called .parquet but is something else"),
        (b"PAR1....PAR1", "list.parquet", "cannot be read as Parquet"),
        ("email\nana@example.org\n".encode("utf-16-le"), "list.csv", "not text, or is UTF-16 without"),
        ("email\nana@example.org\n".encode("utf-16") + b"\x00", "list.csv", "cannot be read"),
    ],
)
def test_what_is_no_text_is_recognised(tmp_path: Path, content: bytes, name: str, message: str) -> None:
    """A file that is something else than its name says is refused, with what it looks like."""
    with pytest.raises(InputError, match=message):
        read_contacts(written(tmp_path, content, name))


def test_a_path_that_cannot_be_opened(tmp_path: Path) -> None:
    """A missing file and a folder are input errors as well."""
    with pytest.raises(InputError, match=r"nowhere\.csv cannot be opened"):
        read_contacts(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="cannot be opened"):
        read_contacts(tmp_path)


@pytest.mark.parametrize("filler", ["x", "x,\n", "é"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_huge_cell_is_refused_at_once(tmp_path: Path, filler: str, encoding: str) -> None:
    """A cell of 32 MB, quoted or not, with or without line breaks, is not held in memory."""
    path = tmp_path / "list.csv"
    piece = (filler * (WIDTH // len(filler))).encode(encoding).removeprefix(b"\xff\xfe")
    with path.open("wb") as file:
        file.write('email,note\nana@example.org,"'.encode(encoding))
        file.writelines([piece] * 32)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"larger than 1,048,576 bytes"):
        read_contacts(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * WIDTH


def test_a_parquet_file_keeps_its_dtypes(tmp_path: Path) -> None:
    """What is typed already stays typed; moments become UTC."""
    frame = pd.DataFrame(
        {"Mail": ["ana@example.org"], "n": [1], "created": [pd.Timestamp("2024-01-01", tz="Europe/Berlin")]}
    )
    frame.to_parquet(tmp_path / "list.parquet")
    read = read_contacts(tmp_path / "list.parquet")
    assert read["n"].dtype == "int64"
    assert read["created_at"].tolist() == [pd.Timestamp("2023-12-31 23:00", tz="UTC")]


def test_a_parquet_bomb_is_refused(tmp_path: Path) -> None:
    """A small file that unpacks to far more than it weighs is not opened."""
    column = pa.array(["x" * (96 << 20)])
    pyarrow.parquet.write_table(pa.table({"email": column}), tmp_path / "list.parquet", compression="zstd")
    with pytest.raises(InputError, match="unpacks to"):
        read_contacts(tmp_path / "list.parquet")


def test_a_workbook_without_openpyxl_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The optional library is named, and the way without it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install openpyxl.*CSV"):
        read_contacts(written(tmp_path, b"PK\x03\x04", "list.xlsx"))


def test_a_broken_workbook_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A truncated download is an input error like any other."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(InputError, match="cannot be read as an Excel workbook"):
        read_contacts(written(tmp_path, b"PK\x03\x04", "list.xlsx"))


def test_a_workbook_is_read(tmp_path: Path) -> None:
    """The first sheet, all of it as text."""
    pytest.importorskip("openpyxl")
    frame = pd.DataFrame({"E-Mail": ["ana@example.org ", None], "zip": ["007", None], "x": ["1", None]})
    frame.to_excel(tmp_path / "list.xlsx", index=False)
    read = read_contacts(tmp_path / "list.xlsx")
    assert read[["email", "zip", "repaired"]].to_numpy().tolist() == [["ana@example.org", "007", "spaces"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"x" * (100 << 20), "unpacks to"), (b"<!DOCTYPE a [<!ENTITY b 'c'>]>", "declares XML entities")],
)
def test_a_bomb_in_a_workbook_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    """Zip and XML bombs are seen before anything is unpacked."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with zipfile.ZipFile(tmp_path / "list.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", content)
    with pytest.raises(InputError, match=message):
        read_contacts(tmp_path / "list.xlsx")
