"""The time, as something that is handed to a node and never taken from the machine behind its back.

Every decision and every due date hangs on it, so a demonstration can let a year pass in minutes and a test can stand
still. In production it is the system's clock. It never runs backward by its own doing, and always names UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

Clock = Callable[[], datetime]
"""Returns the present instant, in UTC."""


def system_clock() -> datetime:
    """Return the machine's own time."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class AcceleratedClock:
    """A made-up time: it read `virtual_start` at the real instant `real_start`, and passes `rate` times as fast.

    Several processes that are given the same three values agree on the time.
    """

    virtual_start: datetime
    real_start: datetime
    rate: float

    def __post_init__(self) -> None:
        if self.virtual_start.tzinfo is None or self.real_start.tzinfo is None:
            raise ValueError("both starts of a clock name their time zone, such as 2024-05-06T09:00:00+08:00")
        if not 0 < self.rate < 1e7:
            raise ValueError("the rate of a clock is above 0 and below 10,000,000")

    def __call__(self) -> datetime:
        """Return the present made-up instant."""
        return self.virtual_start.astimezone(UTC) + (system_clock() - self.real_start) * self.rate

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `VIRTUAL_START,REAL_START,RATE`, as `str` writes it; raise `ValueError` for anything else."""
        parts = text.split(",")
        if len(parts) != 3:
            raise ValueError("a clock is written VIRTUAL_START,REAL_START,RATE")
        return cls(datetime.fromisoformat(parts[0]), datetime.fromisoformat(parts[1]), float(parts[2]))

    def __str__(self) -> str:
        return f"{self.virtual_start.isoformat()},{self.real_start.isoformat()},{self.rate!r}"
