"""Pages of a list, as AIP-158 asks: a size with a limit, and an opaque token that says after which row to go on.

A token holds the key of the last row, so that a page costs the same wherever it stands and rows that come and go do not
shift the others. It also holds a digest of question and key: one that was changed, or belongs to another question, is
refused.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from hashlib import sha256

from services.kit.rpc.errors import Malformed, Violation

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 500

Key = tuple[str, ...]
"""The sort key of a row, each part as the database writes it."""

_DIGEST_CHARACTERS = 12


def page_size(asked: int) -> int:
    """Return how many rows to give; 0 is the default, and too many are cut down. Raises `Malformed` below 0."""
    if asked < 0:
        raise Malformed([Violation("page_size", "a page has at least one row")])
    return min(asked or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


def token_of(key: Key, question: Sequence[object]) -> str:
    """Return the token of the page that follows the row with this key."""
    return base64.urlsafe_b64encode(json.dumps([_digest(question, key), *key]).encode()).decode()


def key_of(token: str, question: Sequence[object], parts: int) -> Key | None:
    """Return after which key to go on, None for the first page; raise `Malformed` for a token that is not ours."""
    if not token:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != parts + 1 or not all(isinstance(part, str) for part in found):
        raise Malformed([Violation("page_token", "not a token that this service gave out")])
    if found[0] != _digest(question, found[1:]):
        raise Malformed([Violation("page_token", "the token belongs to another question")])
    return tuple(found[1:])


def _digest(question: Sequence[object], key: Sequence[str]) -> str:
    # The key is part of it, so that a token changed by hand is refused here and not by a database that cannot read it.
    asked = [[str(part) for part in question], list(key)]
    return sha256(repr(asked).encode()).hexdigest()[:_DIGEST_CHARACTERS]
