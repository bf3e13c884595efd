"""Hearing, mediation and reconciliation: what the agency does with the parties at one table, Arts. 31(6), 33 and 36(2).

A hearing in first handling does not stop the sixty days; only in re-review its time is not counted. Mediation needs the
consent of both parties. While either is open, nothing is decided over their heads.
"""

from datetime import datetime
from typing import ClassVar

from domain.case.chapter import Chapter, Decider, Moment, before, frame
from domain.case.handling import NOT_AN_APPEAL, before_acceptance
from domain.case.state import Case, Phase
from domain.event import Command, Decision, Event, Reference, Refusal, Sealed
from domain.vocabulary import Category, MediationKind

# --- events -----------------------------------------------------------------------------------------------------------


class HearingOpened(Event):
    """A hearing began, Art. 31(6); in re-review its time is not counted, Art. 36(2)."""

    type_name: ClassVar[str] = "lianxi.case.v1.HearingOpened"


class HearingClosed(Event):
    """The hearing was over."""

    type_name: ClassVar[str] = "lianxi.case.v1.HearingClosed"


class MediationBegun(Event):
    """Mediation or reconciliation began, and both parties had consented, Art. 33."""

    type_name: ClassVar[str] = "lianxi.case.v1.MediationBegun"
    kind: MediationKind
    consent_proof: Reference


class MediationEnded(Event):
    """Mediation or reconciliation ended, with or without an agreement, Art. 33."""

    type_name: ClassVar[str] = "lianxi.case.v1.MediationEnded"
    reached: bool


class Settled(Event):
    """The parties settled the matter; the agreement was drawn up in writing (调解协议书、和解协议书), Art. 33."""

    type_name: ClassVar[str] = "lianxi.case.v1.Settled"
    agreement: Sealed
    agreement_reference: Reference


# --- commands ---------------------------------------------------------------------------------------------------------


class OpenHearing(Command):
    """Begin a hearing, Arts. 31(6) and 36(2)."""


class CloseHearing(Command):
    """Close the hearing."""


class BeginMediation(Command):
    """Begin mediation or reconciliation with the consent of both parties, Art. 33."""

    kind: MediationKind
    petitioner_consented: bool
    other_party_consented: bool
    consent_proof: Reference


class EndMediation(Command):
    """End mediation or reconciliation, and say whether the parties agreed, Art. 33."""

    reached: bool


class SettleByAgreement(Command):
    """Settle the matter by the parties' written agreement, Art. 33."""

    agreement: Sealed
    agreement_reference: Reference


# --- decide -----------------------------------------------------------------------------------------------------------


def _open_hearing(case: Case, command: OpenHearing, time: datetime, _moment: Moment) -> Decision:
    if case.hearing_opened_time is not None:
        return HEARING_OPEN
    if case.phase is Phase.ACCEPTED and not case.is_on_petition_procedure:
        return Refusal(
            "HEARING_NOT_FOR_THIS",
            "a hearing belongs to the petition procedure; another procedure hears by its own rules",
            "听证适用于按照信访程序办理的事项,其他程序依照其规定",
            "Art. 31(6)",
        )
    if problem := before_acceptance(case, time):
        return problem
    if case.review is not None and time < case.review.requested_time:
        return before("occurred_time", "the request", "收到请求之日")
    return (HearingOpened(**frame(case, command, time)),)


def _close_hearing(case: Case, command: CloseHearing, time: datetime, _moment: Moment) -> Decision:
    if case.hearing_opened_time is None:
        return Refusal("NO_HEARING_OPEN", "no hearing is open", "没有正在进行的听证", "Art. 31(6)")
    if time < case.hearing_opened_time:
        return before("occurred_time", "the hearing", "听证开始之时")
    return (HearingClosed(**frame(case, command, time)),)


def _begin_mediation(case: Case, command: BeginMediation, time: datetime, _moment: Moment) -> Decision:
    if case.category is not Category.APPEAL:
        return NOT_AN_APPEAL
    if not (command.petitioner_consented and command.other_party_consented):
        return Refusal(
            "MEDIATION_WITHOUT_CONSENT",
            "mediation and reconciliation need the consent of both parties",
            "调解、和解应当经争议双方当事人同意",
            "Art. 33",
            "other_party_consented" if command.petitioner_consented else "petitioner_consented",
            "ask both parties first; without their consent go on handling",
        )
    if case.mediation is not None:
        return MEDIATION_OPEN
    if problem := before_acceptance(case, time):
        return problem
    fields = command.model_dump(include={"kind", "consent_proof"})
    return (MediationBegun(**frame(case, command, time), **fields),)


def _end_mediation(case: Case, command: EndMediation, time: datetime, _moment: Moment) -> Decision:
    if case.mediation is None:
        return Refusal("NO_MEDIATION_OPEN", "no mediation is open", "没有正在进行的调解、和解", "Art. 33")
    problem = before_acceptance(case, time)
    return problem or (MediationEnded(**frame(case, command, time), reached=command.reached),)


def _settle(case: Case, command: SettleByAgreement, time: datetime, _moment: Moment) -> Decision:
    if case.mediation is None and not case.agreement_reached:
        return Refusal(
            "NOTHING_AGREED",
            "a matter is settled by what mediation or reconciliation came to",
            "未经调解、和解达成一致意见,不得以协议办结",
            "Art. 33",
            remedy="begin mediation with the consent of both parties",
        )
    if case.hearing_opened_time is not None:
        return HEARING_OPEN
    if case.assistants:
        return ASSISTANCE_OPEN
    if problem := before_acceptance(case, time):
        return problem
    fields = command.model_dump(include={"agreement_reference"})
    return (Settled(**frame(case, command, time), **fields, agreement=command.agreement),)


# --- refusals that conclusions share -------------------------------------------------------------------------------

HEARING_OPEN = Refusal(
    "HEARING_OPEN", "a hearing is still open", "听证尚未结束", "Art. 31(6)", remedy="close the hearing first"
)
MEDIATION_OPEN = Refusal(
    "MEDIATION_OPEN",
    "mediation or reconciliation is still open",
    "调解、和解尚未结束",
    "Art. 33",
    remedy="end the mediation, or settle by agreement",
)
ASSISTANCE_OPEN = Refusal(
    "ASSISTANCE_OPEN",
    "an agency that assists has not reported yet: the lead neither concludes nor hands on before it",
    "协办机关、单位尚未反馈,主办机关、单位不得办结或者转出",
    "Art. 24(1)",
    remedy="wait for the reports, or withdraw the request for assistance",
)


def open_step(case: Case) -> Refusal | None:
    """The refusal for concluding a case while a hearing, a mediation or another agency's help is still open."""
    if case.hearing_opened_time is not None:
        return HEARING_OPEN
    if case.mediation is not None:
        return MEDIATION_OPEN
    return ASSISTANCE_OPEN if case.assistants else None


CHAPTER = Chapter(
    evolve={
        HearingOpened: lambda _, e: {"hearing_opened_time": e.occurred_time},
        HearingClosed: lambda *_: {"hearing_opened_time": None},
        MediationBegun: lambda _, e: {"mediation": e.kind, "agreement_reached": False},
        MediationEnded: lambda _, e: {"mediation": None, "agreement_reached": e.reached},
        Settled: lambda *_: {"phase": Phase.SETTLED, "mediation": None, "agreement_reached": True},
    },
    decide={
        OpenHearing: Decider(frozenset({Phase.ACCEPTED, Phase.REVIEWING}), _open_hearing),
        CloseHearing: Decider(frozenset({Phase.ACCEPTED, Phase.REVIEWING}), _close_hearing),
        BeginMediation: Decider(frozenset({Phase.ACCEPTED}), _begin_mediation),
        EndMediation: Decider(frozenset({Phase.ACCEPTED}), _end_mediation),
        SettleByAgreement: Decider(frozenset({Phase.ACCEPTED}), _settle),
    },
)
