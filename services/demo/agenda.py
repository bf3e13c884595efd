"""When petitions come: a backlog from the time before the opening, and then one after the other."""

from collections.abc import Iterator
from random import Random

from services.demo.steps import Story
from services.demo.stories import story

BACKLOG_DAYS = 110.0
BACKLOG_PETITIONS = 48
BOUNDED_BACKLOG_DAYS, COMING_DAYS = 80.0, 14.0
SECONDS_BETWEEN = 0.8


def bounded(seed: int, petitions: int) -> Iterator[Story]:
    """Exactly so many stories, from before the opening to a fortnight after it."""
    chance = Random(f"{seed}/agenda")
    begins = sorted(chance.uniform(-BOUNDED_BACKLOG_DAYS, COMING_DAYS) for _ in range(petitions))
    for number, days in enumerate(begins):
        yield story(seed, number, days)


def endless(seed: int, days_per_second: float) -> Iterator[Story]:
    """The backlog, and then stories without end, about one a second on the clock on the wall."""
    chance = Random(f"{seed}/agenda")
    begins = sorted(chance.uniform(-BACKLOG_DAYS, 0) for _ in range(BACKLOG_PETITIONS))
    for number, days in enumerate(begins):
        yield story(seed, number, days)
    number, days = BACKLOG_PETITIONS, 0.0
    while True:
        days += chance.expovariate(1.0) * SECONDS_BETWEEN * days_per_second
        yield story(seed, number, days)
        number += 1
