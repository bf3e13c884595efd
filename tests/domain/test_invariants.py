"""What holds always (I1 to I4, I6 in part, and replay), over random histories of one petition among three agencies."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.calendar import DueState
from domain.case import (
    AcceptPetition,
    Case,
    ClassifyPetition,
    DeclinePetition,
    ExtendHandling,
    HandOff,
    IssueOpinion,
    NotifyReceipt,
    Phase,
    RaiseObjection,
    RegisterPetition,
    ReportBack,
    RuleOnObjection,
    ServeOpinion,
    UnsealMaterials,
    case_id_of,
    evolve,
)
from domain.custody import PETITIONER
from domain.duties import Status
from domain.event import Command, event_class
from domain.petition import Changes, PetitionFile
from domain.rules import Nature
from domain.vocabulary import AgencyKind, Category, Channel, HandoffKind, Outcome, Route, ServiceMethod
from tests.domain.chessboard import LAW, SHUNNED, Chessboard
from tests.domain.facts import PETITION, on, sealed
from tests.domain.oracle import due_date_of

EXCEPTIONAL_DAYS = sorted(LAW.calendar.exceptions)
CLOCK_ERROR_MAX = timedelta(minutes=3)
STARTS = [on("2022-04-25"), on("2022-04-30", "23:50"), on("2022-05-01", "00:10"), on("2023-01-12"), on("2026-11-28")]
CHOICES = st.integers(0, 100)
WANDERINGS = 6
"""How many records a petition leaves before anyone decides on it: otherwise most random ones never leave home."""
HOLDING = {Phase.OPEN, Phase.OBJECTED, Phase.ACCEPTED, Phase.OPINION_ISSUED, Phase.SERVED, Phase.NOT_ACCEPTED}
CLOCK_ERRORS = st.timedeltas(-CLOCK_ERROR_MAX, CLOCK_ERROR_MAX)
PAUSES = st.sampled_from([timedelta(minutes=1), timedelta(hours=9), timedelta(days=1), timedelta(days=6)])


class OnePetition(RuleBasedStateMachine):
    """Agencies act, records travel, time passes, in any order; after each step everything below holds."""

    @initialize(
        kinds=st.tuples(*[st.sampled_from(AgencyKind)] * 3),
        clock_errors=st.tuples(CLOCK_ERRORS, CLOCK_ERRORS, CLOCK_ERRORS),
        start=st.sampled_from(STARTS),
        reply_address_known=st.booleans(),
        category=st.sampled_from([*Category, None]),
    )
    def register(
        self,
        kinds: tuple[AgencyKind, ...],
        clock_errors: tuple[timedelta, ...],
        start: datetime,
        reply_address_known: bool,
        category: Category | None,
    ) -> None:
        self.board = Chessboard(kinds, clock_errors, start)
        self.board.register(
            "north",
            RegisterPetition(
                petition_id=PETITION,
                agency="north",
                agency_kind=kinds[0],
                channel=Channel.LETTER,
                reply_address_known=reply_address_known,
            ),
        )
        if category:
            self.board.give("north", ClassifyPetition(category=category))

    # What may happen.

    @rule(choice=CHOICES, post_runs=st.booleans())
    def hand_on(self, choice: int, post_runs: bool) -> None:
        self._act((HandOff,), choice, post_runs)

    @rule(choice=CHOICES, post_runs=st.booleans())
    def dispute(self, choice: int, post_runs: bool) -> None:
        self._act((RaiseObjection, RuleOnObjection), choice, post_runs)

    @precondition(lambda self: len(self.board.bus) > WANDERINGS)
    @rule(choice=CHOICES, post_runs=st.booleans())
    def decide_on_acceptance(self, choice: int, post_runs: bool) -> None:
        self._act((AcceptPetition, DeclinePetition), choice, post_runs)

    @rule(choice=CHOICES, post_runs=st.booleans())
    def go_on(self, choice: int, post_runs: bool) -> None:
        kinds = (
            ClassifyPetition,
            NotifyReceipt,
            UnsealMaterials,
            ExtendHandling,
            IssueOpinion,
            ServeOpinion,
            ReportBack,
        )
        self._act(kinds, choice, post_runs)

    def _act(self, kinds: tuple[type[Command], ...], choice: int, post_runs: bool) -> None:
        moves = self.board.possible(kinds)
        if moves:
            name, command = moves[choice % len(moves)]
            assert self.board.give(name, command) is None
        if post_runs:
            self.board.settle()

    @rule(name=st.sampled_from(["north", "east", "south"]))
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
        segment = self.board.office.custody.current
        assert segment is not None
        assert segment.custodian in self.board.agencies
        lasting = [part for part in self.board.office.custody.segments if part.to_time is None]
        assert len(lasting) == (0 if self.board.office.custody.ended_time else 1)

    @invariant()
    def i2_every_second_is_charged_to_one_account(self) -> None:
        segments = self.board.office.custody.segments
        assert segments[0].from_time == self.board.office.first_received_time
        for earlier, later in pairwise(segments):
            assert earlier.to_time == later.from_time
        latest = max(self._judged_time(), segments[-1].from_time)
        ends = [segment.to_time or latest for segment in segments]
        lengths = [end - segment.from_time for end, segment in zip(ends, segments, strict=True)]
        assert min(lengths) >= timedelta(0)
        assert sum(lengths, timedelta()) == ends[-1] - segments[0].from_time
        accounts = {segment.charged_to for segment in segments}
        assert accounts <= {*self.board.agencies, PETITIONER}

    @invariant()
    def i3_somebody_owes_something(self) -> None:
        office, now = self.board.office, self._judged_time()
        owed = [
            duty
            for duty in office.duties
            if duty.status(now) in (Status.OPEN, Status.BREACHED)
            and (duty.nature == Nature.DUTY or duty.debtor == PETITIONER)
        ]
        assert owed or office.has_ended(now), "nobody owes anything on an open petition"

    @invariant()
    def i4_every_due_date_agrees_with_the_oracle(self) -> None:
        logs = {case_id_of(PETITION, agency.name): agency.seen_by_office for agency in self.board.agencies.values()}
        for duty in self.board.office.duties:
            assert duty.due_date == due_date_of(duty, logs[duty.case_id], EXCEPTIONAL_DAYS), duty
            assert duty.rule_version in ("2005", "2022")
            assert duty.calendar_version == LAW.version
            assert duty.article in duty.arithmetic
            final = duty.due_date is None or duty.due_date.year <= 2026 or duty.rule_id not in ("D5", "D12")
            assert (duty.due_state == DueState.FINAL) == final

    @invariant()
    def i6_nothing_is_handed_to_the_accused(self) -> None:
        for agency in self.board.agencies.values():
            if agency.case is None or SHUNNED not in agency.case.accused_agencies:
                continue
            refusal = self.board.give(
                agency.name, HandOff(handoff_id=PETITION, kind=HandoffKind.TRANSFER, to_agency=SHUNNED)
            )
            assert refusal
            assert refusal.code in ("ACCUSATION_REACHES_ACCUSED", "WRONG_PHASE")

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
        board.settle()
        for name in board.agencies:
            board.give(name, RuleOnObjection(uphold=False))
        board.settle()
        holders = [agency for agency in board.agencies.values() if agency.case and agency.case.phase in HOLDING]
        assert [holder.name for holder in holders] == [self._custodian()]
        holder = holders[0].name
        for command in (
            ClassifyPetition(category=Category.ACCUSATION, accused_agencies=(SHUNNED,)),
            AcceptPetition(),
            AcceptPetition(route=Route.PETITION_PROCEDURE),
            IssueOpinion(outcome=Outcome.SUPPORT, legal_bases=("a law",), facts=sealed(), opinion=sealed()),
            ServeOpinion(method=ServiceMethod.POST, proof="proof:1"),
        ):
            board.give(holder, command)
        for name in board.agencies:
            board.give(name, NotifyReceipt(method=ServiceMethod.POST))
            while board.give(name, ReportBack(report=sealed())) is None:
                pass
        board.settle()
        assert board.office.custody.ended_time is not None
        left = [duty for duty in board.office.duties if duty.is_open and duty.nature == Nature.DUTY]
        assert left == [], "a duty that nobody can meet any more"

    def _custodian(self) -> str:
        segment = self.board.office.custody.current
        assert segment is not None
        return segment.custodian

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
