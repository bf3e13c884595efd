"""What is to be done next, and when: a few threads work on many petitions, and none of them waits for one.

A petition that has to wait for the bus is put back with a time. Whoever is free takes what is due, and begins something
new only when nothing is: a road that was begun is gone to its end without a halt, because the office looks on, and a
date would be missed in its eyes while the fact that keeps it stands in line.
"""

import heapq
import threading
import time
from collections import deque
from typing import Generic, TypeVar

Job = TypeVar("Job")


class Agenda(Generic[Job]):
    """A queue with due times, holding at most `jobs_max` jobs that are not done. Safe to share between threads."""

    def __init__(self, jobs_max: int) -> None:
        self._new: deque[Job] = deque()
        self._due: list[tuple[float, int, Job]] = []
        self._count = 0
        self._open = 0
        self._jobs_max = jobs_max
        self._is_closed = False
        lock = threading.Lock()
        self._work, self._room = threading.Condition(lock), threading.Condition(lock)

    def add(self, job: Job) -> bool:
        """Take in a new job, as soon as there is room; False once the agenda is stopped."""
        with self._room:
            self._room.wait_for(lambda: self._open < self._jobs_max or self._is_closed)
            if self._is_closed:
                return False
            self._open += 1
            self._new.append(job)
            self._work.notify()
            return True

    def put_back(self, job: Job, delay_seconds: float) -> None:
        """Let a job that was taken wait."""
        with self._work:
            # The number keeps the order of equal times, and keeps jobs from being compared.
            self._count += 1
            heapq.heappush(self._due, (time.monotonic() + delay_seconds, self._count, job))
            self._work.notify()

    def take(self) -> Job | None:
        """Wait for a job that is due, or else a new one, and take it; None once the agenda is stopped."""
        with self._work:
            while not self._is_closed:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    job = heapq.heappop(self._due)[2]
                elif self._new:
                    job = self._new.popleft()
                else:
                    self._work.wait(wait)
                    continue
                # Whoever sleeps may have been waiting for this one: let somebody look what is due next.
                self._work.notify()
                return job
            return None

    def done(self) -> None:
        """Say that a job that was taken needs nothing more."""
        with self._room:
            self._open -= 1
            self._room.notify_all()

    def wait_until_empty(self) -> None:
        """Wait until every job is done, or the agenda is stopped."""
        with self._room:
            self._room.wait_for(lambda: self._open == 0 or self._is_closed)

    def stop(self) -> None:
        """Let everybody go who waits."""
        with self._room:
            self._is_closed = True
            self._work.notify_all()
            self._room.notify_all()
