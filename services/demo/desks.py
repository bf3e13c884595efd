"""The desks of the agencies: what an agency's own case system does, through the public gRPC API and nothing else.

A desk looks a case up as its node answers it, and says whether a step fits the state that it finds; it asks for the
date of the agency's duty; it takes the step, under a request id that follows from story and step, so that a repeated
call is the same act.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from domain.calendar import civil_date
from domain.case import case_id_of
from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.agency.v1.case_service_pb2_grpc import CaseServiceStub
from lianxi.type.v1 import vocabulary_pb2
from services.demo.steps import AtThatTime, InDays, Step, Story
from services.kit.rpc.client import Caller, Denied, call

CALL_SECONDS_MAX = 20.0

_HELD = frozenset({"open", "objected", "accepted", "opinion_issued"})
_FITS: Mapping[str, Callable[[pb.Case], bool]] = {
    "ClassifyPetition": lambda case: case.phase == "open",
    "HandOff": lambda case: case.phase == "open",
    "RaiseObjection": lambda case: case.phase == "open" and case.HasField("incoming"),
    "RuleOnObjection": lambda case: case.phase == "handed_off" and case.outgoing.objection_open,
    "NotifyReceipt": lambda case: case.phase in _HELD,
    "AcceptPetition": lambda case: case.phase == "open",
    "DeclinePetition": lambda case: case.phase == "open",
    "ExtendHandling": lambda case: case.phase == "accepted",
    "IssueOpinion": lambda case: case.phase == "accepted",
    "ServeOpinion": lambda case: case.phase == "opinion_issued",
    "StudySuggestion": lambda case: case.phase == "accepted",
    "DecideSuggestion": lambda case: case.phase == "accepted",
    "ReplyToSuggestion": lambda case: case.phase == "accepted",
    "ConcludeAccusation": lambda case: case.phase == "accepted",
    "ReportBack": lambda case: case.phase == "served" and not case.incoming.reported,
}
"""When the state of a case lets an official take a step; before that, the news has yet to arrive."""


class Desk:
    """One agency's desk. Safe to share between threads."""

    def __init__(self, agency: str, caller: Caller, address: str) -> None:
        self.agency = agency
        self._caller = caller
        self._channel: grpc.Channel = caller.connect(address)
        self._stub = CaseServiceStub(self._channel)

    def case_for(self, story: Story, step: Step) -> pb.Case | None:
        """Return the case if the step fits its state; nothing while it does not yet. Raises `Denied`, `NotReached`."""
        request = pb.GetCaseRequest(agency=self.agency, case_id=str(case_id_of(story.petition_id, self.agency)))
        try:
            found = call(self._stub.GetCase, request, self._caller, timeout_seconds=CALL_SECONDS_MAX)
        except Denied as denied:
            if denied.reason == "CASE_UNKNOWN":
                return None
            raise
        return found if _FITS[step.rpc](found) else None

    def due_time(self, case: pb.Case, rule: str) -> datetime | None:
        """Return the date of the agency's newest duty under a rule, as its node states it; none where it has none."""
        request = pb.ListDutiesRequest(agency=self.agency, case_id=case.case_id, min_position=case.as_of_position)
        answer = call(self._stub.ListDuties, request, self._caller, timeout_seconds=CALL_SECONDS_MAX)
        # Whoever got the petition a second time owes by the later date.
        dates = [
            duty.due_time.ToDatetime(UTC) for duty in answer.duties if duty.rule == rule and duty.HasField("due_time")
        ]
        return max(dates, default=None)

    def take(
        self, story: Story, number: int, time: datetime, provenance: vocabulary_pb2.Provenance.ValueType
    ) -> pb.CommandReceipt:
        """Take the step of that number as having been taken at `time`. Raises `Denied`, `NotReached`."""
        step = story.steps[number]
        is_first = step.rpc == "RegisterPetition"
        header = pb.CommandHeader(
            request_id=str(uuid5(story.petition_id, f"step/{number}")),
            agency=self.agency,
            case_id="" if is_first else str(case_id_of(story.petition_id, self.agency)),
            occurred_time=_timestamp(time),
            provenance=provenance,
        )
        request_class: Any = getattr(pb, f"{step.rpc}Request")
        fields = {name: _settled(value, time) for name, value in step.fields.items()}
        if is_first:
            fields["petition_id"] = str(story.petition_id)
        method: Any = getattr(self._stub, step.rpc)
        receipt: pb.CommandReceipt = call(
            method, request_class(header=header, **fields), self._caller, timeout_seconds=CALL_SECONDS_MAX
        )
        return receipt

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()


def _settled(value: Any, time: datetime) -> Any:
    if isinstance(value, InDays):
        date = civil_date(time + timedelta(days=value.days))
        return Date(year=date.year, month=date.month, day=date.day)
    return _timestamp(time) if isinstance(value, AtThatTime) else value


def _timestamp(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
