"""Rows out of files: line numbers as an editor counts them, and every way in which a row can be unreadable."""

import gzip
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from services.importer.mapping import Mapping
from services.importer.mapping_files import parse_mapping
from services.importer.reading import Reject, Row, UnreadableFile, rows_of

MAPPING = """
name = "letters"
title = "Letters"
title_zh = "来信"
key = "number"
open_columns = ["number", "received"]
optional_columns = ["note"]
[file]
format = "{format}"
encodings = ["utf-8", "gb18030"]
[columns]
number = "编号"
received = "收到"
note = "备注"
[times]
columns = ["received"]
formats = ["iso"]
[[agencies]]
id = "letter-office"
kind = "agency"
name_zh = "来信办"
name = "Letter office"
[[steps]]
call = "RegisterPetition"
agency = "letter-office"
time = "received"
provenance = "imported"
fields = {{ channel = "letter", content = "{{note}}" }}
"""


def mapping(form: str = "csv") -> Mapping:
    return parse_mapping(MAPPING.format(format=form))


def read(folder: Path, content: str | bytes, name: str = "letters.csv") -> list[Row | Reject]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(rows_of(path, mapping()))


HEAD = "编号,收到,备注\n"


def test_a_row_begins_on_the_line_that_an_editor_shows(tmp_path: Path) -> None:
    rows = read(tmp_path, HEAD + '1,2019-01-02,"one\ntwo\nthree"\n\n2,2019-01-03,\n')
    assert rows == [
        Row(2, {"number": "1", "received": "2019-01-02", "note": "one\ntwo\nthree"}),
        Row(6, {"number": "2", "received": "2019-01-03", "note": ""}),
    ]


def test_a_byte_order_mark_and_blanks_around_cells_say_nothing(tmp_path: Path) -> None:
    rows = read(tmp_path, "\ufeff" + HEAD + "\t1 ,2019-01-02,\tnote\n")
    assert rows == [Row(2, {"number": "1", "received": "2019-01-02", "note": "note"})]


def test_further_columns_and_another_order_are_no_matter(tmp_path: Path) -> None:
    rows = read(tmp_path, "备注,其他,编号,收到\nnote,x,1,2019-01-02\n")
    assert rows == [Row(2, {"number": "1", "received": "2019-01-02", "note": "note"})]


def test_gb18030_is_found_out(tmp_path: Path) -> None:
    rows = read(tmp_path, (HEAD + "1,2019-01-02,路灯\n").encode("gb18030"))
    assert rows == [Row(2, {"number": "1", "received": "2019-01-02", "note": "路灯"})]


def test_gzip_is_unpacked_on_the_way(tmp_path: Path) -> None:
    rows = read(tmp_path, gzip.compress((HEAD + "1,2019-01-02,路灯\n").encode()), "letters.csv.gz")
    assert [row.line for row in rows] == [2]


def test_half_an_archive_is_no_file(tmp_path: Path) -> None:
    packed = gzip.compress((HEAD + "1,2019-01-02,路灯\n" * 50_000).encode())
    with pytest.raises(UnreadableFile, match=r"letters\.csv\.gz"):
        read(tmp_path, packed[: len(packed) // 2], "letters.csv.gz")


def test_one_broken_row_is_rejected_and_its_neighbours_are_read(tmp_path: Path) -> None:
    broken = HEAD.encode() + b"1,2019-01-02,fine\n2,2019-01-02,\xff\xfe\n3,2019-01-02,fine\n"
    rows = read(tmp_path, broken)
    assert [type(row) for row in rows] == [Row, Reject, Row]
    assert rows[1] == Reject(3, "备注", "the bytes are no text in the file's encoding", "2")


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        ("1,2019-01-02", "", "2 cells where the first line names 3"),
        ("1,2019-01-02,a,b", "", "4 cells where the first line names 3"),
        ("1,,a", "收到", "empty"),
        (",2019-01-02,a", "编号", "empty"),
        ('1,2019-01-02,"a"b', "", "no CSV row"),
        ("1,2019-01-02,a\0b", "备注", "no text"),
    ],
)
def test_a_row_that_cannot_be_read_says_where_and_why(tmp_path: Path, line: str, field: str, reason: str) -> None:
    rejected, fine = read(tmp_path, HEAD + line + "\n2,2019-01-02,fine\n")
    assert isinstance(rejected, Reject)
    assert (rejected.line, rejected.field) == (2, field)
    assert reason in rejected.reason
    assert isinstance(fine, Row)


def test_a_quotation_mark_that_is_never_closed_rejects_its_row(tmp_path: Path) -> None:
    rows = read(tmp_path, HEAD + '1,2019-01-02,fine\n2,2019-01-02,"open\n')
    assert [type(row) for row in rows] == [Row, Reject]
    assert rows[1].line == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "no first line"), ("编号,收到\n1,2\n", "no column 备注"), ("编号,收到,备注,备注\n", "several columns 备注")],
)
def test_a_file_of_another_form_is_refused_as_a_whole(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read(tmp_path, content)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no file"):
        list(rows_of(tmp_path / "none.csv", mapping()))


def test_xlsx_is_read_with_its_own_times_and_numbers(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    typed = datetime(2019, 1, 2, 9, 30)  # noqa: DTZ001 - a cell knows no zone
    for row in (["编号", "收到", "备注"], [7.0, typed, None], [], ["8", "2019-01-03", "note"]):
        sheet.append(row)
    book.save(tmp_path / "letters.xlsx")
    assert list(rows_of(tmp_path / "letters.xlsx", mapping("xlsx"))) == [
        Row(2, {"number": "7", "received": "2019-01-02 09:30:00", "note": ""}),
        Row(4, {"number": "8", "received": "2019-01-03", "note": "note"}),
    ]


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters.xlsx").write_text("编号,收到,备注\n")
    with pytest.raises(UnreadableFile, match="no XLSX workbook"):
        list(rows_of(tmp_path / "letters.xlsx", mapping("xlsx")))
