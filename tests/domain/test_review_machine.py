"""What holds always among handler, reviewer and re-reviewer, however their post is delayed and doubled, Arts. 35-36."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.case import (
    Case,
    CaseFileReceived,
    IssueOpinion,
    IssueReviewOpinion,
    Phase,
    RequestReview,
    ReviewOpinionIssued,
    ReviewOpinionServed,
    ReviewRequested,
    ReviewResultConfirmed,
    ReviewResultReceived,
    ServeOpinion,
    ServeReviewOpinion,
    evolve,
)
from domain.event import Command
from domain.vocabulary import Outcome, ReviewResult, ReviewStage
from tests.domain.facts import CITY_HOUSING, HOUSING, PROVINCE_HOUSING
from tests.domain.review_board import ReviewBoard

ERRORS = st.timedeltas(timedelta(minutes=-3), timedelta(minutes=3))
PAUSES = st.sampled_from([timedelta(minutes=7), timedelta(days=1), timedelta(days=12), timedelta(days=40)])
CHOICES = st.integers(0, 100)
ROAD: tuple[tuple[type[Command], str], ...] = (
    (IssueOpinion, HOUSING),
    (ServeOpinion, HOUSING),
    (RequestReview, CITY_HOUSING),
    (IssueReviewOpinion, CITY_HOUSING),
    (ServeReviewOpinion, CITY_HOUSING),
    (RequestReview, PROVINCE_HOUSING),
)


class Reviews(RuleBasedStateMachine):
    """Commands, post and time in any order."""

    @initialize(errors=st.tuples(ERRORS, ERRORS, ERRORS), ahead=st.integers(0, len(ROAD)))
    def begin(self, errors: tuple[timedelta, ...], ahead: int) -> None:
        self.board = ReviewBoard(errors)
        # Random steps alone seldom come as far as a re-review, so most histories begin further on.
        for kind, name in ROAD[:ahead]:
            self.board.now += timedelta(hours=1)
            self.board.give(*next(move for move in self.board.possible() if (type(move[1]), move[0]) == (kind, name)))
            self.board.settle()

    @rule(choice=CHOICES)
    def act(self, choice: int) -> None:
        if moves := self.board.possible():
            assert self.board.give(*moves[choice % len(moves)]) is None

    @rule(choice=CHOICES)
    def relay(self, choice: int) -> None:
        self.board.relay(list(self.board.desks)[choice % 3])

    @precondition(lambda self: self.board.waiting())
    @rule(choice=CHOICES)
    def deliver(self, choice: int) -> None:
        waiting = self.board.waiting()
        self.board.deliver(waiting[choice % len(waiting)])

    @precondition(lambda self: self.board.delivered)
    @rule(choice=CHOICES)
    def deliver_again(self, choice: int) -> None:
        self.board.redeliver(choice)

    @rule()
    def let_the_post_arrive(self) -> None:
        self.board.settle()

    @rule(pause=PAUSES)
    def wait(self, pause: timedelta) -> None:
        self.board.now += pause

    @invariant()
    def a_case_is_what_its_log_says(self) -> None:
        for desk in self.board.desks.values():
            again: Case | None = None
            for event in desk.log:
                again = evolve(again, event)
            assert again == desk.case

    @invariant()
    def nobody_decides_without_the_file(self) -> None:
        for name in (CITY_HOUSING, PROVINCE_HOUSING):
            case = self.board.desks[name].case
            if case is not None and case.phase not in (Phase.REVIEWING, Phase.UNDER_REVIEW):
                assert case.review is not None
                assert case.review.has_file

    @invariant()
    def no_opinion_is_reviewed_twice(self) -> None:
        for name in (CITY_HOUSING, PROVINCE_HOUSING):
            shown, reviewed = None, []
            for event in self.board.desks[name].log:
                if isinstance(event, CaseFileReceived):
                    shown = event.opinion_time
                elif isinstance(event, ReviewOpinionIssued):
                    reviewed.append(shown)
            assert len(reviewed) == len(set(reviewed))

    @invariant()
    def art_36_3_after_a_rereview_that_stands_the_province_is_not_asked_again(self) -> None:
        log = self.board.desks[PROVINCE_HOUSING].log
        for number, event in enumerate(log):
            if isinstance(event, ReviewOpinionServed) and event.result is not ReviewResult.REVOKE:
                assert not any(isinstance(later, ReviewRequested) for later in log[number:])

    @invariant()
    def every_second_is_charged_to_somebody(self) -> None:
        segments = self.board.office.custody.segments
        assert all(one.to_time == following.from_time for one, following in pairwise(segments))

    def teardown(self) -> None:
        if not hasattr(self, "board"):
            return
        self.board.settle()
        handler, city, province = (self.board.desks[name] for name in (HOUSING, CITY_HOUSING, PROVINCE_HOUSING))
        for reviewer in (city, province):
            issued = [event for event in reviewer.log if isinstance(event, ReviewOpinionIssued)]
            confirmed = [event for event in reviewer.log if isinstance(event, ReviewResultConfirmed)]
            assert len(issued) == len(confirmed), "every opinion arrives at the handler once, and the reviewer knows it"
            if reviewer.case is not None and reviewer.case.review is not None:
                assert reviewer.case.review.has_file
        self._handler_obeys(handler.case, [event for event in handler.log if isinstance(event, ReviewResultReceived)])

    @staticmethod
    def _handler_obeys(case: Case | None, results: list[ReviewResultReceived]) -> None:
        """Once all post has arrived, the handler follows the highest word on its opinion, whatever came first."""
        assert case is not None
        if case.phase is not Phase.UNDER_REVIEW or not results:
            return
        anew = max((n for n, one in enumerate(results) if one.result is ReviewResult.REVOKE), default=-1)
        standing = sorted(results[anew + 1 :], key=lambda one: (one.stage is ReviewStage.REREVIEW, one.issued_time))
        changed = [one.outcome for one in standing if one.result is ReviewResult.CHANGE]
        if changed:
            assert case.outcome == changed[-1]
            assert case.awaits_execution == (changed[-1] is Outcome.SUPPORT)


TestReviews = Reviews.TestCase
TestReviews.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
