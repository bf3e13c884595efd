"""The keys of petitions, in a database of their own, each wrapped by a key that is in no database.

Kept apart from the event log so that destroying one row makes the personal data of one petition unreadable for ever,
while the log, its backups and its proofs stay as they are. The wrapping key (KEK) is a file: who steals the database
alone reads nothing. A destroyed key leaves a tombstone, and never comes back under the same petition.

Writers that arrive together share one commit, because a registration waits for its key to be durable. A key that was
read is cached for a minute, so another process may still read it for a minute after its destruction. The bytes of a
destroyed row leave the disk with PostgreSQL's own vacuum and the recycling of its WAL, and backups when they expire.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.kit.key_cache import KeyCache
from services.kit.secret_files import make_secret_directory, read_secret, write_secret
from services.kit.shared_commit import SharedCommit
from services.kit.sql_line import SqlLine

KEK_BYTES = 32
_NONCE_BYTES = 12
_CACHED_KEYS_MAX = 50_000
_CACHED_SECONDS_MAX = 60.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS petition_key (
    petition_id    uuid PRIMARY KEY,
    wrapped        bytea,
    created_time   timestamptz NOT NULL DEFAULT now(),
    destroyed_time timestamptz,
    -- A key either is there or was destroyed: no third state.
    CHECK ((wrapped IS NULL) = (destroyed_time IS NOT NULL))
);
CREATE TABLE IF NOT EXISTS wrapping_key (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    fingerprint bytea NOT NULL
);
"""
_CLAIM_STORE = "INSERT INTO wrapping_key (fingerprint) VALUES (%s) ON CONFLICT DO NOTHING"
_READ_CLAIM = "SELECT fingerprint FROM wrapping_key"
_INSERT = """
INSERT INTO petition_key (petition_id, wrapped)
SELECT * FROM unnest(%s::uuid[], %s::bytea[])
ON CONFLICT (petition_id) DO NOTHING
RETURNING petition_id, wrapped
"""
_READ = "SELECT petition_id, wrapped FROM petition_key WHERE petition_id = ANY(%s)"
_DESTROY = """
INSERT INTO petition_key (petition_id, destroyed_time) VALUES (%s, now())
ON CONFLICT (petition_id) DO UPDATE SET wrapped = NULL, destroyed_time = now() WHERE petition_key.wrapped IS NOT NULL
"""


class KeyDestroyed(Exception):
    """The petition's key was destroyed, so nothing about it is sealed or opened any more."""

    def __init__(self, petition_id: UUID) -> None:
        super().__init__(f"the key of petition {petition_id} was destroyed")
        self.petition_id = petition_id


class WrongKek(Exception):
    """The wrapping key is not the one under which this store, or this row of it, was written."""


def create_kek(path: Path) -> bytes:
    """Write a fresh wrapping key to a file of mode 0600 and return it; raise `SecretExists` rather than replace one."""
    make_secret_directory(path.parent)
    kek = secrets.token_bytes(KEK_BYTES)
    write_secret(path, kek)
    return kek


def read_kek(path: Path) -> bytes:
    """Read the wrapping key that `create_kek` wrote; raise `WrongKek` for a file that holds something else."""
    kek = read_secret(path)
    if len(kek) != KEK_BYTES:
        raise WrongKek(f"{path} holds {len(kek)} bytes, a wrapping key has {KEK_BYTES}")
    return kek


_Rows = list[tuple[UUID, bytes | None]]


class KeyStore:
    """The petition keys of one node. Safe for any number of threads and processes."""

    def __init__(self, dsn: str, kek: bytes) -> None:
        if len(kek) != KEK_BYTES:
            raise WrongKek(f"a wrapping key has {KEK_BYTES} bytes, not {len(kek)}")
        self._cipher = AESGCM(kek)
        self._fingerprint = hashlib.sha256(b"lianxi/wrapping-key/v1" + kek).digest()
        # Two lines, so that a read never waits for another petition's commit.
        self._reading, self._writing = SqlLine(dsn), SqlLine(dsn)
        self._cache = KeyCache(_CACHED_KEYS_MAX, _CACHED_SECONDS_MAX)
        self._commit = SharedCommit(self._write)

    def open(self) -> Self:
        """Create the tables where they are missing, and raise `WrongKek` if the store belongs to another KEK."""
        # Two processes that create the same table at once collide in the catalogue: one goes after the other.
        self._writing.run("SELECT pg_advisory_xact_lock(hashtext('lianxi.keystore'));" + _SCHEMA)
        self._writing.run(_CLAIM_STORE, (self._fingerprint,))
        if self._writing.rows(_READ_CLAIM) != [(self._fingerprint,)]:
            self.close()
            raise WrongKek("this key store was written under another wrapping key")
        return self

    def close(self) -> None:
        """Close the connections and forget the cached keys."""
        self._cache.clear()
        self._reading.close()
        self._writing.close()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def get(self, petition_id: UUID) -> bytes | None:
        """Return the key of a petition; None if it has none here, or none any more."""
        return self.get_many((petition_id,)).get(petition_id)

    def get_many(self, petition_ids: Iterable[UUID]) -> dict[UUID, bytes]:
        """Return the keys of several petitions in one query; those without a key are absent."""
        asked = set(petition_ids)
        found = {petition_id: key for petition_id in asked if (key := self._cache.get(petition_id)) is not None}
        missing = list(asked - found.keys())
        if missing:
            generation = self._cache.generation
            fresh = self._unwrapped(self._reading.rows(_READ, (missing,)))
            self._cache.put(fresh, generation)
            found |= fresh
        return found

    def put_if_absent(self, petition_id: UUID, key: bytes) -> bytes:
        """Store a petition's key durably, and return the one that is stored: of two writers, the first one's.

        Raises `KeyDestroyed` for a petition whose key was destroyed.
        """
        stored = self.put_many({petition_id: key})
        if petition_id not in stored:
            raise KeyDestroyed(petition_id)
        return stored[petition_id]

    def put_many(self, keys: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
        """Store several keys in one commit and return those that are stored; a destroyed petition is absent."""
        if any(len(key) != KEK_BYTES for key in keys.values()):
            raise ValueError(f"a petition's key has {KEK_BYTES} bytes")
        generation = self._cache.generation
        stored = self._unwrapped(self._commit.submit(keys))
        self._cache.put(stored, generation)
        return stored

    def destroy(self, petition_id: UUID) -> bool:
        """Erase a petition's key for ever and say whether this call did it; it also bars a key that never came."""
        destroyed = self._writing.run(_DESTROY, (petition_id,)) == 1
        self._cache.forget(petition_id)
        return destroyed

    def _write(self, wishes: Sequence[Mapping[UUID, bytes]]) -> list[_Rows]:
        # The first wish for a petition wins, as it would alone.
        wanted: dict[UUID, bytes] = {}
        for keys in reversed(wishes):
            wanted.update(keys)
        # Two processes lock the rows that they share in one order, so neither waits for the other in a ring.
        ordered = sorted(wanted)
        wrapped = [self._wrap(petition_id, wanted[petition_id]) for petition_id in ordered]
        stored: dict[UUID, bytes | None] = dict(self._writing.rows(_INSERT, (ordered, wrapped)))
        # What was not inserted was there before, or was sent a second time after a lost connection.
        if before := wanted.keys() - stored.keys():
            stored.update(self._writing.rows(_READ, (list(before),)))
        return [[(petition_id, stored[petition_id]) for petition_id in keys] for keys in wishes]

    def _wrap(self, petition_id: UUID, key: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, petition_id.bytes)

    def _unwrapped(self, rows: _Rows) -> dict[UUID, bytes]:
        return {petition_id: self._unwrap(petition_id, wrapped) for petition_id, wrapped in rows if wrapped is not None}

    def _unwrap(self, petition_id: UUID, wrapped: bytes) -> bytes:
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], petition_id.bytes)
        except InvalidTag:
            raise WrongKek(f"the key of petition {petition_id} does not open under this wrapping key") from None
