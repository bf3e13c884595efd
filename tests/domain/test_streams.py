"""The streams of suggestions, Art. 29, and of accusations, Art. 30."""

import pytest

from domain.case import (
    AccusationConcluded,
    AccusationReported,
    Case,
    DecideSuggestion,
    Phase,
    SimplifiedHandlingChosen,
    SuggestionDecided,
    SuggestionReplied,
    SuggestionRewarded,
    SuggestionStudied,
)
from domain.event import Command, Event
from domain.vocabulary import AccusationRecipient, Adoption, Category
from tests.domain.facts import (
    HOUSING,
    PETITIONS,
    RECEIVED,
    accepted,
    classified,
    handed_off,
    handoff_received,
    on,
    opinion_issued,
    registered,
    sealed,
)
from tests.domain.facts_handling import (
    ACCEPTED,
    ACCUSED,
    ADOPT,
    CONCLUDE_ACCUSATION,
    ISSUE,
    REPLY,
    REPORT,
    REWARD,
    STUDY,
    SUGGESTED,
    fact,
)
from tests.domain.facts_joint import help_requested
from tests.domain.ledger import open_after
from tests.domain.story import case

STUDIED = (*SUGGESTED, fact(SuggestionStudied))
ADOPTED = (*STUDIED, fact(SuggestionDecided))
REPLIED = (*ADOPTED, fact(SuggestionReplied))
NOT_ADOPTED = (*STUDIED, fact(SuggestionDecided, adoption=Adoption.NOT_ADOPTED))
STREAMS = {
    Category.SUGGESTION: (SUGGESTED, (STUDY, ADOPT, REPLY, REWARD), "NOT_A_SUGGESTION"),
    Category.ACCUSATION: (ACCUSED, (REPORT, CONCLUDE_ACCUSATION), "NOT_AN_ACCUSATION"),
}


def folded(*past: Event) -> Case:
    known = case.given(*past).case
    assert known is not None
    return known


# --- suggestions ------------------------------------------------------------------------------------------------------


def test_art_29_1_a_suggestion_is_studied() -> None:
    case.given(*SUGGESTED).when(STUDY).then(fact(SuggestionStudied))


def test_art_29_1_a_suggestion_is_decided_on_only_after_it_was_studied() -> None:
    refusal = case.given(*SUGGESTED).when(ADOPT).then_refused("SUGGESTION_NOT_STUDIED")
    assert refusal.article == "Art. 29(1)"


@pytest.mark.parametrize("adoption", Adoption)
def test_art_29_1_a_suggestion_is_adopted_wholly_in_part_or_not(adoption: Adoption) -> None:
    command = DecideSuggestion(adoption=adoption, explanation=sealed())
    case.given(*STUDIED).when(command).then(fact(SuggestionDecided, adoption=adoption))


def test_art_29_1_a_suggestion_is_decided_on_once() -> None:
    case.given(*ADOPTED).when(ADOPT).then_refused("SUGGESTION_ALREADY_DECIDED")
    case.given(*NOT_ADOPTED).when(ADOPT).then_refused("WRONG_PHASE")


@pytest.mark.parametrize("adoption", [Adoption.ADOPTED, Adoption.PARTLY_ADOPTED])
def test_art_29_1_what_is_adopted_is_replied_to_and_that_ends_the_matter(adoption: Adoption) -> None:
    past = (*STUDIED, fact(SuggestionDecided, adoption=adoption))
    assert folded(*past).phase is Phase.ACCEPTED
    assert open_after(*past)["D11-REPLY"] is None
    case.given(*past).when(REPLY).then(fact(SuggestionReplied))
    assert folded(*past, fact(SuggestionReplied)).phase is Phase.CONCLUDED
    assert not open_after(*past, fact(SuggestionReplied)).keys() & {"D11-SUGGESTION", "D11-REPLY"}


def test_art_29_1_what_is_not_adopted_ends_with_the_decision_and_owes_no_reply() -> None:
    assert folded(*NOT_ADOPTED).phase is Phase.CONCLUDED
    assert "D11-REPLY" not in open_after(*NOT_ADOPTED)
    case.given(*NOT_ADOPTED).when(REPLY).then_refused("WRONG_PHASE")


def test_art_29_1_there_is_no_reply_before_there_is_a_decision_and_no_second_one() -> None:
    case.given(*STUDIED).when(REPLY).then_refused("SUGGESTION_NOT_DECIDED")
    case.given(*REPLIED).when(REPLY).then_refused("WRONG_PHASE")


def test_arts_24_1_and_29_1_no_reply_ends_a_suggestion_over_an_assistant_who_still_works_on_it() -> None:
    case.given(*ADOPTED, help_requested(category=Category.SUGGESTION)).when(REPLY).then_refused("ASSISTANCE_OPEN")


@pytest.mark.parametrize("past", [SUGGESTED, ADOPTED, REPLIED, NOT_ADOPTED])
def test_art_29_2_a_suggestion_that_contributed_is_rewarded_whenever_that_shows(past: tuple[Event, ...]) -> None:
    case.given(*past).when(REWARD).then(fact(SuggestionRewarded))


@pytest.mark.parametrize("command", [STUDY, ADOPT, REPLY, REWARD])
def test_art_29_1_nothing_is_done_on_a_suggestion_before_it_is_accepted(command: Command) -> None:
    case.given(*SUGGESTED[:1]).when(command).then_refused("WRONG_PHASE")
    early = command.model_copy(update={"occurred_time": RECEIVED})
    case.given(*ADOPTED).when(early).then_refused("TIME_BEFORE_ACCEPTANCE")


# --- accusations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False])
def test_art_30_1_an_accusation_is_handled_and_the_record_says_whether_the_petitioner_was_told(told: bool) -> None:
    command = CONCLUDE_ACCUSATION.model_copy(update={"told_petitioner": told})
    case.given(*ACCUSED).when(command).then(fact(AccusationConcluded, told_petitioner=told))
    assert folded(*ACCUSED, fact(AccusationConcluded)).phase is Phase.CONCLUDED
    assert "D11-ACCUSATION" not in open_after(*ACCUSED, fact(AccusationConcluded))


def test_art_30_1_an_accusation_is_accepted_before_it_is_concluded() -> None:
    case.given(*ACCUSED[:1]).when(CONCLUDE_ACCUSATION).then_refused("WRONG_PHASE")
    early = CONCLUDE_ACCUSATION.model_copy(update={"occurred_time": RECEIVED})
    case.given(*ACCUSED).when(early).then_refused("TIME_BEFORE_ACCEPTANCE")


@pytest.mark.parametrize("recipient", AccusationRecipient)
@pytest.mark.parametrize("handed_on", [True, False])
def test_art_30_2_a_petition_department_tells_of_accusations_even_when_another_organ_handles_them(
    recipient: AccusationRecipient, handed_on: bool
) -> None:
    past: tuple[Event, ...] = (registered(), classified(category=Category.ACCUSATION, accused_agencies=(HOUSING,)))
    past += (handed_off(category=Category.ACCUSATION),) if handed_on else ()
    command = REPORT.model_copy(update={"recipient": recipient})
    case.given(*past).when(command).then(fact(AccusationReported, agency=PETITIONS, recipient=recipient))


def test_art_30_2_no_other_agency_tells_of_them() -> None:
    assert case.given(*ACCUSED).when(REPORT).then_refused("NOT_A_PETITION_DEPARTMENT").article == "Art. 30(2)"


def test_art_30_3_the_fact_that_somebody_was_told_holds_no_word_of_the_accusation() -> None:
    own = AccusationReported.model_fields.keys() - Event.model_fields.keys()
    assert own == {"recipient", "external_reference"}


# --- each category has its own stream -------------------------------------------------------------------------------


@pytest.mark.parametrize("category", STREAMS)
@pytest.mark.parametrize("of", STREAMS)
def test_arts_29_and_30_each_stream_is_for_its_own_category(category: Category, of: Category) -> None:
    _, commands, code = STREAMS[of]
    past = STREAMS[category][0]
    for command in commands if category is not of else ():
        case.given(*past).when(command).then_refused(code)
        case.given(*ACCEPTED).when(command).then_refused(code)


def test_arts_29_and_30_what_is_not_classified_has_no_stream() -> None:
    case.given(registered()).when(REPORT).then_refused("NOT_AN_ACCUSATION")


def test_under_the_2005_regulations_a_suggestion_ends_either_way() -> None:
    time = on("2022-04-30")
    past = (
        handoff_received(time=time, first_received_time=time, category=Category.SUGGESTION),
        accepted(time=time, category=Category.SUGGESTION, route=None),
    )
    case.given(*past).at(time).when(ISSUE).then(opinion_issued(time=time))
    studied = (*past, fact(SuggestionStudied, time=time))
    decided = fact(SuggestionDecided, time=time, adoption=Adoption.NOT_ADOPTED)
    case.given(*studied).at(time).when(DecideSuggestion(adoption=Adoption.NOT_ADOPTED, explanation=sealed())).then(
        decided
    )
    assert "D10" not in open_after(*studied, decided)


@pytest.mark.parametrize("end", [REPLIED[-2:], NOT_ADOPTED[-1:]], ids=["adopted", "not adopted"])
def test_a_suggestion_in_simplified_handling_is_done_when_its_stream_ends(end: tuple[Event, ...]) -> None:
    simple = accepted(category=Category.SUGGESTION, route=None, is_simplified=True)
    begun = (SUGGESTED[0], fact(SimplifiedHandlingChosen), simple, fact(SuggestionStudied))
    assert "SIMPLE-OPINION" in open_after(*begun)
    assert "SIMPLE-OPINION" not in open_after(*begun, *end)
