"""A clock that stops: how much of a period is used up, and since when the rest runs.

The Regulations stop a clock once only: the time that a hearing needs is not counted in the thirty days of the
re-review, Art. 36(2). Every civil day from the first to the last of a hearing is left out, and a day of two hearings
once. Hearings after the last day revive nothing. The numbers come from all hearings that are known, so the order in
which they became known does not matter.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from domain.calendar import ONE_DAY, Step, in_en, in_zh

Pause = tuple[date, date | None]
"""The first and the last day that a clock stands still; None while it does."""


class Ledger(NamedTuple):
    """What is used of a period: `running_since` is the day after which the rest is counted, None while it stands."""

    budget_days: int
    consumed_days: int
    running_since: date | None
    suspended_since: date | None = None

    @property
    def left_days(self) -> int:
        """How many days are left of the period."""
        return self.budget_days - self.consumed_days


def ledger_of(start: date, budget_days: int, pauses: Iterable[Pause]) -> Ledger:
    """Count a period of calendar days that begins after `start`, leaving the days of the pauses out."""
    ledger = Ledger(budget_days, 0, start)
    for first, last in sorted(pauses, key=lambda pause: pause[0]):
        running = ledger.running_since
        if running is None:
            return ledger
        used = ledger.consumed_days + max((first - running).days - 1, 0)
        if used >= budget_days:
            return ledger
        if last is None:
            return Ledger(budget_days, used, None, max(first, running + ONE_DAY))
        if last > running:
            ledger = Ledger(budget_days, used, last)
    return ledger


def steps_of_ledger(start: date, ledger: Ledger) -> tuple[Step, ...]:
    """Tell in words what was used of a period that stood or stands still; nothing of one that never did."""
    if ledger.running_since == start:
        return ()
    used = Step(
        f"起算日 {in_zh(start)},不计入;停止计算前已用 {ledger.consumed_days} 日,共 {ledger.budget_days} 日",
        f"start {in_en(start)}, not counted; {ledger.consumed_days} of {ledger.budget_days} days used",
    )
    if ledger.running_since is not None:
        resumed = ledger.running_since
        return used, Step(f"听证至 {in_zh(resumed)},不计入期限", f"hearing up to {in_en(resumed)}, not counted")
    since = ledger.suspended_since
    return used, Step(f"自 {since} 起听证,期限停止计算", f"hearing since {since}: the clock stands still, no date yet")
