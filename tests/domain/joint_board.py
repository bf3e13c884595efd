"""A county's agencies that negotiate, help, dispute and flag, with the post between them: any order that a bus allows.

Every agency has its own log and its own clock; the labour bureau is merged into the housing bureau on the way.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from domain.case import (
    AcceptPetition,
    AgreeJointHandling,
    AnswerJointHandling,
    Case,
    ClassifyPetition,
    FlagUrgent,
    HandOff,
    ProposeJointHandling,
    RaiseObjection,
    RegisterPetition,
    ReportAssistance,
    ReportUrgent,
    RequestAssistance,
    RuleOnObjection,
    WithdrawAssistance,
)
from domain.event import Command, Refusal
from domain.jurisdiction import Agencies, Agency
from domain.vocabulary import Category, Channel, HandoffKind, ObjectionReason, Route, Urgency, UrgentRecipient
from tests.domain.board import Board, Desk
from tests.domain.facts import HOUSING, LABOUR, OFFICE, PETITION, PETITIONS, sealed
from tests.domain.facts_joint import COUNTY, COUNTY_AGENCIES, GOVERNMENT

MERGED = Agency(LABOUR, COUNTY_AGENCIES[2].kind, COUNTY, GOVERNMENT, abolished=date(2023, 3, 3), successors=(HOUSING,))
AGENCIES = Agencies((*(one for one in COUNTY_AGENCIES if one.agency != LABOUR), MERGED))
KINDS = {one.agency: one.kind for one in COUNTY_AGENCIES}
_KINDS = (HandoffKind.TRANSFER, HandoffKind.REFERRAL, HandoffKind.SUCCESSION)


class JointBoard(Board):
    """One petition, registered and classified by the petition department, among five agencies."""

    def __init__(self, clock_errors: tuple[timedelta, ...]) -> None:
        kind = KINDS[PETITIONS]
        opening = RegisterPetition(petition_id=PETITION, agency=PETITIONS, agency_kind=kind, channel=Channel.LETTER)
        classified = ClassifyPetition(category=Category.APPEAL)
        super().__init__(KINDS, AGENCIES, clock_errors, PETITIONS, (opening, classified))

    def possible(self, kinds: tuple[type[Command], ...]) -> list[tuple[str, Command]]:
        """Every command of these kinds that some agency could carry out now."""
        return [
            (desk.name, command)
            for desk in self.desks.values()
            if desk.case is not None
            for command in self._commands(desk, desk.case)
            if isinstance(command, kinds) and not isinstance(self.decided(desk, command), Refusal)
        ]

    def _commands(self, desk: Desk, case: Case) -> Iterator[Command]:
        made = UUID(int=(len(desk.log) << 8) + list(self.desks).index(desk.name))
        others = [name for name in self.desks if name != desk.name]
        for other in others:
            for kind in _KINDS:
                yield HandOff(handoff_id=made, kind=kind, to_agency=other)
            yield ProposeJointHandling(joint_id=made, lead=other, assisting=(desk.name,))
            yield RequestAssistance(assistance_id=made, to_agency=other, request=sealed("request"))
            for party in others:
                yield HandOff(handoff_id=made, kind=HandoffKind.DISPUTE, to_agency=other, disputing=(party,))
        yield ProposeJointHandling(joint_id=made, lead=desk.name, assisting=tuple(others))
        yield AgreeJointHandling()
        for joint in case.consultations:
            yield AnswerJointHandling(joint_id=joint.joint_id, agreed=True)
            yield AnswerJointHandling(joint_id=joint.joint_id, agreed=False)
        for owed in case.assistances:
            yield ReportAssistance(assistance_id=owed.assistance_id, report=sealed("report"))
        for asked in case.assistants:
            yield WithdrawAssistance(assistance_id=asked.assistance_id, reason=sealed("reason"))
        yield RaiseObjection(reason=ObjectionReason.NOT_OUR_POWER, explanation=sealed())
        yield RuleOnObjection(uphold=True)
        yield RuleOnObjection(uphold=False)
        yield AcceptPetition(route=Route.PETITION_PROCEDURE)
        yield FlagUrgent(level=Urgency.MAJOR, to_agency=OFFICE, measures=sealed("measures"))
        for recipient in UrgentRecipient:
            yield ReportUrgent(recipient=recipient)
