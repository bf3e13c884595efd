"""What a mapping says: the columns of a file, its times, its agencies, and the steps that a row or a case stands for.

These are the parts of the TOML file, each checked by itself; `mapping_files.py` reads one and checks that its parts
agree. Every column counts as personal unless it is listed in `open_columns`.
"""

import re
from collections.abc import Mapping as MappingOf
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from domain.event import AgencyId
from domain.vocabulary import AgencyKind, Provenance
from services.importer.templates import words_in

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
"""The name of a column or of a find in a mapping, used in templates as `{word}`."""

GIVEN_WORDS = frozenset({"holder", "other"})
"""Words that every step may use: the agency that holds the petition, and the other side of the hand-over at hand."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileFormat(StrEnum):
    """What kind of file it is; a CSV file whose name ends in `.gz` is unpacked on the way."""

    CSV = "csv"
    XLSX = "xlsx"


class FileShape(_Part):
    """How the file is written; of several encodings, the first that fits the file is taken."""

    format: FileFormat = FileFormat.CSV
    encodings: tuple[str, ...] = ("utf-8",)
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    sheet: str | None = None

    @field_validator("encodings")
    @classmethod
    def _are_known(cls, encodings: tuple[str, ...]) -> tuple[str, ...]:
        for encoding in encodings:
            try:
                ends_lines_plainly = "\n".encode(encoding) == b"\n"
            except LookupError:
                raise ValueError(f"{encoding!r} is no encoding that Python knows") from None
            if not ends_lines_plainly:
                raise ValueError(f"{encoding!r} writes line ends in its own way; utf-8 and gb18030 do not")
        return encodings


class Times(_Part):
    """Which columns hold times, how they are written (strptime, or `iso`), and the zone of those that name none."""

    columns: tuple[Word, ...]
    formats: Annotated[tuple[str, ...], Field(min_length=1)]
    zone: str = "Asia/Shanghai"

    @field_validator("zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError):
            raise ValueError(f"{zone!r} is no time zone, such as Asia/Shanghai") from None
        return zone


def _compiled(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as problem:
            raise ValueError(f"{pattern!r} is no regular expression: {problem}") from None
    return patterns


class MappedAgency(_Part):
    """An agency that rows may speak of; `matches` are patterns by which a text names it, `superior` stands above it."""

    id: AgencyId
    kind: AgencyKind
    name_zh: str
    name: str
    superior: AgencyId | None = None
    matches: tuple[str, ...] = ()

    _check_matches = field_validator("matches")(_compiled)


class AgenciesFromColumn(_Part):
    """Each value of a column is an agency; the names are templates on that column."""

    column: Word
    kind: AgencyKind
    name_zh: str
    name: str


class Find(_Part):
    """Something that a text says: the word is set where one of the patterns fits the column's text.

    With `agency_otherwise` the word is the agency that the pattern's group `name` names, or else that one.
    """

    word: Word
    column: Word
    patterns: Annotated[tuple[str, ...], Field(min_length=1)]
    agency_otherwise: AgencyId | None = None

    _check_patterns = field_validator("patterns")(_compiled)


class Occasion(StrEnum):
    """When a step is taken.

    Once for a row; in a stream at its begin, at a hand-over, at a return, at its end; or at a moment that a row names.
    """

    ROW = "row"
    BEGIN = "begin"
    HANDOVER = "handover"
    RETURN = "return"
    END = "end"
    MOMENT = "moment"


class StepTemplate(_Part):
    """One call on behalf of an agency; texts are templates, and `when`/`unless` name words that must be set or not.

    A step on a moment has a `name`, says `at` which moments it is taken and `after` which steps; it is taken once.
    """

    on: Occasion = Occasion.ROW
    name: Word | None = None
    at: tuple[str, ...] = ()
    after: tuple[Word, ...] = ()
    call: str
    agency: str
    time: Word
    provenance: Provenance
    when: tuple[Word, ...] = ()
    unless: tuple[Word, ...] = ()
    fields: MappingOf[str, str | bool | tuple[str, ...]] = {}

    @property
    def words(self) -> frozenset[str]:
        """Every word that the step uses."""
        texts = [self.agency, *(text for value in self.fields.values() for text in texts_of(value))]
        return frozenset({self.time, *self.when, *self.unless}).union(*map(words_in, texts))


def texts_of(value: str | bool | tuple[str, ...]) -> tuple[str, ...]:
    """Return the templates in a field's value."""
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, str) else ()


class Stream(_Part):
    """Rows that are moments of a case: which columns hold the time and the agency, and which words end the case."""

    time: Word
    agency: Word
    ended_when: MappingOf[Word, tuple[str, ...]]


class Moments(_Part):
    """Rows that are moments of a case, each of which says in this column what happened."""

    column: Word


class Mapping(_Part):
    """A whole mapping."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
    title: str
    title_zh: str
    key: Word
    columns: MappingOf[Word, str]
    open_columns: tuple[Word, ...]
    optional_columns: tuple[Word, ...] = ()
    file: FileShape = FileShape()
    times: Times
    agencies: tuple[MappedAgency, ...] = ()
    agencies_from_column: AgenciesFromColumn | None = None
    stream: Stream | None = None
    moments: Moments | None = None
    finds: tuple[Find, ...] = ()
    steps: Annotated[tuple[StepTemplate, ...], Field(min_length=1)]

    @property
    def tells_cases(self) -> bool:
        """Tell whether a petition is told by several rows, and not by one."""
        return self.stream is not None or self.moments is not None

    @property
    def personal_words(self) -> frozenset[str]:
        """The words that may hold personal data."""
        return frozenset(self.columns) - frozenset(self.open_columns)
