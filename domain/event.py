"""The frame of every fact and of every refusal.

An event is a frozen pydantic model with a stable type name (`lianxi.case.v1.HandedOff`) that is the same in the event
table, on the bus and in the documents, and never a Python path. Personal data cannot stand in an event in clear: a
field for it has the type `Sealed`, and the domain has no key to open one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from domain.vocabulary import Provenance

AgencyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")]
"""The id of an agency in the directory: 2 to 40 of `a-z`, `0-9` and `-`."""

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:/._#-]{0,79}$")]
"""An opaque reference to something kept elsewhere (a receipt, an official's post); never a person's name or number."""

_TYPE_NAME = re.compile(r"^lianxi\.[a-z]+\.v[0-9]+\.[A-Z][A-Za-z]+$")


class Value(BaseModel):
    """A frozen value without identity; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sealed(Value):
    """A text sealed with its petition's key (AES-256-GCM).

    `origin` (the id of the request that brought it) and `field` are bound into the seal as associated data, so that a
    ciphertext cannot be moved to another place without being noticed.
    """

    origin: UUID
    field: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    text: Annotated[str, StringConstraints(pattern=r"^v1\.[A-Za-z0-9_=-]+$")]


class Event(Value):
    """A fact: who recorded it, on which petition, and when it happened (when it was recorded is the log's to say).

    `officer` is an opaque reference to the post that acted, where one was named; never a person's name.
    """

    type_name: ClassVar[str] = ""

    petition_id: UUID
    agency: AgencyId
    occurred_time: AwareDatetime
    provenance: Provenance = Provenance.RECORDED
    officer: Reference | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if name := cls.__dict__.get("type_name"):
            _register(name, cls)


_classes: dict[str, type[Event]] = {}
_upcasts: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {}


class UnknownEventType(LookupError):
    """A type name that this version of the software has no class for."""


def _register(type_name: str, cls: type[Event]) -> None:
    if not _TYPE_NAME.match(type_name):
        raise ValueError(f"{type_name!r} is not an event type name like lianxi.case.v1.HandedOff")
    if type_name in _classes:
        raise ValueError(f"event type {type_name} is defined twice")
    _classes[type_name] = cls


def event_class(type_name: str) -> type[Event]:
    """Return the class that stands for the type name, or raise `UnknownEventType`."""
    try:
        return _classes[type_name]
    except KeyError:
        raise UnknownEventType(type_name) from None


def event_types() -> dict[str, type[Event]]:
    """Return every released event type by its name."""
    return dict(_classes)


def upcast_from(
    old: str, new: str
) -> Callable[[Callable[[dict[str, Any]], dict[str, Any]]], Callable[[dict[str, Any]], dict[str, Any]]]:
    """Declare the one function that turns a stored event of an `old` version into the fields of the `new` one."""

    def declare(function: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        _upcasts[old] = (new, function)
        return function

    return declare


def upcast(type_name: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Lift stored fields to the newest version of their type; an up-to-date type passes through untouched."""
    while type_name in _upcasts:
        type_name, function = _upcasts[type_name][0], _upcasts[type_name][1]
        fields = function(fields)
    return type_name, fields


def has_upcast(type_name: str) -> bool:
    """Tell whether stored events of this type must be lifted before they are read."""
    return type_name in _upcasts


@dataclass(frozen=True, slots=True)
class Refusal:
    """The domain says no: a stable code, a sentence in Chinese and English, the article, and the field at fault."""

    code: str
    message: str
    message_zh: str
    article: str = ""
    field: str = ""
    remedy: str = ""


Decision = tuple[Event, ...] | Refusal
"""What `decide` answers: the facts to record, or a refusal; never both."""


class Happening(NamedTuple):
    """An event with the place that the log gave it: what folds over many agencies' files need to know."""

    event: Event
    case_id: UUID
    version: int
    node: str
    position: int
    recorded_time: datetime


class Command(Value):
    """An order of an agency on one of its cases; `occurred_time` says when the act took place, if not just now."""

    occurred_time: AwareDatetime | None = None
    provenance: Provenance = Provenance.RECORDED
    officer: Reference | None = None

    @property
    def other_petition_id(self) -> UUID | None:
        """Another petition of the same agency that the decision has to look at."""
        return None


LegalBasis = Annotated[
    str, StringConstraints(min_length=2, max_length=200, strip_whitespace=True, pattern=r"^[^\x00]*$")
]
"""A law by name and article; a NUL in it would keep whoever reads the fact elsewhere from storing it."""

LegalBases = Annotated[tuple[LegalBasis, ...], Field(max_length=20)]
