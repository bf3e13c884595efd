"""Hearing, mediation and settlement, Arts. 31(6), 33, 34 and 36(2), and what no conclusion may overtake."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.case import (
    Assistance,
    BeginMediation,
    Case,
    CloseHearing,
    EndMediation,
    HearingClosed,
    HearingOpened,
    MediationBegun,
    MediationEnded,
    Moment,
    OpenHearing,
    Phase,
    Settled,
    decide,
)
from domain.event import Command, Event, Refusal
from domain.vocabulary import Category, MediationKind, Route
from services.kit.law import law_in_force
from tests.domain.facts import AT_HOUSING, JUST_BEFORE, LABOUR, NOW, PETITION, RECEIVED, accepted, on, opinion_issued
from tests.domain.facts_handling import (
    ACCEPTED,
    ACCUSED,
    ADOPT,
    CONCLUDE,
    CONCLUDE_ACCUSATION,
    DIVERT,
    ISSUE,
    MEDIATE,
    SETTLE,
    STUDY,
    SUGGESTED,
    fact,
)
from tests.domain.ledger import open_after
from tests.domain.story import case

HEARD = (*ACCEPTED, fact(HearingOpened))
MEDIATED = (*ACCEPTED, fact(MediationBegun))
AGREED = (*MEDIATED, fact(MediationEnded, reached=True))
FAILED = (*MEDIATED, fact(MediationEnded, reached=False))

# --- hearing ----------------------------------------------------------------------------------------------------------


def test_art_31_6_a_hearing_is_opened_and_closed() -> None:
    case.given(*ACCEPTED).when(OpenHearing()).then(fact(HearingOpened))
    case.given(*HEARD).when(CloseHearing()).then(fact(HearingClosed))


def test_art_31_6_there_is_one_hearing_at_a_time_and_there_may_be_another() -> None:
    case.given(*HEARD).when(OpenHearing()).then_refused("HEARING_OPEN")
    case.given(*HEARD, fact(HearingClosed)).when(OpenHearing()).then(fact(HearingOpened))


def test_art_31_6_only_an_open_hearing_is_closed() -> None:
    case.given(*ACCEPTED).when(CloseHearing()).then_refused("NO_HEARING_OPEN")
    case.given(*HEARD, fact(HearingClosed)).when(CloseHearing()).then_refused("NO_HEARING_OPEN")


def test_art_31_6_a_hearing_closes_no_sooner_than_it_opened() -> None:
    case.given(*HEARD).when(CloseHearing(occurred_time=NOW + JUST_BEFORE)).then_refused("TIME_BEFORE_HEARING")
    case.given(*ACCEPTED).when(OpenHearing(occurred_time=RECEIVED)).then_refused("TIME_BEFORE_ACCEPTANCE")


@pytest.mark.parametrize("route", [route for route in Route if route is not Route.PETITION_PROCEDURE])
def test_art_31_6_other_procedures_hear_by_their_own_rules(route: Route) -> None:
    refusal = case.given(*AT_HOUSING, accepted(route=route)).when(OpenHearing()).then_refused("HEARING_NOT_FOR_THIS")
    assert refusal.article == "Art. 31(6)"


@pytest.mark.parametrize("past", [SUGGESTED, ACCUSED])
def test_art_31_6_no_hearing_is_held_on_suggestions_and_accusations(past: tuple[Event, ...]) -> None:
    case.given(*past).when(OpenHearing()).then_refused("HEARING_NOT_FOR_THIS")


def test_art_34_a_hearing_in_first_handling_does_not_stop_the_sixty_days() -> None:
    month = fact(HearingClosed, time=NOW + timedelta(days=30))
    assert open_after(*HEARD, month)["D10"] == open_after(*ACCEPTED)["D10"] == "2023-05-02"


# --- mediation and settlement -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MediationKind)
def test_art_33_mediation_begins_with_the_consent_of_both_parties(kind: MediationKind) -> None:
    command = MEDIATE.model_copy(update={"kind": kind})
    case.given(*ACCEPTED).when(command).then(fact(MediationBegun, kind=kind))


@pytest.mark.parametrize(
    ("petitioner", "other", "field"),
    [
        (False, True, "petitioner_consented"),
        (True, False, "other_party_consented"),
        (False, False, "petitioner_consented"),
    ],
)
def test_art_33_mediation_without_the_consent_of_both_is_refused(petitioner: bool, other: bool, field: str) -> None:
    command = BeginMediation(
        kind=MediationKind.MEDIATION,
        petitioner_consented=petitioner,
        other_party_consented=other,
        consent_proof="file:1",
    )
    refusal = case.given(*ACCEPTED).when(command).then_refused("MEDIATION_WITHOUT_CONSENT")
    assert (refusal.article, refusal.field) == ("Art. 33", field)


@pytest.mark.parametrize("past", [SUGGESTED, ACCUSED])
def test_art_33_only_appeals_are_mediated(past: tuple[Event, ...]) -> None:
    case.given(*past).when(MEDIATE).then_refused("NOT_AN_APPEAL")


def test_art_33_there_is_one_mediation_at_a_time_and_there_may_be_another() -> None:
    case.given(*MEDIATED).when(MEDIATE).then_refused("MEDIATION_OPEN")
    case.given(*FAILED).when(MEDIATE).then(fact(MediationBegun))
    case.given(*AT_HOUSING).when(MEDIATE).then_refused("WRONG_PHASE")
    early = MEDIATE.model_copy(update={"occurred_time": RECEIVED})
    case.given(*ACCEPTED).when(early).then_refused("TIME_BEFORE_ACCEPTANCE")


@pytest.mark.parametrize("reached", [True, False])
def test_art_33_mediation_ends_with_or_without_an_agreement(reached: bool) -> None:
    case.given(*MEDIATED).when(EndMediation(reached=reached)).then(fact(MediationEnded, reached=reached))


def test_art_33_only_an_open_mediation_is_ended() -> None:
    case.given(*ACCEPTED).when(EndMediation(reached=True)).then_refused("NO_MEDIATION_OPEN")
    case.given(*FAILED).when(EndMediation(reached=True)).then_refused("NO_MEDIATION_OPEN")
    early = EndMediation(reached=True, occurred_time=RECEIVED)
    case.given(*MEDIATED).when(early).then_refused("TIME_BEFORE_ACCEPTANCE")


@pytest.mark.parametrize("past", [MEDIATED, AGREED])
def test_art_33_a_written_agreement_settles_the_matter(past: tuple[Event, ...]) -> None:
    story = case.given(*past)
    story.when(SETTLE).then(fact(Settled))
    settled = story.given(fact(Settled)).case
    assert settled is not None
    assert (settled.phase, settled.mediation) == (Phase.SETTLED, None)
    assert "D10" not in open_after(*past, fact(Settled))


@pytest.mark.parametrize("past", [ACCEPTED, FAILED, (*AGREED, fact(MediationBegun), *FAILED[-1:])])
def test_art_33_what_was_not_agreed_on_is_not_settled(past: tuple[Event, ...]) -> None:
    case.given(*past).when(SETTLE).then_refused("NOTHING_AGREED")


# --- nothing is concluded over an open step -------------------------------------------------------------------------

OPEN_STEPS: dict[str, Callable[[Case], Case]] = {
    "HEARING_OPEN": lambda known: replace(known, hearing_opened_time=NOW),
    "MEDIATION_OPEN": lambda known: replace(known, mediation=MediationKind.MEDIATION),
    "ASSISTANCE_OPEN": lambda known: replace(known, assistants=(Assistance(PETITION, LABOUR),)),
}
CONCLUSIONS: dict[str, tuple[tuple[Event, ...], Command]] = {
    "opinion": (ACCEPTED, ISSUE),
    "diversion": (ACCEPTED, DIVERT),
    "other procedure": ((*AT_HOUSING, accepted(route=Route.ARBITRATION)), CONCLUDE),
    "suggestion": (SUGGESTED, ADOPT),
    "accusation": (ACCUSED, CONCLUDE_ACCUSATION),
}


def _answer(past: tuple[Event, ...], command: Command, change: Callable[[Case], Case]) -> Refusal:
    known = case.given(*past).case
    assert known is not None
    decision = decide(change(known), command, Moment(NOW, law_in_force()))
    assert isinstance(decision, Refusal)
    return decision


@pytest.mark.parametrize("code", OPEN_STEPS)
@pytest.mark.parametrize("conclusion", CONCLUSIONS)
def test_arts_24_31_and_33_nothing_is_concluded_over_an_open_step(code: str, conclusion: str) -> None:
    past, command = CONCLUSIONS[conclusion]
    assert _answer(past, command, OPEN_STEPS[code]).code == code


@pytest.mark.parametrize(("code", "article"), [("HEARING_OPEN", "Art. 31(6)"), ("ASSISTANCE_OPEN", "Art. 24(1)")])
def test_arts_24_1_and_33_nothing_is_settled_over_a_hearing_or_an_open_assistant(code: str, article: str) -> None:
    refusal = _answer(MEDIATED, SETTLE, OPEN_STEPS[code])
    assert (refusal.code, refusal.article) == (code, article)


def test_art_33_what_mediation_could_not_settle_gets_its_opinion() -> None:
    case.given(*FAILED).when(ISSUE).then(opinion_issued())
    case.given(*HEARD, fact(HearingClosed)).when(ISSUE).then(opinion_issued())


def test_art_29_a_study_may_go_on_while_others_help() -> None:
    known = case.given(*SUGGESTED).case
    assert known is not None
    assert known.category is Category.SUGGESTION
    decision = decide(OPEN_STEPS["ASSISTANCE_OPEN"](known), STUDY, Moment(on("2023-03-04"), law_in_force()))
    assert not isinstance(decision, Refusal)
