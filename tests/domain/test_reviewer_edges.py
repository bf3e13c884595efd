"""Who may not review: whoever's own answer is in force; and no stray file is taken for the one that is awaited."""

from dataclasses import replace

import pytest

from domain.case import Moment, Phase, RequestReview, decide
from domain.event import Refusal
from domain.vocabulary import ReviewStage
from services.kit.law import law_in_force
from tests.domain.facts import CITY_HOUSING, HOUSING, KINDS, LABOUR, PETITION, RECEIVED, registered
from tests.domain.facts_review import ASKED, END, file_received, requested, town

ASK = RequestReview(
    petition_id=PETITION,
    agency=CITY_HOUSING,
    agency_kind=KINDS[CITY_HOUSING],
    stage=ReviewStage.REVIEW,
    of_agency=HOUSING,
    first_received_time=RECEIVED,
    occurred_time=ASKED,
)
HANDLING = {
    Phase.OPEN,
    Phase.OBJECTED,
    Phase.ACCEPTED,
    Phase.DIVERTED,
    Phase.OPINION_ISSUED,
    Phase.SERVED,
    Phase.UNDER_REVIEW,
    Phase.CONCLUDED,
    Phase.SETTLED,
}


@pytest.mark.parametrize("phase", [*sorted(HANDLING), Phase.RETURNED, Phase.NOT_ACCEPTED, Phase.HANDED_OFF])
def test_art_35_nobody_reviews_where_its_own_answer_is_the_one_in_force(phase: Phase) -> None:
    known = town.given(registered(CITY_HOUSING)).case
    assert known is not None
    answer = decide(replace(known, phase=phase), ASK, Moment(END, law_in_force(), agencies=town.agencies))
    code = answer.code if isinstance(answer, Refusal) else None
    assert code == ("HANDLED_HERE" if phase in HANDLING else None)


def test_art_35_a_file_from_whom_nobody_asked_is_not_the_one_that_is_awaited() -> None:
    stray = file_received(from_agency=LABOUR, accused_agencies=(LABOUR,), cause="sender:9")
    known = town.given(requested(), stray).case
    assert known is not None
    assert known.review is not None
    assert (known.review.has_file, known.accused_agencies) == (False, ())
