"""The office held to the invariants, petition by petition, after every batch that it takes in.

Beside the office's own views stands an oracle: the same facts read by the domain's own models and folded in memory from
the beginning. What the office shows must be what its prefix of the logs says (I8), and that must be lawful (I1 to I4).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from domain.approaching import DueDateApproaching
from domain.breach import BreachRecorded
from domain.custody import PETITIONER, SegmentKind
from domain.docket import PetitionDocketed
from domain.duties import Duty
from domain.event import Happening
from domain.law import Law
from domain.petition import Changes, PetitionFile
from domain.rules import Nature
from services.office.views import VIEWS
from tests.simulation.mirror import Mirror, MirroredFact, ensure

INBOX = """select sequence, petition_id, node, position, case_id, version, leaf_hash, data
from office.inbox where sequence > %s order by sequence"""


class Followed(NamedTuple):
    """A petition as the oracle folds it, with everything that ever changed in it."""

    file: PetitionFile
    changes: Changes


class OfficeCheck:
    """The office's database, looked at past its own code."""

    def __init__(
        self, connection: psycopg.Connection[tuple[Any, ...]], mirror: Mirror, law: Law, node_of: Mapping[str, str]
    ) -> None:
        """`node_of` says which node serves an agency, and so may state its facts."""
        self._connection, self._mirror = connection, mirror
        self.law, self._node_of = law, node_of
        self.sequence = 0
        self.taken: set[tuple[str, int]] = set()
        self.petitions: dict[UUID, Followed] = {}

    def check_new(self) -> int:
        """Check what the office took in since the last call, and every petition that it touches."""
        rows = self._connection.execute(INBOX, (self.sequence,), binary=True).fetchall()
        touched: dict[UUID, None] = {}
        for sequence, petition_id, node, position, case_id, version, leaf_hash, data in rows:
            ensure(sequence == self.sequence + 1, f"I8: the inbox jumps from {self.sequence} to {sequence}")
            self.sequence = sequence
            fact = self._mirror.fact(node, position)
            home = self._node_of[fact.event.agency]
            ensure(node == home, f"I11: the office believed {node} about {fact.event.agency}, which {home} serves")
            ensure((node, position) not in self.taken, f"I7: the office took {fact.name} in twice")
            self.taken.add((node, position))
            told = (case_id, version, leaf_hash, bytes(data))
            row = fact.row
            stands = (row.originator_id, row.originator_version, row.leaf_hash, bytes(row.state))
            ensure(told == stands, f"I7: {fact.name} is not in the inbox as it is in its log")
            self._fold(petition_id, fact)
            touched[petition_id] = None
        self.check(touched)
        return len(rows)

    def _fold(self, petition_id: UUID, fact: MirroredFact) -> None:
        followed = self.petitions.setdefault(petition_id, Followed(PetitionFile(petition_id), Changes()))
        followed.file.apply(happening_of(fact), self.law, followed.changes)

    def refold(self, law: Law) -> None:
        """Fold everything anew with another calendar, in the order in which the office took it in."""
        self.law = law
        self.petitions.clear()
        for petition_id, node, position in self._connection.execute(
            "select petition_id, node, position from office.inbox order by sequence"
        ):
            self._fold(petition_id, self._mirror.fact(node, position))

    def check(self, petition_ids: Iterable[UUID]) -> None:
        """Check petitions: views against the oracle, then the law against both."""
        followed = [self.petitions[petition_id] for petition_id in petition_ids]
        self._check_views(followed)
        for file, _ in followed:
            check_custody(file)
            check_owing(file)
            for duty in file.duties:
                check_due(file, duty, self.law)

    def _check_views(self, followed: Sequence[Followed]) -> None:
        """I8: the rows are those that the oracle would write."""
        ids = [one.file.petition_id for one in followed]
        for view in VIEWS:
            columns = ", ".join(view.table.columns)
            found = self._connection.execute(
                f"select {columns} from views.{view.table.name} where petition_id = any(%s)".encode(), (ids,)
            ).fetchall()
            wanted = {tuple(row) for one in followed for row in view.rows(one.file, one.changes)}
            wrong = wanted.symmetric_difference(found)
            ensure(not wrong, f"I8: {view.table.name} differs from the fold: {sorted(map(str, wrong))}")


def happening_of(fact: MirroredFact) -> Happening:
    """The fact in its place, as a fold over many agencies takes it."""
    row = fact.row
    return Happening(fact.event, row.originator_id, row.originator_version, fact.node, row.position, row.recorded_at)


def check_custody(file: PetitionFile) -> None:
    """I1 and I2: one custodian at every moment, and every second charged to one account."""
    petition, segments = file.petition_id, file.custody.segments
    ensure(bool(segments), f"I1: petition {petition} has no custodian")
    first, last = segments[0], segments[-1]
    ensure(first.from_time == file.first_received_time, f"I2: petition {petition} begins at {first.from_time}")
    ensure([one.number for one in segments] == list(range(1, len(segments) + 1)), f"I2: {petition} skips a segment")
    for before, after in pairwise(segments):
        ensure(before.to_time == after.from_time, f"I2: petition {petition}: {before} does not touch {after}")
    for one in segments:
        ensure(bool(one.custodian) and bool(one.charged_to), f"I1: petition {petition}: nobody answers for {one}")
        is_window = one.kind is SegmentKind.PETITIONER_WINDOW
        ensure((one.charged_to == PETITIONER) == is_window, f"I2: petition {petition}: {one} is charged wrongly")
        ensure(one.to_time is None or one.to_time >= one.from_time, f"I2: petition {petition}: {one} runs backward")
    ensure(last.to_time == file.custody.ended_time, f"I1: petition {petition} ended without its custody")
    spent = sum(((one.to_time or last.from_time) - one.from_time for one in segments), timedelta())
    ensure(spent == (last.to_time or last.from_time) - first.from_time, f"I2: the seconds of {petition} do not add up")


def check_owing(file: PetitionFile) -> None:
    """I3: somebody owes something, or the petitioner has the word, or it ended, be it a clock's error ahead."""
    if file.custody.ended_time is not None:
        return
    owed = [duty for duty in file.duties if duty.is_open and duty.nature == Nature.DUTY]
    ensure(bool(owed), f"I3: nobody owes anything on petition {file.petition_id}, which is {file.phase}")


def check_due(file: PetitionFile, duty: Duty, law: Law) -> None:
    """I4: a date follows from the row of the duty table that it names, and says by which calendar."""
    rule = law.table.row(duty.rule_id, duty.rule_version)
    handoff = file.handoffs.get(duty.handoff_id) if duty.handoff_id else None
    ensure(duty.calendar_version == law.version, f"I4: {duty.duty_id} rests on {duty.calendar_version}")
    ensure(duty.article == rule.article, f"I4: {duty.duty_id} rests on {duty.article}")
    ensure(bool(duty.arithmetic), f"I4: {duty.duty_id} does not say how its date comes about")
    # What an assistant is asked names its own day, which no hand-off holds.
    named = handoff.report_due_date if rule.named_in and handoff else duty.due_date if rule.named_in else None
    if (rule.length is None and named is None) or (duty.budget_days and duty.running_since is None):
        ensure(duty.due_date is None, f"I4: {duty.duty_id} has a date that no law gives")
        return
    if duty.budget_days and duty.running_since:
        # Hearings stopped the clock: what is left is counted from the day on which it last began to run.
        due = law.calendar.due(duty.running_since, duty.budget_days - duty.consumed_days, rule.unit)
    else:
        due = law.due_of(rule, duty.opened_time, extension_days=duty.extension_days, named=named)
    found = (duty.due_date, duty.due_time, duty.due_state)
    ensure(found == (due.due_date, due.due_time, due.state), f"I4: {duty.duty_id} is due {found}, not {due}")


def check_notices(facts: Iterable[MirroredFact]) -> None:
    """A date is warned of once, and a petition is docketed once on each ground, whatever restarts or replicas."""
    seen: set[tuple[object, ...]] = set()
    for fact in facts:
        event = fact.event
        if isinstance(event, DueDateApproaching):
            key: tuple[object, ...] = (event.duty_id, event.due_date)
        elif isinstance(event, PetitionDocketed):
            key = (event.petition_id, event.ground)
        else:
            continue
        ensure(key not in seen, f"{event.type_name} of {key} is recorded twice")
        seen.add(key)


def check_breaches(facts: Iterable[MirroredFact]) -> None:
    """I5: a breach stands in the office's log once for each duty and rung."""
    seen: set[tuple[str, int]] = set()
    for fact in facts:
        if isinstance(fact.event, BreachRecorded):
            key = (fact.event.duty_id, fact.event.rung)
            ensure(key not in seen, f"I5: {key} is recorded twice")
            seen.add(key)
