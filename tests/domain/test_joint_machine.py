"""Arts. 24 and 25 in every order: five agencies negotiate, help, dispute, succeed and flag while the post is late."""

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.case import (
    HOLDING,
    AcceptPetition,
    AgreeJointHandling,
    AnswerJointHandling,
    Case,
    FlagUrgent,
    HandOff,
    JointHandlingAgreed,
    JointHandlingAnswerReceived,
    JointHandlingProposed,
    Phase,
    ProposeJointHandling,
    RaiseObjection,
    ReportAssistance,
    ReportUrgent,
    RequestAssistance,
    RuleOnObjection,
    WithdrawAssistance,
    evolve,
)
from domain.event import Command
from domain.vocabulary import HandoffKind, UrgentRecipient
from tests.domain.facts import FIRST, LABOUR, PETITIONS
from tests.domain.joint_board import KINDS, JointBoard

CLOCK_ERRORS = st.tuples(*[st.timedeltas(timedelta(minutes=-3), timedelta(minutes=3))] * len(KINDS))
CHOICES = st.integers(0, 1000)
HELPING = (RequestAssistance, ReportAssistance, WithdrawAssistance)


class OneMatterOfMany(RuleBasedStateMachine):
    """The agencies act, records travel, days pass, in any order; nothing that is rightly sent is ever refused."""

    @initialize(clock_errors=CLOCK_ERRORS, is_at_labour=st.booleans())
    def begin(self, clock_errors: tuple[timedelta, ...], is_at_labour: bool) -> None:
        self.board = JointBoard(clock_errors)
        if is_at_labour:
            # Otherwise few random histories get to the bureau that is going to be merged.
            hand_off = HandOff(handoff_id=FIRST, kind=HandoffKind.TRANSFER, to_agency=LABOUR)
            assert self.board.give(PETITIONS, hand_off) is None
            self.board.settle()

    @rule(choice=CHOICES)
    def propose(self, choice: int) -> None:
        self._act((ProposeJointHandling,), choice)

    @rule(choice=CHOICES)
    def answer(self, choice: int) -> None:
        self._act((AnswerJointHandling,), choice)

    @rule(choice=CHOICES)
    def agree(self, choice: int) -> None:
        self._act((AgreeJointHandling,), choice)

    @rule(choice=CHOICES)
    def help(self, choice: int) -> None:
        self._act(HELPING, choice)

    @rule(choice=CHOICES)
    def hand_on(self, choice: int) -> None:
        self._act((HandOff,), choice)

    @rule(choice=CHOICES)
    def succeed(self, choice: int) -> None:
        successions = [move for move in self.board.possible((HandOff,)) if _is_succession(move[1])]
        if successions:
            name, command = successions[choice % len(successions)]
            assert self.board.give(name, command) is None

    @rule(choice=CHOICES)
    def object(self, choice: int) -> None:
        self._act((RaiseObjection, RuleOnObjection), choice)

    @rule(choice=CHOICES)
    def flag(self, choice: int) -> None:
        self._act((FlagUrgent, ReportUrgent), choice)

    @precondition(lambda self: len(self.board.delivered) > 8)
    @rule(choice=CHOICES)
    def accept(self, choice: int) -> None:
        self._act((AcceptPetition,), choice)

    def _act(self, kinds: tuple[type[Command], ...], choice: int) -> None:
        moves = self.board.possible(kinds)
        if moves:
            name, command = moves[choice % len(moves)]
            assert self.board.give(name, command) is None

    @rule(name=st.sampled_from(sorted(KINDS)))
    def relay(self, name: str) -> None:
        self.board.relay(name)

    @precondition(lambda self: self.board.waiting())
    @rule(choice=CHOICES)
    def deliver(self, choice: int) -> None:
        waiting = self.board.waiting()
        self.board.deliver(waiting[choice % len(waiting)])

    @precondition(lambda self: self.board.delivered)
    @rule(choice=CHOICES)
    def redeliver(self, choice: int) -> None:
        self.board.redeliver(choice)

    @rule()
    def let_the_post_run(self) -> None:
        self.board.settle()

    @rule(days=st.integers(1, 4))
    def wait(self, days: int) -> None:
        self.board.now += timedelta(days=days)

    @invariant()
    def art_24_1_at_most_one_agency_holds_the_petition_and_may_hand_it_on(self) -> None:
        holders = [case.agency for case in self._cases() if case.phase in HOLDING - {Phase.OBJECTED}]
        assert len(holders) <= 1, holders

    @invariant()
    def art_24_1_only_what_everybody_agreed_to_is_agreed(self) -> None:
        for desk in self.board.desks.values():
            for agreement in (event for event in desk.log if isinstance(event, JointHandlingAgreed)):
                of_this = [event for event in desk.log if getattr(event, "joint_id", None) == agreement.joint_id]
                asked = {event.to_agency for event in of_this if isinstance(event, JointHandlingProposed)}
                said = {e.from_agency: e.agreed for e in of_this if isinstance(e, JointHandlingAnswerReceived)}
                assert said == dict.fromkeys(asked, True)

    @invariant()
    def art_25_1_no_flag_is_acknowledged_before_the_office_has_it(self) -> None:
        for case in self._cases():
            if UrgentRecipient.JOINT_MEETING_OFFICE in case.urgent_acknowledged:
                assert case.urgency is not None

    def _cases(self) -> list[Case]:
        return [desk.case for desk in self.board.desks.values() if desk.case is not None]

    def teardown(self) -> None:
        if not hasattr(self, "board"):
            return
        board = self.board
        board.settle()
        for name in board.desks:
            board.give(name, RuleOnObjection(uphold=False))
        board.settle()
        self._one_custodian()
        self._both_sides_agree_on_what_is_open()
        self._replay()

    def _one_custodian(self) -> None:
        holders = [case.agency for case in self._cases() if case.phase in HOLDING]
        segment = self.board.office.custody.current
        assert segment is not None
        assert holders == [segment.custodian], "the petition has one custodian, and the office knows which"

    def _both_sides_agree_on_what_is_open(self) -> None:
        cases = self._cases()
        asked = {(one.assistance_id, case.agency, one.other_agency) for case in cases for one in case.assistants}
        owed = {(one.assistance_id, one.other_agency, case.agency) for case in cases for one in case.assistances}
        assert asked == owed
        for case in cases:
            if case.urgency and UrgentRecipient.JOINT_MEETING_OFFICE in case.urgent_reports:
                assert UrgentRecipient.JOINT_MEETING_OFFICE in case.urgent_acknowledged

    def _replay(self) -> None:
        for desk in self.board.desks.values():
            state: Case | None = None
            for event in desk.log:
                state = evolve(state, type(event).model_validate_json(event.model_dump_json()))
            assert state == desk.case


def _is_succession(command: Command) -> bool:
    return isinstance(command, HandOff) and command.kind is HandoffKind.SUCCESSION


TestOneMatterOfMany = OneMatterOfMany.TestCase
TestOneMatterOfMany.settings = settings(max_examples=100, stateful_step_count=50, deadline=None, print_blob=True)
