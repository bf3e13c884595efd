"""The rows that were not imported, in a file of their own: line, field and reason, and nothing of what the row says.

The file is written as rows are rejected, so that an import that is stopped leaves what it found so far. Excel opens it.
"""

import csv
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from services.importer.reading import Reject

HEADER = ("line", "field", "reason")


class RejectsFile:
    """Collects rejects; the file exists only if there is one. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._lock = threading.Lock()
        self._open: IO[str] | None = None

    def add(self, reject: Reject) -> None:
        """Write one down."""
        with self._lock:
            if self._open is None:
                # The mark at the beginning is how Excel knows that the file is UTF-8.
                self._open = self.path.open("w", encoding="utf-8-sig", newline="")
                csv.writer(self._open).writerow(HEADER)
            csv.writer(self._open).writerow((reject.line, reject.field, reject.reason))
            self._open.flush()
            self.count += 1

    def __enter__(self) -> Self:
        # What an earlier run rejected may be right by now.
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._open is not None:
            self._open.close()
