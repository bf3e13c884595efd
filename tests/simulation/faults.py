"""Where a simulated process may die: before or after any write, to a database, to the log, to the keys or to the bus.

A death is an exception that no code of ours catches. Whatever the process held in memory is thrown away after it, and
what it had written stays: that is all that `kill -9` does. The classes here are the real ones with such places in them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from services.kit.keystore import KeyStore
from services.kit.log import Appended, Fact, Log, Request


class Killed(BaseException):
    """The process is dead. No `Exception`, so that even code that parks what it does not understand lets it pass."""


class Faults:
    """The places that one process passes; `arm` chooses the one at which it dies."""

    def __init__(self) -> None:
        self.deaths: Counter[str] = Counter()
        self._left = 0

    def arm(self, places: int) -> None:
        """Let the process die at the place that is this many places ahead; 0 lets it live."""
        self._left = places

    def reach(self, place: str) -> None:
        """Pass a place, or die there."""
        if self._left:
            self._left -= 1
            if self._left == 0:
                self.deaths[place] += 1
                raise Killed(place)


class BreakableLog(Log):
    """A node's log whose process may die before the append or after it, when nobody has been told yet."""

    def __init__(self, conninfo: str, faults: Faults) -> None:
        self._faults = faults
        super().__init__(conninfo)

    def record_facts(self, facts: Sequence[Fact], *, request: Request | None = None) -> Appended:
        self._faults.reach("before append")
        appended = super().record_facts(facts, request=request)
        self._faults.reach("after append")
        return appended


class BreakableKeyStore(KeyStore):
    """A key store whose process may die before or after keys are kept."""

    def __init__(self, dsn: str, kek: bytes, faults: Faults) -> None:
        self._faults = faults
        super().__init__(dsn, kek)

    def put_many(self, keys: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
        self._faults.reach("before keys")
        stored = super().put_many(keys)
        self._faults.reach("after keys")
        return stored


class _Breakable:
    """A database connection whose process may die around every statement and around every commit."""

    def __init__(self, connection: Any, name: str, faults: Faults) -> None:
        self._connection, self._name, self._faults = connection, name, faults

    def execute(self, *arguments: Any, **options: Any) -> Any:
        self._faults.reach(f"{self._name}: before a statement")
        cursor = self._connection.execute(*arguments, **options)
        self._faults.reach(f"{self._name}: after a statement")
        return cursor

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with self._connection.transaction() as transaction:
            yield transaction
            self._faults.reach(f"{self._name}: before the commit")
        self._faults.reach(f"{self._name}: after the commit")

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._connection, attribute)


def breakable(connection: Any, name: str, faults: Faults) -> Any:
    """Return the connection with places to die in it, named after who uses it."""
    return cast(Any, _Breakable(connection, name, faults))
