"""The simulator: plays the officials of every agency, each step at its time on the accelerated clock.

Threads take the errand that is due next. An errand first looks whether the case is where its step needs it to be, since
news travels over the bus; then the time of the step is settled, from the case or from the date of the agency's duty;
and when that time has come the step is taken. A node that cannot be reached is asked again with the same request id.
"""

import heapq
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Self
from uuid import UUID

from lianxi.type.v1 import vocabulary_pb2 as words
from services.demo.desks import Desk
from services.demo.steps import Around, Step, Story
from services.kit.clock import AcceleratedClock
from services.kit.rpc.client import Denied, NotReached

WORKERS = 8
LOOK_AGAIN_SECONDS = 0.1
UNREACHED_PAUSE_SECONDS = 0.5
NEWS_SECONDS_MAX = 45.0
"""A story whose news does not arrive for so long is given up, and told of at the end."""
TOUCHED_MAX = 40
STOP_SECONDS_MAX = 0.5


@dataclass(order=True)
class _Errand:
    due: float
    number: int
    story: Story = field(compare=False)
    step: int = field(compare=False, default=0)
    took_place: datetime | None = field(compare=False, default=None)
    """When the step before was taken."""
    planned: datetime | None = field(compare=False, default=None)
    """When this step is to be taken; nothing until the case is where the step needs it."""
    asked_since: float | None = field(compare=False, default=None)


class Simulator:
    """Plays stories in the order in which they begin, within its `with` block, until all are told."""

    def __init__(self, desks: Mapping[str, Desk], clock: AcceleratedClock, stories: Iterable[Story]) -> None:
        self._desks = desks
        self._clock = clock
        self._opening = clock.virtual_start
        self._begin = max(clock(), self._opening)
        self._coming: Iterator[Story] = iter(stories)
        self._numbers = count()
        self._errands: list[_Errand] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._under_way = 0
        self._threads = [threading.Thread(target=self._work, name=f"desk-{n}", daemon=True) for n in range(WORKERS)]
        self.kinds: Counter[str] = Counter()
        self.steps_taken = 0
        self.stories_told = 0
        self.given_up: list[str] = []
        self.heads: dict[str, int] = {}
        """The last position that each node has acknowledged to a desk."""
        self.touched: deque[UUID] = deque(maxlen=TOUCHED_MAX)
        """The petitions on which something was done last, the newest at the end."""

    def __enter__(self) -> Self:
        self._let_one_come()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        deadline = time.monotonic() + STOP_SECONDS_MAX
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    @property
    def stories_begun(self) -> int:
        """How many stories have come so far."""
        return self.kinds.total()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until every story is told, at most so long; tell whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._errands and not self._under_way, timeout_seconds)

    # --- the agenda ---------------------------------------------------------------------------------------------

    def _let_one_come(self) -> None:
        with self._changed:
            story = next(self._coming, None)
        if story is not None:
            start = self._opening if story.begins_days < 0 else self._begin
            begins = start + timedelta(days=story.begins_days)
            self._put(_Errand(self._real(begins), next(self._numbers), story, planned=begins))

    def _put(self, errand: _Errand) -> None:
        with self._changed:
            heapq.heappush(self._errands, errand)
            self._changed.notify_all()

    def _real(self, virtual: datetime) -> float:
        """The reading of this process's monotonic clock at a made-up time."""
        seconds = (virtual - self._clock()).total_seconds() / self._clock.rate
        return time.monotonic() + seconds

    def _work(self) -> None:
        while (errand := self._next()) is not None:
            try:
                self._run(errand)
            except NotReached:
                errand.due = time.monotonic() + UNREACHED_PAUSE_SECONDS
                self._put(errand)
            except Denied as denied:
                step = errand.story.steps[errand.step]
                self.given_up.append(f"{errand.story.kind}: {step.agency} {step.rpc}: {denied.reason} {denied.message}")
                if errand.step == 0:
                    self._let_one_come()
            except ValueError:
                # So says gRPC of a channel that was closed; which is a fault, unless the city is being stopped.
                if not self._stopped:
                    raise
            finally:
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify_all()

    def _next(self) -> _Errand | None:
        with self._changed:
            while not self._stopped:
                pause = self._errands[0].due - time.monotonic() if self._errands else None
                if pause is not None and pause <= 0:
                    self._under_way += 1
                    return heapq.heappop(self._errands)
                self._changed.wait(pause)
        return None

    # --- one errand ---------------------------------------------------------------------------------------------

    def _run(self, errand: _Errand) -> None:
        if errand.planned is None:
            self._plan(errand)
        elif errand.planned > self._clock():
            self._put_at(errand, errand.planned)
        else:
            self._take(errand, errand.planned)

    def _put_at(self, errand: _Errand, virtual: datetime) -> None:
        errand.due = self._real(virtual)
        self._put(errand)

    def _plan(self, errand: _Errand) -> None:
        story, step = errand.story, errand.story.steps[errand.step]
        desk = self._desks[step.agency]
        case = desk.case_for(story, step)
        if case is None:
            self._ask_again(errand, step)
            return
        received = case.received_time.ToDatetime(UTC)
        if isinstance(step.when, Around):
            due = desk.due_time(case, step.when.rule)
            planned = (due or self._since(errand)) + timedelta(days=step.when.days)
        else:
            planned = self._since(errand) + timedelta(days=step.when.days)
        assert errand.took_place is not None
        errand.planned, errand.asked_since = max(planned, received, errand.took_place), None
        self._put_at(errand, errand.planned)

    def _since(self, errand: _Errand) -> datetime:
        """From when an official counts days: from the agency's own last act, or from the arrival of another's."""
        assert errand.took_place is not None
        story, number = errand.story, errand.step
        is_news = story.steps[number].agency != story.steps[number - 1].agency
        # What is entered from older records arrived when it was sent.
        return self._clock() if is_news and errand.took_place >= self._opening else errand.took_place

    def _ask_again(self, errand: _Errand, step: Step) -> None:
        now = time.monotonic()
        errand.asked_since = errand.asked_since or now
        if now - errand.asked_since > NEWS_SECONDS_MAX:
            self.given_up.append(f"{errand.story.kind}: {step.agency} {step.rpc}: no news arrived")
            return
        errand.due = now + LOOK_AGAIN_SECONDS
        self._put(errand)

    def _take(self, errand: _Errand, planned: datetime) -> None:
        story, number = errand.story, errand.step
        provenance = words.PROVENANCE_IMPORTED if planned < self._opening else words.PROVENANCE_RECORDED
        receipt = self._desks[story.steps[number].agency].take(story, number, planned, provenance)
        with self._changed:
            self.steps_taken += 1
            self.heads[receipt.node] = max(receipt.position, self.heads.get(receipt.node, 0))
            if story.petition_id in self.touched:
                self.touched.remove(story.petition_id)
            self.touched.append(story.petition_id)
            if number == 0:
                self.kinds[story.kind] += 1
        if number == 0:
            self._let_one_come()
        if number + 1 < len(story.steps):
            self._put(_Errand(time.monotonic(), next(self._numbers), story, number + 1, took_place=planned))
        else:
            with self._changed:
                self.stories_told += 1
