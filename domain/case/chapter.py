"""What a chapter of the case gives to the whole: tables that say who folds, decides and receives which fact.

And what every decision needs besides the state: the moment it is taken at, the frame of the facts that follow from it,
and the refusals that several chapters share.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from domain.case.state import Case, Phase
from domain.event import Command, Decision, Event, Refusal
from domain.jurisdiction import NO_AGENCIES, Agencies
from domain.law import Law
from domain.vocabulary import AgencyKind

CLOCK_SKEW_MAX = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a decision needs besides the state: the time now, the law as it is counted here, and who there is.

    `history_before` is the instant at which the agency joined; only what happened before may be entered from older
    records. `related` is this agency's own case on the petition that the command names in `related_petition_id`.
    """

    now: datetime
    law: Law
    history_before: datetime | None = None
    agencies: Agencies = NO_AGENCIES
    related: Case | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a fact reached this agency: the record that brought it, the receiver, and the time of arrival."""

    cause: str
    agency: str
    agency_kind: AgencyKind
    now: datetime
    history_before: datetime | None = None
    agencies: Agencies = NO_AGENCIES


class Decider(NamedTuple):
    """Which phases a command is for, and who decides; `phases` is None for a command that opens a case."""

    phases: frozenset[Phase] | None
    decide: Callable[[Any, Any, datetime, Moment], Decision]


HANDOFF_UNKNOWN = Refusal(
    "HANDOFF_UNKNOWN",
    "nothing between these two agencies that the fact refers to is open on the case",
    "本办理件没有与该机关之间的此项转送、交办或者其他往来",
    "Art. 23(3)",
    "handoff_id",
)


class Reception(NamedTuple):
    """How a fact that another agency addressed to this one becomes a fact of its own.

    `make` takes the sent fact, the frame of the new one, the arrival and this agency's case. A fact that `opens` needs
    no case before it. `stands` tells whether the case knows what the sent fact refers to, and `problem` finds what else
    forbids to take it in, such as a sender to whom an answer would tell too much.
    """

    make: Callable[[Any, dict[str, Any], Arrival, Any], Event]
    opens: bool = False
    stands: Callable[[Case, Any], bool] = lambda _case, _sent: True
    otherwise: Refusal = HANDOFF_UNKNOWN
    problem: Callable[[Any, Any, Arrival], Refusal | None] = lambda _case, _sent, _arrival: None


@dataclass(frozen=True, slots=True)
class Chapter:
    """The tables of one chapter: facts that begin a case or its next round, other facts, commands, and arrivals."""

    begin: Mapping[type[Event], Callable[[Any, Any], Case]] = field(default_factory=dict)
    evolve: Mapping[type[Event], Callable[[Case, Any], dict[str, Any]]] = field(default_factory=dict)
    decide: Mapping[type[Command], Decider] = field(default_factory=dict)
    receive: Mapping[type[Event], Reception] = field(default_factory=dict)


def frame(case: Case, command: Command, time: datetime) -> dict[str, Any]:
    """The fields that every fact on this case has."""
    return {
        "petition_id": case.petition_id,
        "agency": case.agency,
        "occurred_time": time,
        "provenance": command.provenance,
        "officer": command.officer,
    }


def is_history(time: datetime, history_before: datetime | None) -> bool:
    """Tell whether a fact of that time may be entered from older records."""
    return history_before is not None and time < history_before


def reaches_accused(case: Case, to_agency: str, agencies: Agencies) -> bool:
    """Tell whether an accusation would come before the accused unit, one under it, or its successor, Art. 30(3)."""
    return bool(case.accused_agencies) and (
        to_agency in case.accused_agencies or agencies.reaches(case.accused_agencies, to_agency)
    )


# --- refusals that several chapters share --------------------------------------------------------------------------

CASE_UNKNOWN = Refusal(
    "CASE_UNKNOWN", "this agency has no such case", "本机关没有该办理件", field="case_id", remedy="check the case id"
)
NOT_CLASSIFIED = Refusal(
    "NOT_CLASSIFIED",
    "the matter has no category yet",
    "该事项尚未分类",
    "Arts. 29-31",
    "category",
    "classify the petition first",
)
REACHES_ACCUSED = Refusal(
    "ACCUSATION_REACHES_ACCUSED",
    "an accusation and what belongs to it is never passed to the accused, to units under it, or to its successors",
    "不得将检举、揭发材料及有关情况透露或者转给被检举、揭发的人员或者单位",
    "Art. 30(3)",
    "to_agency",
    "send it to the discipline organ or to the accused unit's superior",
)


def wrong_phase(case: Case, allowed: frozenset[Phase]) -> Refusal:
    """The refusal for an act that does not belong where the case stands."""
    return Refusal(
        "WRONG_PHASE",
        f"the case is {case.phase}; this needs one of: {', '.join(sorted(allowed))}",
        f"办理件当前状态为“{case.phase.term}”,此操作适用于:{'、'.join(phase.term for phase in sorted(allowed))}",
        "Ch. III-IV",
        remedy="read the case with GetCase and act on its present state",
    )


def agency_unknown(agency: str, field: str = "to_agency") -> Refusal:
    """The refusal for an agency that the directory does not list."""
    return Refusal(
        "AGENCY_UNKNOWN",
        f"the directory lists no agency {agency}",
        f"名录中没有机关 {agency}",
        field=field,
        remedy="look the id up with ListAgencies",
    )


def in_future(field: str) -> Refusal:
    """The refusal for an instant that has not come yet."""
    return Refusal(
        "TIME_IN_FUTURE", f"{field} lies in the future", f"{field} 晚于当前时间", field=field, remedy="check the clock"
    )


def before(field: str, what: str, what_zh: str) -> Refusal:
    """The refusal for an instant before something that it can only follow; `what` is a key of `_CODES`."""
    code = f"TIME_BEFORE_{_CODES[what]}"
    remedy = "check both times; say when it really happened"
    return Refusal(code, f"{field} lies before {what}", f"{field} 早于{what_zh}", field=field, remedy=remedy)


_CODES = {
    "receipt": "RECEIPT",
    "acceptance": "ACCEPTANCE",
    "the opinion": "OPINION",
    "the assignment": "ASSIGNMENT",
    "the hearing": "HEARING",
    "the request": "REQUEST",
}
