"""Group commit: threads that arrive while one is writing are written together by the next.

A durable commit costs the same for one row as for fifty, so the first in the queue writes for all who stand in it, and
then hands the turn to whoever came meanwhile. There is no thread to start or stop, nobody waits for a timer, and nobody
waits for more than the write under way and the next one. If a write fails, only the one who led it learns of it: the
others stay in the queue and write for themselves, so that one bad wish does not spoil those beside it.
"""

from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")


class _Place(Generic[Wish, Answer]):
    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.woken = Event()
        self.answers: list[Answer] = []


class SharedCommit(Generic[Wish, Answer]):
    """A queue before one writer function, which answers a batch of wishes in their order."""

    def __init__(self, write: Callable[[Sequence[Wish]], Sequence[Answer]]) -> None:
        self._write = write
        # Whoever is first in the queue leads; a place leaves the queue when it is answered, or when its leading failed.
        self._queue: list[_Place[Wish, Answer]] = []
        self._lock = Lock()

    def submit(self, wish: Wish) -> Answer:
        """Return the writer's answer to this wish once it is written; raise what the writer raised when led by us."""
        place = _Place[Wish, Answer](wish)
        with self._lock:
            self._queue.append(place)
            leads = len(self._queue) == 1
        if not leads:
            place.woken.wait()
        if not place.answers:
            self._lead(place)
        return place.answers[0]

    def _lead(self, own: _Place[Wish, Answer]) -> None:
        with self._lock:
            batch = self._queue.copy()
        served = [own]
        try:
            answers = self._write([place.wish for place in batch])
            for place, answer in zip(batch, answers, strict=True):
                place.answers.append(answer)
            served = batch
        finally:
            with self._lock:
                del self._queue[: len(served)]
                next_leader = self._queue[:1]
            for place in [*served[1:], *next_leader]:
                place.woken.set()
