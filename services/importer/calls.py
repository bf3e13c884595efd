"""The calls of the case service that a mapping may make: which fields each has, which are sealed, which it needs.

The table is the one place that knows them; field names and types come from the proto's own description. A call that
another agency has to learn of says so in `tells`, because the next step has to wait until it did; one that has to wait
itself, as whoever decides on a review waits for the file, says so in `awaits`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from lianxi.agency.v1 import case_service_pb2 as pb
from services.importer.templates import words_in

TIMESTAMP, DATE = "google.protobuf.Timestamp", "google.type.Date"


class Tells(StrEnum):
    """What an agency learns over the bus before it can act on it."""

    NOTHING = "nothing"
    HANDED_OFF = "handed_off"
    OBJECTED = "objected"
    REVIEW_ASKED = "review_asked"
    FILE = "file"


@dataclass(frozen=True)
class Call:
    """One method of the case service."""

    name: str
    request: type[Message]
    needed_fields: frozenset[str] = frozenset()
    sealed_fields: frozenset[str] = frozenset()
    tells: Tells = Tells.NOTHING
    awaits: Tells = Tells.NOTHING
    descriptors: Mapping[str, FieldDescriptor] = field(init=False)

    def __post_init__(self) -> None:
        names = {found.name: found for found in self.request.DESCRIPTOR.fields}
        object.__setattr__(self, "descriptors", {name: names[name] for name in names if name not in _FILLED_IN})

    def problems(self, fields: Mapping[str, Any]) -> Iterator[str]:
        """Say what is wrong with the fields that a mapping gives, each with the field's name."""
        for name, value in fields.items():
            described = self.descriptors.get(name)
            if described is None:
                yield f"{name}: {self.name} has no such field; it has {', '.join(self.descriptors)}"
            elif problem := _problem(described, value):
                yield f"{name}: {problem}"
        for name in sorted(self.needed_fields - fields.keys()):
            yield f"{name}: {self.name} needs it"


def _problem(described: FieldDescriptor, value: Any) -> str | None:
    if described.is_repeated != isinstance(value, tuple):
        return "a list of texts is needed" if described.is_repeated else "one value is needed, not a list"
    if (described.type == FieldDescriptor.TYPE_BOOL) != isinstance(value, bool):
        return "true or false is needed" if described.type == FieldDescriptor.TYPE_BOOL else "a text is needed"
    if described.enum_type is not None and not words_in(value):
        known = words_of(described.enum_type)
        return None if value in known else f"{value!r} is none of {', '.join(known)}"
    if is_instant(described) and value.strip("{}") not in words_in(value):
        return "the word of a column with times is needed, such as {received}"
    return None


@cache
def words_of(enum: EnumDescriptor) -> tuple[str, ...]:
    """Return the domain's words of an enum: every value but the first, without the prefix that all of them share."""
    prefix = len(enum.values[0].name.removesuffix("UNSPECIFIED"))
    return tuple(value.name[prefix:].lower() for value in enum.values[1:])


def is_instant(described: FieldDescriptor) -> bool:
    """Tell whether a field holds a time or a date."""
    return described.message_type is not None and described.message_type.full_name in (TIMESTAMP, DATE)


_FILLED_IN = frozenset({"header", "petition_id", "first_received_time"})
"""Fields that the import fills in itself."""

CALLS: Mapping[str, Call] = {
    call.name: call
    for call in (
        Call(
            "RegisterPetition",
            pb.RegisterPetitionRequest,
            frozenset({"channel"}),
            sealed_fields=frozenset({"petitioner", "content"}),
        ),
        Call("ClassifyPetition", pb.ClassifyPetitionRequest, frozenset({"category"})),
        Call("HandOff", pb.HandOffRequest, frozenset({"kind", "to_agency"}), tells=Tells.HANDED_OFF),
        Call(
            "RaiseObjection",
            pb.RaiseObjectionRequest,
            frozenset({"reason", "explanation"}),
            sealed_fields=frozenset({"explanation"}),
            tells=Tells.OBJECTED,
        ),
        Call(
            "RuleOnObjection",
            pb.RuleOnObjectionRequest,
            frozenset({"uphold"}),
            sealed_fields=frozenset({"explanation"}),
        ),
        Call("NotifyReceipt", pb.NotifyReceiptRequest, frozenset({"method"})),
        Call("AcceptPetition", pb.AcceptPetitionRequest),
        Call(
            "DeclinePetition",
            pb.DeclinePetitionRequest,
            frozenset({"reason", "explanation"}),
            sealed_fields=frozenset({"explanation"}),
        ),
        Call(
            "IssueOpinion",
            pb.IssueOpinionRequest,
            frozenset({"outcome", "legal_bases", "facts", "opinion"}),
            sealed_fields=frozenset({"facts", "opinion"}),
        ),
        Call("ServeOpinion", pb.ServeOpinionRequest, frozenset({"method", "proof"})),
        Call(
            "RequestReview",
            pb.RequestReviewRequest,
            frozenset({"stage", "of_agency"}),
            tells=Tells.REVIEW_ASKED,
        ),
        Call(
            "DeclineReview",
            pb.DeclineReviewRequest,
            frozenset({"reason", "explanation"}),
            sealed_fields=frozenset({"explanation"}),
            awaits=Tells.FILE,
        ),
        Call(
            "IssueReviewOpinion",
            pb.IssueReviewOpinionRequest,
            frozenset({"result", "legal_bases", "facts", "opinion"}),
            sealed_fields=frozenset({"facts", "opinion"}),
            awaits=Tells.FILE,
        ),
        Call("ServeReviewOpinion", pb.ServeReviewOpinionRequest, frozenset({"method", "proof"})),
        Call("ReportBack", pb.ReportBackRequest, frozenset({"report"}), sealed_fields=frozenset({"report"})),
    )
}
"""Every call that history is made of; an extension needs an approver, whom no file of the known ones states."""
