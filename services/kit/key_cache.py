"""The petition keys read most recently, kept in memory for a short while and never after they were destroyed here.

A key that is being destroyed must not come back through a read that began before: a reader notes the cache's
generation first, and what it brings after a destruction is not kept.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from uuid import UUID


class KeyCache:
    """Least recently used keys, at most `keys_max`, each at most `seconds_max` old. Safe for many threads."""

    def __init__(self, keys_max: int, seconds_max: float) -> None:
        self._keys_max = keys_max
        self._seconds_max = seconds_max
        self._kept: OrderedDict[UUID, tuple[bytes, float]] = OrderedDict()
        self._lock = Lock()
        self._generation = 0

    @property
    def generation(self) -> int:
        """How often a key was forgotten; read it before asking the database."""
        return self._generation

    def get(self, petition_id: UUID) -> bytes | None:
        """Return a kept key that is young enough."""
        with self._lock:
            key, kept_time = self._kept.get(petition_id, (None, 0.0))
            if key is None:
                return None
            if time.monotonic() - kept_time > self._seconds_max:
                del self._kept[petition_id]
                return None
            self._kept.move_to_end(petition_id)
            return key

    def put(self, keys: Mapping[UUID, bytes], generation: int) -> None:
        """Keep keys that were read when the cache had this generation; later ones may be destroyed by now."""
        now = time.monotonic()
        with self._lock:
            if generation != self._generation:
                return
            for petition_id, key in keys.items():
                self._kept[petition_id] = (key, now)
                self._kept.move_to_end(petition_id)
            while len(self._kept) > self._keys_max:
                self._kept.popitem(last=False)

    def forget(self, petition_id: UUID) -> None:
        """Forget one key, also for the reads that are under way."""
        with self._lock:
            self._generation += 1
            self._kept.pop(petition_id, None)

    def clear(self) -> None:
        """Forget all keys."""
        with self._lock:
            self._generation += 1
            self._kept.clear()
