"""The case as a whole: `decide`, `receive` and `evolve` look a command or fact up in the tables of its chapter."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from domain.case import (
    agreement,
    assistance,
    declining,
    handling,
    intake,
    joint,
    objection,
    opinion,
    procedure,
    record,
    recusal,
    review,
    review_file,
    review_opinion,
    routing,
    streams,
    urgent,
)
from domain.case.chapter import (
    CASE_UNKNOWN,
    CLOCK_SKEW_MAX,
    REACHES_ACCUSED,
    Arrival,
    Moment,
    before,
    in_future,
    is_history,
    reaches_accused,
    wrong_phase,
)
from domain.case.recusal import DecideRecusal, RequestRecusal
from domain.case.state import Case
from domain.event import Command, Decision, Event, Refusal
from domain.vocabulary import Provenance

CHAPTERS = (
    intake.CHAPTER,
    declining.CHAPTER,
    routing.CHAPTER,
    objection.CHAPTER,
    joint.CHAPTER,
    assistance.CHAPTER,
    urgent.CHAPTER,
    handling.CHAPTER,
    procedure.CHAPTER,
    agreement.CHAPTER,
    opinion.CHAPTER,
    streams.CHAPTER,
    recusal.CHAPTER,
    review.CHAPTER,
    review_file.CHAPTER,
    review_opinion.CHAPTER,
    record.CHAPTER,
)

_Key = TypeVar("_Key")
_Row = TypeVar("_Row")


def _merged(tables: Iterable[Mapping[_Key, _Row]]) -> dict[_Key, _Row]:
    merged: dict[_Key, _Row] = {}
    for table in tables:
        assert not merged.keys() & table.keys(), "two chapters claim the same fact or command"
        merged |= table
    return merged


_BEGIN = _merged(chapter.begin for chapter in CHAPTERS)
_EVOLVE = _merged(chapter.evolve for chapter in CHAPTERS)
_DECIDE = _merged(chapter.decide for chapter in CHAPTERS)
_RECEIVE = _merged(chapter.receive for chapter in CHAPTERS)

ADDRESSED: frozenset[type[Event]] = frozenset(_RECEIVE)
"""The events that go to the inbox of the agency named in `to_agency`, besides the log that all events go to."""

COMMANDS: frozenset[type[Command]] = frozenset(_DECIDE)
OPENING: frozenset[type[Command]] = frozenset(kind for kind, row in _DECIDE.items() if row.phases is None)
"""The commands that may open a case, and so name the petition instead."""


def evolve(case: Case | None, event: Event) -> Case:
    """Fold one fact into the state; the first fact of a case is one that begins it, such as `Registered`."""
    kind = type(event)
    cause = getattr(event, "cause", None)
    if kind in _BEGIN:
        known = case.causes if case else frozenset()
        begun = _BEGIN[kind](case, event)
        return replace(begun, version=case.version + 1 if case else 1, causes=known | {cause} if cause else known)
    if case is None:
        raise ValueError(f"a case cannot begin with {event.type_name}")
    changes = _EVOLVE[kind](case, event)
    if cause:
        changes["causes"] = case.causes | {cause}
    return replace(case, version=case.version + 1, **changes)


def decide(case: Case | None, command: Command, moment: Moment) -> Decision:
    """Answer a command with the facts to record, or with a refusal that names article, field and remedy."""
    time = command.occurred_time or moment.now
    if time > moment.now + CLOCK_SKEW_MAX:
        return in_future("occurred_time")
    if command.provenance is not Provenance.RECORDED and not is_history(time, moment.history_before):
        return HISTORY_CLOSED
    row = _DECIDE[type(command)]
    if row.phases is None:
        return _recusal_problem(case, command) or row.decide(case, command, time, moment)
    if case is None:
        return CASE_UNKNOWN
    if time < case.received_time:
        return before("occurred_time", "receipt", "收到之日")
    if case.phase not in row.phases:
        return wrong_phase(case, row.phases)
    return _recusal_problem(case, command) or row.decide(case, command, time, moment)


def _recusal_problem(case: Case | None, command: Command) -> Refusal | None:
    """Who was recused does nothing more on the case; so that this can be seen, every later act names who did it."""
    if case is None or not case.recused:
        return None
    if command.officer is None:
        return OFFICER_NOT_NAMED
    acting = next((name for name in _ACTING if getattr(command, name, None) in case.recused), None)
    # A request for recusal names an official, too, who does not act by it.
    if acting is None or (acting == "official" and isinstance(command, (RequestRecusal, DecideRecusal))):
        return None
    return replace(OFFICER_RECUSED, field=acting)


_ACTING = ("officer", "approver", "official")
"""The fields of commands that name who acts: who enters it, who approved it, who opened the materials."""


def receive(case: Case | None, sent: Event, arrival: Arrival) -> Decision:
    """Turn a fact that another agency addressed to this one into its own fact, once whatever is redelivered."""
    row = _RECEIVE.get(type(sent))
    if row is None or getattr(sent, "to_agency", None) != arrival.agency:
        return NOT_ADDRESSED
    if case is not None and (case.petition_id, case.agency) != (sent.petition_id, arrival.agency):
        return WRONG_CASE
    if case is not None and arrival.cause in case.causes:
        return ()
    if _would_tell_accused(case, sent, arrival):
        return REACHES_ACCUSED
    if case is None and not row.opens:
        return CASE_UNKNOWN
    if case is not None and not row.stands(case, sent):
        return row.otherwise
    return row.problem(case, sent, arrival) or (row.make(sent, _arrival_frame(sent, arrival), arrival, case),)


def _would_tell_accused(case: Case | None, sent: Event, arrival: Arrival) -> bool:
    accused = getattr(sent, "accused_agencies", ())
    return (
        arrival.agency in accused
        or bool(accused and arrival.agencies.reaches(accused, arrival.agency))
        or (case is not None and reaches_accused(case, arrival.agency, arrival.agencies))
    )


def _arrival_frame(sent: Event, arrival: Arrival) -> dict[str, Any]:
    # A fact from older records arrived when it was sent: the system was not there to receive it.
    historic = sent.provenance is not Provenance.RECORDED and is_history(sent.occurred_time, arrival.history_before)
    time: datetime = sent.occurred_time if historic else arrival.now
    return {
        "petition_id": sent.petition_id,
        "agency": arrival.agency,
        "occurred_time": time,
        "provenance": Provenance.SYNTHETIC if historic else Provenance.RECORDED,
        "cause": arrival.cause,
    }


# --- refusals ------------------------------------------------------------------------------------------------------

NOT_ADDRESSED = Refusal(
    "NOT_ADDRESSED",
    "this fact is not addressed to this agency",
    "该记录并非发往本机关",
    field="to_agency",
    remedy="deliver it to the agency that it names",
)
WRONG_CASE = Refusal(
    "WRONG_CASE",
    "this fact belongs to another petition or another agency's case",
    "该记录属于其他信访事项或其他机关的办理件",
    field="petition_id",
    remedy="load the case of this petition at the addressed agency",
)
HISTORY_CLOSED = Refusal(
    "HISTORY_CLOSED",
    "only facts from before the agency joined may be entered from older records",
    "仅接入前的事实可以作为历史记录导入",
    field="provenance",
    remedy="record the fact as it happens, or open the node for history with LIANXI_HISTORY_BEFORE",
)
OFFICER_NOT_NAMED = Refusal(
    "OFFICER_NOT_NAMED",
    "somebody was recused on this case: every act on it names who did it",
    "本办理件已有人员回避,每一办理行为应当注明经办人",
    "Art. 28(3)",
    "officer",
    "name the official's post reference",
)
OFFICER_RECUSED = Refusal(
    "OFFICER_RECUSED",
    "this official was recused and does nothing more on the case",
    "该工作人员已回避,不得参与本事项办理",
    "Art. 28(3)",
    "officer",
    "let another official act",
)
