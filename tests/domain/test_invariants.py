"""What holds always (I1 to I4, I6, and replay), over random histories of one petition through its whole life.

North stands above east, and east above south; beside them is the Joint Meeting Office. South may be abolished on the
way, and then east carries on its powers.
"""

from datetime import date, datetime, timedelta
from itertools import chain

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.calendar import DueState
from domain.case import (
    AcceptPetition,
    AnswerJointHandling,
    Case,
    ClassifyPetition,
    CloseHearing,
    ConcludeAccusation,
    ConcludeProcedure,
    DecideSuggestion,
    DeclinePetition,
    DeclineReview,
    EndMediation,
    HandOff,
    IssueOpinion,
    IssueReviewOpinion,
    NotifyReceipt,
    RaiseObjection,
    RecordExecution,
    ReplyToSuggestion,
    ReportBack,
    ReportUrgent,
    RequestReview,
    RuleOnObjection,
    ServeOpinion,
    ServeReviewOpinion,
    StudySuggestion,
    WithdrawAssistance,
    case_id_of,
    evolve,
    reaches_accused,
)
from domain.duties import Duty
from domain.event import Command, event_class
from domain.petition import Changes, PetitionFile
from domain.rules import Nature
from domain.vocabulary import AgencyKind, Category
from tests.domain.chapters import ACCEPTED, CLASSIFIED, EVERYTHING, NOTES, REVIEWED, SERVED
from tests.domain.chessboard import EAST, LAW, NORTH, OFFICE, SOUTH, Chessboard, Move
from tests.domain.facts import PETITION, on
from tests.domain.lawful import nothing_reached_the_accused, one_custodian, seconds_add_up, somebody_owes
from tests.domain.oracle import due_date_of
from tests.domain.search import normal_form

EXCEPTIONAL_DAYS = sorted(LAW.calendar.exceptions)
CLOCK_ERROR_MAX = timedelta(minutes=3)
CLOSING_ROUNDS_MAX = 80
STARTS = [on("2022-04-25"), on("2022-04-30", "23:50"), on("2022-05-01", "00:10"), on("2023-01-12"), on("2026-11-28")]
CHOICES = st.integers(0, 100)
WANDERINGS = 6
"""How many records a petition leaves before anyone decides on it: otherwise most random ones never leave home."""
CLOCK_ERRORS = st.timedeltas(-CLOCK_ERROR_MAX, CLOCK_ERROR_MAX)
PAUSES = st.sampled_from([timedelta(minutes=1), timedelta(hours=9), timedelta(days=1), timedelta(days=6)])

_Kinds = tuple[type[Command], ...]
HANDING: _Kinds = (HandOff, ReportBack)
DISPUTING: _Kinds = (RaiseObjection, RuleOnObjection)
DECIDING: _Kinds = (AcceptPetition, DeclinePetition)
REVIEWING: _Kinds = (RequestReview, DeclineReview, IssueReviewOpinion, ServeReviewOpinion)
NOTING: _Kinds = tuple(sorted(NOTES | {ClassifyPetition}, key=lambda kind: kind.__name__))
GOING_ON: _Kinds = tuple(
    sorted(EVERYTHING - {*HANDING, *DISPUTING, *DECIDING, *REVIEWING, *NOTING}, key=lambda kind: kind.__name__)
)

CLOSING: _Kinds = (
    RuleOnObjection,
    AnswerJointHandling,
    WithdrawAssistance,
    CloseHearing,
    EndMediation,
    ClassifyPetition,
    NotifyReceipt,
    AcceptPetition,
    StudySuggestion,
    DecideSuggestion,
    ReplyToSuggestion,
    ConcludeAccusation,
    ConcludeProcedure,
    IssueOpinion,
    ServeOpinion,
    DeclineReview,
    IssueReviewOpinion,
    ServeReviewOpinion,
    RecordExecution,
    ReportUrgent,
    ReportBack,
)
"""How any history is brought to its end: of these an agency does the first that it can."""


class OnePetition(RuleBasedStateMachine):
    """Agencies act, records travel, time passes, in any order; after each step everything below holds."""

    @initialize(
        kinds=st.tuples(*[st.sampled_from(AgencyKind)] * 3),
        clock_errors=st.lists(CLOCK_ERRORS, min_size=4, max_size=4),
        start=st.sampled_from(STARTS),
        abolished_after=st.sampled_from([None, timedelta(days=3)]),
        reply_address_known=st.booleans(),
        category=st.sampled_from([*Category, None]),
        opening=st.sampled_from([(), (), (), CLASSIFIED, ACCEPTED, SERVED, REVIEWED]),
    )
    def register(
        self,
        kinds: tuple[AgencyKind, ...],
        clock_errors: list[timedelta],
        start: datetime,
        abolished_after: timedelta | None,
        reply_address_known: bool,
        category: Category | None,
        opening: tuple[Move, ...],
    ) -> None:
        players = {**dict(zip((SOUTH, EAST, NORTH), kinds, strict=True)), OFFICE: AgencyKind.JOINT_MEETING_OFFICE}
        abolished: date | None = (start + abolished_after).date() if abolished_after else None
        self.board = Chessboard(players, start, clock_errors, abolished)
        self.board.register(SOUTH, reply_address_known=reply_address_known)
        for name, command in opening:
            self.board.now += CLOCK_ERROR_MAX * 2
            self.board.give(name, self._as_it_is(command))
            self.board.settle()
        if not opening and category:
            self._act((ClassifyPetition,), list(Category).index(category), post_runs=False)

    def _as_it_is(self, command: Command) -> Command:
        """The command with what a node fills in."""
        if not isinstance(command, RequestReview):
            return command
        kind, first = self.board.agencies[command.agency].kind, self.board.office.first_received_time
        return command.model_copy(update={"agency_kind": kind, "first_received_time": first})

    # What may happen.

    @rule(choice=CHOICES, post_runs=st.booleans())
    def hand_on(self, choice: int, post_runs: bool) -> None:
        self._act(HANDING, choice, post_runs)

    @rule(choice=CHOICES, post_runs=st.booleans())
    def dispute(self, choice: int, post_runs: bool) -> None:
        self._act(DISPUTING, choice, post_runs)

    @precondition(lambda self: len(self.board.bus) > WANDERINGS)
    @rule(choice=CHOICES, post_runs=st.booleans())
    def decide_on_acceptance(self, choice: int, post_runs: bool) -> None:
        self._act(DECIDING, choice, post_runs)

    @rule(choice=CHOICES, post_runs=st.booleans())
    def go_on(self, choice: int, post_runs: bool) -> None:
        self._act(GOING_ON, choice, post_runs)

    @rule(choice=CHOICES, post_runs=st.booleans())
    def review(self, choice: int, post_runs: bool) -> None:
        self._act(REVIEWING, choice, post_runs)

    @rule(choice=CHOICES, post_runs=st.booleans())
    def note(self, choice: int, post_runs: bool) -> None:
        self._act(NOTING, choice, post_runs)

    def _act(self, kinds: _Kinds, choice: int, post_runs: bool) -> None:
        moves = list(self.board.possible(kinds))
        if moves:
            name, command = moves[choice % len(moves)]
            assert self.board.give(name, command) is None
        if post_runs:
            self.board.settle()

    @rule(name=st.sampled_from([NORTH, EAST, SOUTH, OFFICE]))
    def relay(self, name: str) -> None:
        self.board.relay(name)

    @precondition(lambda self: self.board.waiting())
    @rule(choice=st.integers(0, 10))
    def deliver(self, choice: int) -> None:
        waiting = self.board.waiting()
        self.board.deliver(waiting[choice % len(waiting)])

    @precondition(lambda self: self.board.delivered)
    @rule(choice=st.integers(0, 100))
    def redeliver(self, choice: int) -> None:
        delivered = self.board.delivered
        self.board.redeliver(delivered[choice % len(delivered)])

    @rule(pause=PAUSES)
    def wait(self, pause: timedelta) -> None:
        self.board.now += pause

    # What holds after each step.

    @invariant()
    def i1_there_is_one_custodian(self) -> None:
        one_custodian(self.board)

    @invariant()
    def i2_every_second_is_charged_to_one_account(self) -> None:
        seconds_add_up(self.board, self._judged_time())

    @invariant()
    def i3_somebody_owes_something(self) -> None:
        somebody_owes(self.board, self._judged_time())

    @invariant()
    def i4_every_due_date_agrees_with_the_oracle(self) -> None:
        logs = {case_id_of(PETITION, agency.name): agency.seen_by_office for agency in self.board.agencies.values()}
        for duty in self.board.office.duties:
            assert duty.due_date == due_date_of(duty, logs[duty.case_id], EXCEPTIONAL_DAYS), duty
            assert duty.rule_version in ("2005", "2022")
            assert duty.calendar_version == LAW.version
            assert duty.article in duty.arithmetic
            assert duty.due_state == self._due_state(duty)

    def _due_state(self, duty: Duty) -> DueState:
        if duty.budget_days is not None and duty.due_date is None:
            return DueState.SUSPENDED
        by_calendar = duty.rule_id in ("D5", "D12", "D14") and duty.due_date and duty.due_date.year > 2026
        return DueState.CALENDAR_UNPUBLISHED if by_calendar else DueState.FINAL

    @invariant()
    def i6_nothing_reaches_the_accused(self) -> None:
        nothing_reached_the_accused(self.board)

    def _judged_time(self) -> datetime:
        """A time that no agency's clock has passed yet, so that every recorded fact has happened."""
        return self.board.now + CLOCK_ERROR_MAX

    # What holds at the end: any history can be brought to its end, and then nobody owes anything.

    def teardown(self) -> None:
        if not hasattr(self, "board"):
            return
        self._finish()
        self._replay()

    def _finish(self) -> None:
        board = self.board
        for _ in range(CLOSING_ROUNDS_MAX):
            board.settle()
            board.now += CLOCK_ERROR_MAX * 2
            moves = chain.from_iterable(board.possible((kind,)) for kind in CLOSING)
            move = next((one for one in moves if self._leads_on(one)), None)
            if move is None:
                break
            assert board.give(*move) is None
        board.now += timedelta(days=60)
        assert board.office.has_ended(board.now)
        left = [duty for duty in board.office.duties if duty.is_open and duty.nature == Nature.DUTY]
        assert all(self._owed_to_the_accused(duty) for duty in left), "a duty that nobody can meet any more"

    def _owed_to_the_accused(self, duty: Duty) -> bool:
        """Whether it is a report to an assigner that turned out to be accused: Art. 30(3) stands above Art. 22(1)."""
        case = self.board.agencies[duty.debtor].case
        handoff = self.board.office.handoffs.get(duty.handoff_id) if duty.handoff_id else None
        assert case is not None
        return bool(handoff and reaches_accused(case, handoff.from_agency, self.board.directory))

    def _leads_on(self, move: Move) -> bool:
        after = self.board.fork()
        assert after.give(*move) is None
        after.settle()
        return normal_form(after) != normal_form(self.board)

    def _replay(self) -> None:
        for agency in self.board.agencies.values():
            state: Case | None = None
            for event in agency.log:
                assert event_class(event.type_name).model_validate_json(event.model_dump_json()) == event
                state = evolve(state, event)
            assert state == agency.case
        again, changes = PetitionFile(PETITION), Changes()
        for happening in self.board.bus:
            again.apply(happening, LAW, changes)
        office = self.board.office
        assert list(again.duties) == list(office.duties)
        assert {duty.duty_id: duty for duty in again.duties} == changes.duties
        assert again.custody.segments == office.custody.segments == list(changes.segments.values())
        assert again.handoffs == office.handoffs == changes.handoffs
        assert (again.phase, again.returns, again.events) == (office.phase, office.returns, office.events)


TestOnePetition = OnePetition.TestCase
TestOnePetition.settings = settings(max_examples=250, stateful_step_count=50, deadline=None, print_blob=True)
