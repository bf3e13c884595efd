"""Codes that a petitioner carries on paper or by heart: derived from the petition's key, stored only as digests.

A code is 95 bits that follow from the key by HKDF, in Crockford's base32 (no I, L, O or U) and groups of four, with one
check character: K7QX-4M9P-02BD-VTWH-8N3C. The same petition always has the same codes, so one that was lost is given
again without having been kept; when the key is destroyed nobody can derive them any more. The check character finds
every single wrong character and every two that changed places. Nothing here logs or stores a code.

Sources: HKDF as in RFC 5869; https://www.crockford.com/base32.html; the check is a sum over GF(32).
"""

import hashlib
from enum import StrEnum
from functools import reduce
from uuid import UUID

from services.kit.sealing import derived_secret

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET_CHARACTERS = 19
GROUP_CHARACTERS = 4
WRITTEN_CHARACTERS_MAX = 64
"""No one writes a code longer than this, with whatever spaces and hyphens; more is not looked at."""

_BITS = 5
_REDUCTION = 0b100101
_VALUES = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_DIGEST_LABEL = b"lianxi/spoken-code/v1\0"


class CodePurpose(StrEnum):
    """What a code is for; each purpose has a code of its own, and none can be worked out from another."""

    QUERY = "query-code"
    RATING = "rating-token"


def spoken_code(key: bytes, petition_id: UUID, purpose: CodePurpose) -> str:
    """Return the petition's code for this purpose, in groups as it is printed and read out."""
    secret = derived_secret(key, purpose, petition_id, (SECRET_CHARACTERS * _BITS + 7) // 8)
    number = int.from_bytes(secret, "big")
    values = [number >> _BITS * place & 31 for place in range(SECRET_CHARACTERS)]
    characters = "".join(ALPHABET[value] for value in (*values, _check(values)))
    return "-".join(
        characters[start : start + GROUP_CHARACTERS] for start in range(0, len(characters), GROUP_CHARACTERS)
    )


def digest_of(written: str) -> str:
    """Return the SHA-256 by which a code is found, however it was written; of what is no code, one that fits nothing.

    A plain digest suffices, without salt and without a slow function: those protect secrets that people choose, and a
    code has 95 random bits, too many to try candidates. Two petitions have no code in common, so nothing is told by
    equal digests.
    """
    return hashlib.sha256(_DIGEST_LABEL + (_plain(written) or "").encode()).hexdigest()


def is_well_written(written: str) -> bool:
    """Tell whether this can be a code: its length, its characters and its check character are right."""
    return _plain(written) is not None


def _plain(written: str) -> str | None:
    """The code in its one spelling, without groups; None for what cannot be one."""
    if len(written) > WRITTEN_CHARACTERS_MAX:
        return None
    values = [_VALUES.get(character) for character in written.upper() if character not in " -"]
    known = [value for value in values if value is not None]
    if len(known) != len(values) or len(known) != SECRET_CHARACTERS + 1 or _check(known[:-1]) != known[-1]:
        return None
    return "".join(ALPHABET[value] for value in known)


def _check(values: list[int]) -> int:
    """Weigh each value with another power of a generator of GF(32), so that neither a change nor a swap cancels out."""
    return _doubled(reduce(lambda total, value: _doubled(total) ^ value, values, 0))


def _doubled(value: int) -> int:
    value <<= 1
    return value ^ _REDUCTION if value & 32 else value
