"""Handling at its edges: what is open bars what concludes, each stream has its own answer, and what the case knows."""

from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.case import (
    CLOCK_SKEW_MAX,
    AcceptPetition,
    AccusationReported,
    BeginMediation,
    Case,
    CloseHearing,
    DivertedToProcedure,
    EndMediation,
    ExecutionRefused,
    ExtendHandling,
    HearingClosed,
    HearingOpened,
    MediationBegun,
    MediationEnded,
    OpenHearing,
    PetitionerHeard,
    Phase,
    ReliefReferred,
    ResumedFromProcedure,
    ServeOpinion,
    Settled,
    SimplifiedHandlingChosen,
    SuggestionRewarded,
)
from domain.event import Command, Event
from domain.vocabulary import Category, Outcome, ReviewResult, Route, ServiceMethod
from tests.domain.facts import (
    AT_HOUSING,
    CITY_HOUSING,
    JUST_BEFORE,
    NOW,
    accepted,
    extended,
    handoff_received,
    opinion_issued,
    opinion_served,
    receipt_notified,
    sealed,
)
from tests.domain.facts_handling import (
    ACCEPTED,
    ACCUSED,
    CONCLUDE,
    DIVERT,
    ISSUE,
    MEDIATE,
    RESUME,
    SETTLE,
    SIMPLIFY,
    SUGGESTED,
    fact,
)
from tests.domain.facts_joint import flagged, help_requested, proposed
from tests.domain.facts_review import AFTER_OPINION, ASKED, END, REVIEWING, result_received, town
from tests.domain.story import case

HEARING, MEDIATING = fact(HearingOpened), fact(MediationBegun)
IN_LITIGATION = (*AT_HOUSING, accepted(route=Route.LITIGATION))


def state_after(*past: Event) -> Case:
    state = case.given(*past).case
    assert state is not None
    return state


# --- what is open bars what concludes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "past"),
    [(DIVERT, ACCEPTED), (ISSUE, ACCEPTED), (CONCLUDE, IN_LITIGATION)],
    ids=["divert", "issue", "end"],
)
def test_arts_31_to_33_nothing_concludes_over_an_open_hearing_or_mediation(
    command: Command, past: tuple[Event, ...]
) -> None:
    case.given(*past, HEARING).when(command).then_refused("HEARING_OPEN")
    case.given(*past, MEDIATING).when(command).then_refused("MEDIATION_OPEN")


@pytest.mark.parametrize(
    ("command", "past"),
    [
        (DIVERT, ACCEPTED),
        (ISSUE, ACCEPTED),
        (CONCLUDE, IN_LITIGATION),
        (RESUME, (*ACCEPTED, fact(DivertedToProcedure))),
        (MEDIATE, ACCEPTED),
        (OpenHearing(), ACCEPTED),
        (SETTLE, (*ACCEPTED, MEDIATING)),
        (EndMediation(reached=True), (*ACCEPTED, MEDIATING)),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Command) else "",
)
def test_arts_31_to_33_nothing_is_done_before_acceptance_and_all_in_its_instant(
    command: Command, past: tuple[Event, ...]
) -> None:
    story = case.given(*past).at(NOW)
    early = command.model_copy(update={"occurred_time": NOW + JUST_BEFORE})
    story.when(early).then_refused("TIME_BEFORE_ACCEPTANCE")
    [done] = _facts(story.when(command).decision)
    assert done.occurred_time == NOW


def _facts(decision: Any) -> tuple[Event, ...]:
    assert isinstance(decision, tuple), decision
    return decision


# --- simplified handling and extension ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("past", "word"),
    [(flagged(), "urgent"), (proposed(), "several"), (help_requested(), "several")],
    ids=["urgent", "negotiated", "assisted"],
)
def test_simplified_handling_is_not_for_what_is_urgent_or_of_several_agencies(past: Event, word: str) -> None:
    refusal = case.given(*AT_HOUSING, past).when(SIMPLIFY).then_refused("SIMPLIFIED_NOT_FOR_THIS")
    assert word in refusal.message


def test_a_suggestion_too_may_be_handled_simply() -> None:
    past = (handoff_received(category=Category.SUGGESTION), fact(SimplifiedHandlingChosen))
    taken = accepted(category=Category.SUGGESTION, route=None, is_simplified=True)
    case.given(*past).when(AcceptPetition()).then(taken)
    assert state_after(*past, taken).is_simplified
    assert not state_after(*past, accepted(category=Category.SUGGESTION, route=None)).is_simplified


def extend(**changes: Any) -> ExtendHandling:
    fields = {"days": 30, "approver": "head-of-housing", "notified_time": NOW, "reason": sealed("reason")}
    return ExtendHandling.model_validate(fields | changes)


def test_art_34_an_extension_of_no_days_is_none() -> None:
    case.given(*ACCEPTED).when(extend(days=0)).then_refused("EXTENSION_TOO_LONG")
    with pytest.raises(ValidationError):
        extended(days=0)


@pytest.mark.parametrize(
    ("notified_time", "code"),
    [
        (NOW, ""),
        (NOW + JUST_BEFORE, "TIME_BEFORE_ACCEPTANCE"),
        (NOW + CLOCK_SKEW_MAX, ""),
        (NOW + CLOCK_SKEW_MAX - JUST_BEFORE, "TIME_IN_FUTURE"),
    ],
)
def test_art_34_the_petitioner_is_told_of_an_extension_between_acceptance_and_now(
    notified_time: datetime, code: str
) -> None:
    answer = case.given(*ACCEPTED).when(extend(notified_time=notified_time))
    if code:
        assert answer.then_refused(code).field == "notified_time"
    else:
        answer.then(extended(notified_time=notified_time))


def test_art_34_what_comes_back_from_another_procedure_is_no_longer_a_revoked_opinion_done_anew() -> None:
    revoked = (*AFTER_OPINION, result_received(ReviewResult.REVOKE))
    assert state_after(*revoked).is_redone
    assert not state_after(*revoked, fact(DivertedToProcedure), fact(ResumedFromProcedure)).is_redone


# --- each stream has its own answer ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("past", "remedy"),
    [
        (SUGGESTED, "use DecideSuggestion"),
        (ACCUSED, "use ConcludeAccusation"),
        (IN_LITIGATION, "use ConcludeProcedure"),
    ],
    ids=["suggestion", "accusation", "appeal"],
)
def test_arts_29_to_32_who_may_not_give_an_opinion_is_told_what_answers_instead(
    past: tuple[Event, ...], remedy: str
) -> None:
    refusal = case.given(*past).when(ISSUE).then_refused("OPINION_NOT_FOR_THIS")
    assert refusal.remedy.startswith(remedy)


# --- hearings in a review -------------------------------------------------------------------------------------------


def test_art_36_2_a_reviewer_hears_and_closes_from_the_request_on() -> None:
    story = town.given(*REVIEWING).at(END)
    early = OpenHearing(occurred_time=ASKED + JUST_BEFORE)
    story.when(early).then_refused("TIME_BEFORE_RECEIPT")
    opened = fact(HearingOpened, agency=CITY_HOUSING, time=ASKED)
    story.when(OpenHearing(occurred_time=ASKED)).then(opened)
    story.given(opened).when(CloseHearing(occurred_time=ASKED + JUST_BEFORE)).then_refused("TIME_BEFORE_RECEIPT")
    closed = fact(HearingClosed, agency=CITY_HOUSING, time=ASKED)
    story.given(opened).when(CloseHearing(occurred_time=ASKED)).then(closed)


# --- what the case knows --------------------------------------------------------------------------------------------


def test_art_33_what_was_agreed_is_known_until_the_parties_meet_anew() -> None:
    agreed = (*ACCEPTED, MEDIATING, fact(MediationEnded, reached=True))
    assert state_after(*agreed).agreement_reached
    assert not state_after(*agreed, MEDIATING).agreement_reached
    settled = state_after(*ACCEPTED, MEDIATING, fact(Settled))
    assert (settled.phase, settled.mediation, settled.agreement_reached) == (Phase.SETTLED, None, True)


def test_art_33_after_new_talks_without_agreement_nothing_is_settled() -> None:
    talks = (MEDIATING, fact(MediationEnded, reached=True), MEDIATING, fact(MediationEnded, reached=False))
    case.given(*ACCEPTED, *talks).when(SETTLE).then_refused("NOTHING_AGREED")


@pytest.mark.parametrize("missing", ["petitioner_consented", "other_party_consented"])
def test_art_33_the_refusal_names_the_party_that_did_not_consent(missing: str) -> None:
    command = BeginMediation.model_validate(MEDIATE.model_dump() | {missing: False})
    assert case.given(*ACCEPTED).when(command).then_refused("MEDIATION_WITHOUT_CONSENT").field == missing


def test_what_leaves_for_another_procedure_is_no_longer_handled_simply() -> None:
    simply = (*AT_HOUSING, fact(SimplifiedHandlingChosen), accepted(is_simplified=True))
    diverted = state_after(*simply, fact(DivertedToProcedure))
    assert (diverted.phase, diverted.is_simplified) == (Phase.DIVERTED, False)


def test_art_32_the_case_knows_its_opinion_and_when_it_was_served() -> None:
    served = state_after(*ACCEPTED, opinion_issued(outcome=Outcome.EXPLAIN), opinion_served())
    assert (served.phase, served.outcome, served.opinion_time, served.served_time) == (
        Phase.SERVED,
        Outcome.EXPLAIN,
        NOW,
        NOW,
    )


def test_art_32_an_opinion_is_served_from_the_instant_in_which_it_is_issued() -> None:
    serve = ServeOpinion(method=ServiceMethod.POST, proof="post-office:RR123")
    story = case.given(*ACCEPTED, opinion_issued())
    story.when(serve).then(opinion_served())
    later = case.given(*ACCEPTED, opinion_issued(time=END)).at(END)
    later.when(serve.model_copy(update={"occurred_time": END + JUST_BEFORE})).then_refused("TIME_BEFORE_OPINION")


@pytest.mark.parametrize(
    ("past", "noted"),
    [
        (SUGGESTED, fact(SuggestionRewarded)),
        (ACCUSED, fact(AccusationReported)),
        (ACCEPTED, fact(ReliefReferred)),
        (ACCEPTED, fact(ExecutionRefused)),
        (ACCEPTED, fact(PetitionerHeard)),
        (ACCEPTED, receipt_notified()),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Event) else "",
)
def test_what_is_only_noted_moves_the_case_nowhere(past: tuple[Event, ...], noted: Event) -> None:
    before, after = state_after(*past), state_after(*past, noted)
    assert (after.phase, after.version) == (before.phase, before.version + 1)


def test_the_category_of_the_case_is_that_of_its_acceptance() -> None:
    assert state_after(*SUGGESTED).category is Category.SUGGESTION
