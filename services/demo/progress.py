"""How far the demonstration is: each phase with its count and its seconds, live in a terminal, else a line a phase.

It writes to standard error, so that standard output holds the result and nothing else.
"""

import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from services.demo.words import PHASES

REFRESHES_PER_SECOND = 8


@dataclass
class _Phase:
    began: float
    done: int = 0
    total: int = 0
    ended: float | None = None

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began


class PhaseDisplay:
    """Shows the phases as they come; call it as a `Progress`, from any thread."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._phases: dict[str, _Phase] = {}
        self._lock = threading.Lock()
        self._spinner = Spinner("dots")
        # Where nobody watches, each phase is told once, when it is done.
        self._live = (
            Live(console=console, refresh_per_second=REFRESHES_PER_SECOND, get_renderable=self._table, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(is_whole=error is None)

    def close(self, *, is_whole: bool = True) -> None:
        """Stop showing, and leave what was shown if it came to its end; a second call does nothing."""
        if self._live is not None and self._live.is_started:
            self._live.stop()
            if is_whole:
                self._console.print(self._table())

    def __call__(self, name: str, done: int, total: int) -> None:
        """Note how far a phase is."""
        with self._lock:
            now = time.monotonic()
            phase = self._phases.setdefault(name, _Phase(now))
            phase.done, phase.total = done, total
            is_new_end = done >= total and phase.ended is None
            if is_new_end:
                phase.ended = now
        if is_new_end and self._live is None:
            self._console.print(f"{PHASES[name]}: {done}/{total}, {phase.seconds:.1f} s", highlight=False)

    def _table(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=2)
        table.add_column(min_width=48)
        table.add_column(justify="right", min_width=6)
        table.add_column(justify="right", min_width=8)
        with self._lock:
            for name, phase in self._phases.items():
                mark: RenderableType = "[green]✓[/]" if phase.ended else self._spinner
                table.add_row(mark, PHASES[name], f"{phase.done}/{phase.total}", f"{phase.seconds:.1f} s")
        table.add_row("", "[dim]in all 合计[/]", "", f"[dim]{time.monotonic() - self._began:.1f} s[/]")
        return table
