"""The rows of a file, one at a time, each with the line on which it begins, as a person's editor counts lines.

CSV (plain or gzip) and XLSX. A row that cannot be read becomes a `Reject` with its line and the reason, and the reading
goes on behind it. Nothing is corrected or guessed, except which of the mapping's encodings the file is in.
"""

import csv
import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from services.importer.mapping import FileFormat, Mapping

CELL_CHARACTERS_MAX = 4 * 1024 * 1024
"""Longer than any field that a node takes: what is longer is a quotation mark that was never closed."""

_SAMPLE_BYTES = 256 * 1024
_BOM = "\ufeff"


class UnreadableFile(ValueError):
    """The file as a whole is not what the mapping says; the message names what is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row by the mapping's words; `line` is where it begins."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not imported: its line, the column at fault if one is, and the reason, which repeats no content.

    `key` is the row's key where it can be read, so that a case is not told with one of its rows missing.
    """

    line: int
    field: str
    reason: str
    key: str = ""


def rows_of(path: Path, mapping: Mapping) -> Iterator[Row | Reject]:
    """Read the file; raise `UnreadableFile` where it is not of the mapping's form at all."""
    if not path.is_file():
        raise UnreadableFile(f"there is no file {path}")
    records = _xlsx_records(path, mapping) if mapping.file.format is FileFormat.XLSX else _csv_records(path, mapping)
    first = next(records, None)
    if first is None or isinstance(first, Reject):
        raise UnreadableFile(f"{path} has no first line with the names of the columns")
    header = [name.strip().removeprefix(_BOM) for name in first[1]]
    places = _places(path, header, mapping)
    for record in records:
        yield record if isinstance(record, Reject) else _row(record, len(header), places, mapping)


def _places(path: Path, header: Sequence[str], mapping: Mapping) -> dict[str, int]:
    missing = [name for name in mapping.columns.values() if name not in header]
    if missing:
        raise UnreadableFile(f"{path} has no column {', '.join(missing)}; it has: {', '.join(header)}")
    twice = [name for name in mapping.columns.values() if header.count(name) > 1]
    if twice:
        raise UnreadableFile(f"{path} has several columns {', '.join(twice)}")
    return {word: header.index(name) for word, name in mapping.columns.items()}


def _row(record: tuple[int, list[str]], width: int, places: dict[str, int], mapping: Mapping) -> Row | Reject:
    line, cells = record
    if len(cells) < width or any(cell.strip() for cell in cells[width:]):
        return Reject(line, "", f"the row has {len(cells)} cells where the first line names {width}")
    row = Row(line, {word: cells[place].strip() for word, place in places.items()})
    key = row.cells[mapping.key]
    for word, cell in row.cells.items():
        if not cell and word not in mapping.optional_columns:
            return Reject(line, mapping.columns[word], "the cell is empty", key)
        if not _is_text(cell):
            return Reject(line, mapping.columns[word], "the bytes are no text in the file's encoding", key)
    return row


def _is_text(cell: str) -> bool:
    # A byte that could not be decoded stands as half of a surrogate pair, which no encoding takes back.
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in cell


# --- CSV ------------------------------------------------------------------------------------------------------------


def _csv_records(path: Path, mapping: Mapping) -> Iterator[tuple[int, list[str]] | Reject]:
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    encoding = _encoding(path, mapping)
    with _opened(path) as raw:
        lines = (line.decode(encoding, "surrogateescape") for line in raw)
        reader = csv.reader(lines, delimiter=mapping.file.delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as problem:
                yield Reject(line, "", f"lines {line} to {reader.line_num} are no CSV row: {problem}")
                continue
            except (EOFError, gzip.BadGzipFile) as problem:
                raise UnreadableFile(f"{path} ends in the middle of its compressed data: {problem}") from None
            if cells is None:
                return
            if cells:
                yield line, cells


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as raw:
        yield raw  # type: ignore[misc]  # both read bytes; their common class is private


def _encoding(path: Path, mapping: Mapping) -> str:
    """Return the encoding in which the first line names the columns and the fewest lines behind it are broken."""
    with _opened(path) as raw:
        try:
            lines = raw.readlines(_SAMPLE_BYTES)
        except (EOFError, OSError) as problem:
            raise UnreadableFile(f"{path} cannot be unpacked: {problem}") from None

    def faults(encoding: str) -> tuple[bool, int]:
        head = lines[0].decode(encoding, "replace") if lines else ""
        return any(name not in head for name in mapping.columns.values()), sum(
            _is_broken(line, encoding) for line in lines
        )

    return min(mapping.file.encodings, key=faults)


def _is_broken(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return True
    return False


# --- XLSX -----------------------------------------------------------------------------------------------------------


def _xlsx_records(path: Path, mapping: Mapping) -> Iterator[tuple[int, list[str]] | Reject]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, OSError) as problem:
        raise UnreadableFile(f"{path} is no XLSX workbook: {problem}") from None
    try:
        if mapping.file.sheet is not None and mapping.file.sheet not in book.sheetnames:
            raise UnreadableFile(f"{path} has no sheet {mapping.file.sheet}; it has: {', '.join(book.sheetnames)}")
        sheet = book[mapping.file.sheet] if mapping.file.sheet else book.worksheets[0]
        width = 0
        for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
            cells = [_cell(value) for value in values]
            width = width or len(cells)
            if any(cells):
                yield number, cells + [""] * (width - len(cells))
    finally:
        book.close()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
