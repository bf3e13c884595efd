"""Requests as the fields of a domain command, and domain values as replies, read off the message's own descriptor.

A new message needs no code here: string, Timestamp, Date, enum, repeated and optional fields are understood, and what
is left empty or UNSPECIFIED is left out, so that the command's own class says what it requires. How a message type is
read is worked out once. What cannot be read is a `Malformed` that names the field by its path in the proto.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, cast
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.unknown_fields import UnknownFieldSet
from google.type.date_pb2 import Date
from pydantic import ValidationError

from services.kit.rpc.errors import Malformed, Violation

# The compiled protobuf has descriptor classes of its own, which its stubs know only in part.
Descriptor = Any
FieldDescriptor = Any
EnumDescriptor = Any
Kind = TypeVar("Kind", bound=Message)
Read = Callable[[Any], Any]
"""Turns one value off the wire into what a command takes, or raises `ValueError` with the reason in words."""

_TIMESTAMP, _DATE = "google.protobuf.Timestamp", "google.type.Date"
_LENGTH_DELIMITED = 2
_TYPE_STRING = 9


# --- the wire -------------------------------------------------------------------------------------------------------


def parse(kind: type[Kind], wire: bytes) -> Kind:
    """Read the bytes of a request. `Malformed` names the fields whose text is not UTF-8, if that is what is wrong."""
    try:
        return kind.FromString(wire)
    except DecodeError:
        found = _texts_not_utf8(kind.DESCRIPTOR, wire)
        raise Malformed(found or [Violation("", f"the bytes are no {kind.DESCRIPTOR.name}")]) from None


def _texts_not_utf8(descriptor: Descriptor, wire: bytes, prefix: str = "") -> list[Violation]:
    """Find the broken texts: read as a message without fields, everything is an unknown field, and kept as bytes."""
    violations = []
    try:
        unknown = UnknownFieldSet(Empty.FromString(wire))
    except DecodeError:
        return []
    for part in cast("Iterable[Any]", unknown):
        field = descriptor.fields_by_number.get(part.field_number)
        if field is None or part.wire_type != _LENGTH_DELIMITED:
            continue
        if field.message_type is not None:
            violations += _texts_not_utf8(field.message_type, part.data, f"{prefix}{field.name}.")
        elif field.type == _TYPE_STRING:
            try:
                part.data.decode()
            except UnicodeDecodeError:
                violations.append(Violation(f"{prefix}{field.name}", "the text is not UTF-8"))
    return violations


# --- from a message to fields ---------------------------------------------------------------------------------------


def fields_of(message: Message, prefix: str = "") -> dict[str, Any]:
    """Return the fields that are set, in the domain's types; numbers and truth values always count as set.

    An inner message becomes a dict. Raises `Malformed` with every field that cannot be read.
    """
    fields: dict[str, Any] = {}
    violations: list[Violation] = []
    for name, has_presence, is_repeated, read in _reads(message.DESCRIPTOR):
        if has_presence and not message.HasField(name):
            continue
        value = getattr(message, name)
        try:
            if is_repeated:
                value = tuple(map(read, value)) if read else tuple(value)
                if not value:
                    continue
            elif read:
                value = read(value)
            if value is not None and value != "":
                fields[name] = value
        except (ValueError, OverflowError) as problem:
            violations.append(Violation(f"{prefix}{name}", str(problem)))
        except Malformed as inner:
            violations += [Violation(f"{prefix}{name}.{field}", said) for field, said in inner.violations]
    if violations:
        raise Malformed(violations)
    return fields


@lru_cache(maxsize=1024)
def _reads(descriptor: Descriptor) -> tuple[tuple[str, bool, bool, Read | None], ...]:
    """Say for each field: its name, whether it can be absent, whether it repeats, and how it is read, if it is."""
    return tuple((field.name, field.has_presence, field.is_repeated, _read(field)) for field in descriptor.fields)


def _read(field: FieldDescriptor) -> Read | None:
    if field.enum_type is not None:
        words = {number: word for word, number in _words(field.enum_type).items()}
        return lambda number: _word(words, number)
    if field.message_type is None:
        return None
    read: Read = _READ_MESSAGE.get(field.message_type.full_name, fields_of)
    return read


def _word(words: Mapping[int, str], number: int) -> str | None:
    if number == 0:
        return None
    try:
        return words[number]
    except KeyError:
        raise ValueError(f"{number} is not a value of this enum") from None


def _date(value: Date) -> date:
    if not (value.year and value.month and value.day):
        raise ValueError("a whole date is needed: year, month and day")
    return date(value.year, value.month, value.day)


_READ_MESSAGE: dict[str, Read] = {_TIMESTAMP: lambda value: value.ToDatetime(UTC), _DATE: _date}


@lru_cache(maxsize=256)
def _words(enum: EnumDescriptor) -> dict[str, int]:
    """Return the domain's words of an enum: AGENCY_KIND_PETITION_DEPARTMENT of AgencyKind is `petition_department`."""
    prefix = "".join(f"_{letter}" if letter.isupper() else letter for letter in enum.name).lstrip("_").upper() + "_"
    return {value.name.removeprefix(prefix).lower(): value.number for value in enum.values if value.number}


def malformed(error: ValidationError, path_of: Callable[[tuple[int | str, ...]], str]) -> Malformed:
    """Say what pydantic found wrong, each under the path in the proto; pydantic's own text would repeat the input."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return Malformed([Violation(path_of(problem["loc"]), problem["msg"]) for problem in found])


# --- from values to a message ---------------------------------------------------------------------------------------


def message_of(kind: type[Kind], source: object, **values: Any) -> Kind:
    """Return a message with the attributes of `source` that its fields are named after, and with `values` over them.

    `None` leaves a field empty; a name in `values` that the message lacks is an error.
    """
    fields = kind.DESCRIPTOR.fields_by_name
    found = {name: getattr(source, name, None) for name in fields if name not in values} | values
    return kind(**{name: _write(fields[name], value) for name, value in found.items() if value is not None})


def _write(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None and isinstance(value, str):
        return _words(field.enum_type)[str(value)]
    if isinstance(value, UUID | Enum):
        return str(value)
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, date):
        return Date(year=value.year, month=value.month, day=value.day)
    return value


def timestamp(instant: datetime) -> Timestamp:
    """Return an instant as the wire has it."""
    message = Timestamp()
    message.FromDatetime(instant)
    return message


def duration(length: timedelta) -> Duration:
    """Return a length of time as the wire has it."""
    message = Duration()
    message.FromTimedelta(length)
    return message
