"""What is to be done next, and when: a few threads work on many petitions, and none of them waits for one.

A petition that has to wait for the bus is put back with a time; whoever is free takes what is due.
"""

import heapq
import threading
import time
from typing import Generic, TypeVar

Job = TypeVar("Job")


class Agenda(Generic[Job]):
    """A queue with due times, holding at most `jobs_max` jobs that are not done. Safe to share between threads."""

    def __init__(self, jobs_max: int) -> None:
        self._due: list[tuple[float, int, Job]] = []
        self._count = 0
        self._open = 0
        self._jobs_max = jobs_max
        self._is_closed = False
        self._changed = threading.Condition()

    def add(self, job: Job) -> bool:
        """Take in a new job, as soon as there is room; False once the agenda is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._open < self._jobs_max or self._is_closed)
            if self._is_closed:
                return False
            self._open += 1
            self._put(job, 0.0)
            return True

    def put_back(self, job: Job, delay_seconds: float) -> None:
        """Let a job that was taken wait."""
        with self._changed:
            self._put(job, delay_seconds)

    def _put(self, job: Job, delay_seconds: float) -> None:
        # The number keeps the order of equal times, and keeps jobs from being compared.
        self._count += 1
        heapq.heappush(self._due, (time.monotonic() + delay_seconds, self._count, job))
        self._changed.notify_all()

    def take(self) -> Job | None:
        """Wait for a job that is due and take it; None once the agenda is stopped."""
        with self._changed:
            while not self._is_closed:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            return None

    def done(self) -> None:
        """Say that a job that was taken needs nothing more."""
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def wait_until_empty(self) -> None:
        """Wait until every job is done, or the agenda is stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._open == 0 or self._is_closed)

    def stop(self) -> None:
        """Let everybody go who waits."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
