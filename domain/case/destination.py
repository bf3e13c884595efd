"""Destination: where a petition may be handed, Arts. 22 to 24 and 30(3); one small rule for each thing to look at.

A dispute over acceptance goes to the common superior, or else to the common Joint Meeting Office; what an abolished
agency held goes to whoever carries on its powers. Who that is, the directory says; where it is silent, nothing is
refused on a guess.
"""

from datetime import date, datetime
from uuid import UUID

from domain.calendar import civil_date
from domain.case.agreement import ASSISTANCE_OPEN
from domain.case.chapter import (
    NOT_CLASSIFIED,
    REACHES_ACCUSED,
    Moment,
    before,
    is_history,
    reaches_accused,
    wrong_phase,
)
from domain.case.state import Case, Phase
from domain.event import AgencyId, Command, Refusal
from domain.vocabulary import AgencyKind, HandoffKind

ORGANS = frozenset({AgencyKind.DISCIPLINE_ORGAN, AgencyKind.POLITICAL_LEGAL_ORGAN})
"""The organs that handle and answer by rules of their own, Art. 23(4)."""
ANY_TIME = frozenset({Phase.OPEN, Phase.ACCEPTED, Phase.DIVERTED})
"""The phases in which an abolished agency hands on what it holds; anything else is handed on only while it is open."""


class HandOff(Command):
    """Offer custody to another agency, Arts. 22 to 24.

    An assignment names the day by which it must report back; a dispute names the other agencies that dispute it.
    """

    handoff_id: UUID
    kind: HandoffKind
    to_agency: AgencyId
    report_due_date: date | None = None
    disputing: tuple[AgencyId, ...] = ()


def handoff_problem(case: Case, command: HandOff, time: datetime, moment: Moment) -> Refusal | None:
    """Return the first rule that keeps the petition from going there, if there is one."""
    return next((problem for rule in _RULES if (problem := rule(case, command, time, moment))), None)


def has_ruling(case: Case) -> bool:
    """Tell whether the common superior or Joint Meeting Office decided that this agency handles, Art. 24(1)."""
    return case.incoming is not None and case.incoming.is_ruling


def is_ruling(case: Case, kind: HandoffKind) -> bool:
    """Tell whether a hand-off decides a dispute: who makes it was asked to settle one, and does not pass it on."""
    asked = case.incoming is not None and case.incoming.kind is HandoffKind.DISPUTE
    return asked and kind not in (HandoffKind.DISPUTE, HandoffKind.SUCCESSION)


# --- the rules --------------------------------------------------------------------------------------------------------


def _phase(case: Case, command: HandOff, _time: datetime, _moment: Moment) -> Refusal | None:
    if command.kind is HandoffKind.SUCCESSION or case.phase is Phase.OPEN:
        return None
    return wrong_phase(case, frozenset({Phase.OPEN}))


def _is_classified(case: Case, *_: object) -> Refusal | None:
    return NOT_CLASSIFIED if case.category is None else None


def _another(case: Case, command: HandOff, *_: object) -> Refusal | None:
    if command.to_agency != case.agency:
        return None
    return Refusal(
        "HANDOFF_TO_ONESELF",
        "an agency cannot hand a petition to itself",
        "不得转送、交办给本机关",
        "Art. 22(1)",
        "to_agency",
        "name the agency that has the power to act",
    )


def _not_the_accused(case: Case, command: HandOff, _time: datetime, moment: Moment) -> Refusal | None:
    return REACHES_ACCUSED if reaches_accused(case, command.to_agency, moment.agencies) else None


def _not_straight_back(case: Case, command: HandOff, time: datetime, moment: Moment) -> Refusal | None:
    """Who received a hand-off gives it back by an objection, on which the sender rules; older records knew no other."""
    came = case.incoming
    if came is None or came.kind not in _OBJECTED_TO or command.to_agency != came.other_agency:
        return None
    if command.kind not in _OBJECTED_TO or is_history(time, moment.history_before):
        return None
    if moment.law.rule("D5", case.first_received_time) is None:
        return None
    return Refusal(
        "OBJECTION_INSTEAD",
        "a petition goes back to its sender only by an objection that the sender upholds",
        "收到转送、交办的事项,应当提出异议,经核实同意后交还,不得径行退回",
        "Art. 23(3)",
        "to_agency",
        "raise an objection and say why",
    )


_OBJECTED_TO = frozenset({HandoffKind.TRANSFER, HandoffKind.ASSIGNMENT})


def _still_there(_case: Case, command: HandOff, time: datetime, moment: Moment) -> Refusal | None:
    on = civil_date(time)
    target = moment.agencies.find(command.to_agency)
    if target is None or target.abolished is None or on < target.abolished:
        return None
    heirs = ", ".join(moment.agencies.successor(target.agency, on))
    return Refusal(
        "AGENCY_ABOLISHED",
        f"{target.agency} was abolished on {target.abolished}; others carry on its powers",
        f"{target.agency} 已于{target.abolished}撤销,由继续行使其职权的机关、单位受理",
        "Art. 24(2)",
        "to_agency",
        f"hand it to {heirs}" if heirs else "ask the Party committee and government of its level who receives it",
    )


def _without_assistants(case: Case, *_: object) -> Refusal | None:
    return ASSISTANCE_OPEN if case.assistants else None


def _not_assigned_to_organ(_case: Case, command: HandOff, _time: datetime, moment: Moment) -> Refusal | None:
    target = moment.agencies.find(command.to_agency)
    if command.kind is not HandoffKind.ASSIGNMENT or target is None or target.kind not in ORGANS:
        return None
    return Refusal(
        "ORGAN_NOT_ASSIGNED",
        "discipline and political-legal organs handle and answer by rules of their own: they get no period from others",
        "政法部门、纪检监察机关按照有关规定处理和告知,不得向其交办并指定办理期限",
        "Art. 23(4)",
        "kind",
        "refer the petition to the organ instead",
    )


def _report_date(_case: Case, command: HandOff, time: datetime, _moment: Moment) -> Refusal | None:
    assigned = command.kind is HandoffKind.ASSIGNMENT
    if assigned and command.report_due_date is None:
        return Refusal(
            "REPORT_DATE_MISSING",
            "an assignment names the period in which the result is reported back",
            "交办应当指定办理期限",
            "Art. 22(1)(3)",
            "report_due_date",
            "name a report date, or transfer instead of assigning",
        )
    if not assigned and command.report_due_date is not None:
        return Refusal(
            "REPORT_DATE_WITHOUT_ASSIGNMENT",
            "only an assignment has a report date",
            "仅交办事项指定办理期限",
            "Art. 22(1)(3)",
            "report_due_date",
        )
    if command.report_due_date is not None and command.report_due_date < civil_date(time):
        return before("report_due_date", "the assignment", "交办之日")
    return None


def _dispute(case: Case, command: HandOff, time: datetime, moment: Moment) -> Refusal | None:
    others = set(command.disputing) - {case.agency}
    if command.kind is not HandoffKind.DISPUTE:
        return _NO_DISPUTE if command.disputing else None
    if has_ruling(case):
        return JURISDICTION_DECIDED
    if not others:
        return _NO_DISPUTE
    parties, on = (case.agency, *sorted(others)), civil_date(time)
    right = moment.agencies.common_superior(parties, on) or moment.agencies.common_office(parties, on)
    if right is None:
        # The directory names nobody above them all: then any Joint Meeting Office may coordinate.
        target = moment.agencies.find(command.to_agency)
        is_right = target is None or target.kind is AgencyKind.JOINT_MEETING_OFFICE
    else:
        is_right = command.to_agency == right
    return None if is_right else _not_the_common_superior(right)


def _not_the_common_superior(right: str | None) -> Refusal:
    return Refusal(
        "NOT_THE_COMMON_SUPERIOR",
        "a dispute over acceptance is decided by the common superior, or without one by the common Joint Meeting",
        "受理有争议的,由共同的上一级机关、单位决定;没有共同上一级的,由共同的信访工作联席会议协调处理",
        "Art. 24(1)",
        "to_agency",
        f"hand it to {right}" if right else "hand it to a Joint Meeting Office",
    )


def _succession(case: Case, command: HandOff, time: datetime, moment: Moment) -> Refusal | None:
    if command.kind is not HandoffKind.SUCCESSION:
        return None
    heirs = moment.agencies.successor(case.agency, civil_date(time))
    if command.to_agency in heirs:
        return None
    return Refusal(
        "NOT_THE_SUCCESSOR",
        "what an abolished agency held goes to whoever carries on its powers, and only then",
        "机关、单位分立、合并、撤销的,由继续行使其职权的机关、单位受理",
        "Art. 24(2)",
        "to_agency",
        f"hand it to {', '.join(heirs)}" if heirs else "transfer it: the directory does not say that this agency ended",
    )


_RULES = (
    _phase,
    _is_classified,
    _another,
    _not_the_accused,
    _not_straight_back,
    _still_there,
    _without_assistants,
    _not_assigned_to_organ,
    _report_date,
    _dispute,
    _succession,
)
_NO_DISPUTE = Refusal(
    "NO_DISPUTE",
    "a dispute names at least one other agency that disputes acceptance; no other hand-off names any",
    "提请协调应当列明至少一个与本机关有受理争议的机关、单位;其他移交不列",
    "Art. 24(1)",
    "disputing",
    "name the other agencies of the dispute, or leave the field empty",
)
SUCCESSION_STANDS = Refusal(
    "SUCCESSION_STANDS",
    "whoever carries on an abolished agency's powers receives what it had to handle",
    "由继续行使其职权的机关、单位受理,不适用异议程序",
    "Art. 24(2)",
    remedy="accept the matter; where it is unclear whose duty it is, put it to the own-level government as a dispute",
)
JURISDICTION_DECIDED = Refusal(
    "JURISDICTION_DECIDED",
    "the common superior or the Joint Meeting has decided that this agency handles the matter",
    "共同的上一级机关、单位或者信访工作联席会议已经决定由本机关受理",
    "Art. 24(1)",
    remedy="accept the matter",
)
