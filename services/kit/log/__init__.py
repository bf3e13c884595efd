"""The event log of a node: facts in, in one order for ever; states and rows out.

`schema.sql` holds the promises (append only, no gaps, rising times, one answer per request), `group_commit.py` the
speed, `application.py` what callers use: `Log`.  It decides nothing about petitions, and sends nothing anywhere.
"""

from services.kit.log.application import Fold, Log
from services.kit.log.command import (
    Appended,
    LoggedEvent,
    LogUnavailable,
    Outcome,
    Request,
    StoredAnswer,
    Unstorable,
)
from services.kit.log.fact import Fact
from services.kit.log.leaf import leaf_hash, verify_leaf
from services.kit.log.listener import AppendListener
from services.kit.log.schema import install_schema

__all__ = [
    "AppendListener",
    "Appended",
    "Fact",
    "Fold",
    "Log",
    "LogUnavailable",
    "LoggedEvent",
    "Outcome",
    "Request",
    "StoredAnswer",
    "Unstorable",
    "install_schema",
    "leaf_hash",
    "verify_leaf",
]
