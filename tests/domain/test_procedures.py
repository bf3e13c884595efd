"""Other procedures, Art. 31(1)-(5), simplified handling, hearing the petitioner, and who gets an opinion, Art. 32."""

from datetime import datetime

import pytest

from domain.case import (
    AcceptPetition,
    DivertedToProcedure,
    ExtendHandling,
    Linked,
    PetitionerHeard,
    Phase,
    ProcedureConcluded,
    ResumedFromProcedure,
    SimplifiedHandlingChosen,
)
from domain.event import Event
from domain.vocabulary import Category, Channel, HandoffKind, LinkKind, Route, SimplifiedGround
from tests.domain.facts import (
    ASSIGNED_TO_HOUSING,
    AT_HOUSING,
    HOUSING,
    PETITION,
    RECEIVED,
    accepted,
    classified,
    extended,
    handoff_received,
    on,
    opinion_issued,
    registered,
    sealed,
)
from tests.domain.facts_handling import (
    ACCEPTED,
    ACCUSED,
    CONCLUDE,
    DIVERT,
    HEAR,
    ISSUE,
    RESUME,
    SIMPLIFY,
    SUGGESTED,
    fact,
)
from tests.domain.ledger import open_after
from tests.domain.story import case

ELSEWHERE = [route for route in Route if route is not Route.PETITION_PROCEDURE]
DIVERTED = (*ACCEPTED, fact(DivertedToProcedure))


# --- Art. 31(1)-(5): led elsewhere ------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ELSEWHERE)
@pytest.mark.parametrize("accepted_on", Route)
def test_art_31_1_to_5_an_accepted_appeal_is_led_into_the_procedure_it_belongs_in(
    route: Route, accepted_on: Route
) -> None:
    story = case.given(*AT_HOUSING, accepted(route=accepted_on)).when(DIVERT.model_copy(update={"route": route}))
    story.then(fact(DivertedToProcedure, route=route))


def test_art_31_the_petition_procedure_is_not_one_that_a_petition_is_led_into() -> None:
    command = DIVERT.model_copy(update={"route": Route.PETITION_PROCEDURE})
    refusal = case.given(*ACCEPTED).when(command).then_refused("NOT_ANOTHER_PROCEDURE")
    assert (refusal.article, refusal.field) == ("Art. 31(1)-(5)", "route")


@pytest.mark.parametrize("past", [SUGGESTED, ACCUSED])
def test_art_31_only_an_appeal_is_led_into_another_procedure(past: tuple[Event, ...]) -> None:
    case.given(*past).when(DIVERT).then_refused("NOT_AN_APPEAL")


def test_art_31_what_is_not_accepted_is_led_nowhere() -> None:
    case.given(*AT_HOUSING).when(DIVERT).then_refused("WRONG_PHASE")
    early = DIVERT.model_copy(update={"occurred_time": RECEIVED})
    case.given(*ACCEPTED).when(early).then_refused("TIME_BEFORE_ACCEPTANCE")


def test_art_34_the_sixty_days_end_where_another_procedure_begins() -> None:
    assert open_after(*ACCEPTED)["D10"] == "2023-05-02"
    after = open_after(*DIVERTED)
    assert "D10" not in after
    assert after["D11-PROCEDURE"] is None


def test_art_34_a_matter_that_comes_back_has_a_fresh_acceptance_and_sixty_days() -> None:
    back = on("2023-08-01")
    case.given(*DIVERTED).at(back).when(RESUME).then(fact(ResumedFromProcedure, time=back))
    after = open_after(*DIVERTED, fact(ResumedFromProcedure, time=back))
    assert after["D10"] == "2023-09-30"
    assert "D11-PROCEDURE" not in after


def test_art_34_a_matter_that_came_back_can_be_extended_although_it_was_before() -> None:
    back = on("2023-08-01")
    past = (*ACCEPTED, extended(), *DIVERTED[len(ACCEPTED) :], fact(ResumedFromProcedure, time=back))
    command = ExtendHandling(days=30, approver="head-of-housing", notified_time=back, reason=sealed("reason"))
    case.given(*past).at(back).when(command).then(extended(back, due_date=on("2023-10-30").date()))


@pytest.mark.parametrize("past", [ACCEPTED, AT_HOUSING])
def test_art_31_only_what_was_led_elsewhere_comes_back(past: tuple[Event, ...]) -> None:
    case.given(*past).when(RESUME).then_refused("WRONG_PHASE")


@pytest.mark.parametrize("route", ELSEWHERE)
def test_art_31_1_to_5_a_matter_ends_with_the_result_of_its_procedure(route: Route) -> None:
    for past in ((accepted(route=route),), (accepted(), fact(DivertedToProcedure, route=route))):
        story = case.given(*AT_HOUSING, *past)
        story.when(CONCLUDE).then(fact(ProcedureConcluded))
        done = story.given(fact(ProcedureConcluded))
        assert done.case is not None
        assert done.case.phase is Phase.CONCLUDED
        assert "D11-PROCEDURE" not in open_after(*done.past)


@pytest.mark.parametrize("past", [ACCEPTED, SUGGESTED, ACCUSED])
def test_art_31_what_follows_no_other_procedure_is_not_concluded_by_one(past: tuple[Event, ...]) -> None:
    case.given(*past).when(CONCLUDE).then_refused("NO_OTHER_PROCEDURE")


# --- Arts. 31(6) and 32: who gets an opinion --------------------------------------------------------------------------


@pytest.mark.parametrize("route", ELSEWHERE)
def test_arts_31_6_and_32_no_opinion_is_issued_on_another_route(route: Route) -> None:
    refusal = case.given(*AT_HOUSING, accepted(route=route)).when(ISSUE).then_refused("OPINION_NOT_FOR_THIS")
    assert "ConcludeProcedure" in refusal.remedy


@pytest.mark.parametrize(("past", "command"), [(SUGGESTED, "DecideSuggestion"), (ACCUSED, "ConcludeAccusation")])
def test_art_32_suggestions_and_accusations_get_no_opinion_and_the_refusal_says_what_they_get(
    past: tuple[Event, ...], command: str
) -> None:
    refusal = case.given(*past).when(ISSUE).then_refused("OPINION_NOT_FOR_THIS")
    assert refusal.article == "Arts. 31(6), 32"
    assert command in refusal.remedy


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("route", [None, *Route])
def test_under_the_2005_regulations_whatever_was_accepted_gets_an_opinion(
    category: Category, route: Route | None
) -> None:
    time = on("2022-04-30")
    given = handoff_received(time=time, first_received_time=time, category=category)
    past = (given, accepted(time=time, category=category, route=route))
    case.given(*past).at(time).when(ISSUE).then(opinion_issued(time=time))


def test_art_31_6_the_petitioner_is_heard() -> None:
    case.given(*ACCEPTED).when(HEAR).then(fact(PetitionerHeard))
    visit = HEAR.model_copy(update={"channel": Channel.VISIT})
    case.given(*AT_HOUSING).when(visit).then(fact(PetitionerHeard, channel=Channel.VISIT))


# --- simplified handling, 国信办发〔2022〕17号 ------------------------------------------------------------------------


@pytest.mark.parametrize("ground", SimplifiedGround)
def test_simplified_handling_is_chosen_before_acceptance(ground: SimplifiedGround) -> None:
    command = SIMPLIFY.model_copy(update={"ground": ground})
    case.given(*AT_HOUSING).when(command).then(fact(SimplifiedHandlingChosen, ground=ground))


def test_what_was_chosen_for_simplified_handling_is_accepted_so() -> None:
    story = case.given(*AT_HOUSING, fact(SimplifiedHandlingChosen))
    accept = AcceptPetition(route=Route.PETITION_PROCEDURE)
    story.when(accept).then(accepted(is_simplified=True))
    assert "SIMPLE-OPINION" in open_after(*story.past, accepted(is_simplified=True))


@pytest.mark.parametrize("route", ELSEWHERE)
def test_what_is_led_elsewhere_is_not_handled_in_the_simplified_way(route: Route) -> None:
    story = case.given(*AT_HOUSING, fact(SimplifiedHandlingChosen))
    story.when(AcceptPetition(route=route)).then(accepted(route=route, is_simplified=False))


def _linked(link: LinkKind) -> Event:
    return fact(Linked, link=link, to_petition_id=PETITION)


@pytest.mark.parametrize(
    ("past", "word"),
    [
        ((*AT_HOUSING, _linked(LinkKind.REPEAT)), "repeated"),
        (ACCUSED[:1], "accusations"),
        ((registered(HOUSING, is_collective=True), classified(HOUSING)), "collective"),
        (ASSIGNED_TO_HOUSING, "assigned"),
    ],
)
def test_simplified_handling_is_not_for_everything(past: tuple[Event, ...], word: str) -> None:
    refusal = case.given(*past).when(SIMPLIFY).then_refused("SIMPLIFIED_NOT_FOR_THIS")
    assert word in refusal.message
    assert "17号" in refusal.article


@pytest.mark.parametrize("kind", [HandoffKind.TRANSFER, HandoffKind.REFERRAL])
def test_what_was_transferred_or_belongs_to_another_matter_may_be_simple(kind: HandoffKind) -> None:
    past = (handoff_received(kind=kind), _linked(LinkKind.RELATED))
    case.given(*past).when(SIMPLIFY).then(fact(SimplifiedHandlingChosen))


def test_simplified_handling_needs_a_category_and_comes_before_acceptance() -> None:
    case.given(registered(HOUSING)).when(SIMPLIFY).then_refused("NOT_CLASSIFIED")
    case.given(*ACCEPTED).when(SIMPLIFY).then_refused("WRONG_PHASE")


@pytest.mark.parametrize(("received", "code"), [("2022-07-16", "SIMPLIFIED_NOT_IN_FORCE"), ("2022-07-17", None)])
def test_simplified_handling_begins_with_what_was_received_on_17_july_2022(received: str, code: str | None) -> None:
    time: datetime = on(received)
    story = case.given(handoff_received(time=time, first_received_time=time)).at(time)
    answer = story.when(SIMPLIFY)
    if code:
        answer.then_refused(code)
    else:
        answer.then(fact(SimplifiedHandlingChosen, time=time))
