"""Who may ask on a petitioner's behalf, and how often: the portals of petition departments and of the office.

A portal proves itself by its certificate, as every caller does; the petitioner proves nothing but the code. The limits
are kept in memory and for each process alone: several processes of the office allow their sum. They keep one portal
from wearing the office out; no code can be guessed anyway, for it has 95 random bits.
"""

import threading
from collections.abc import Callable

import grpc

from domain.event import Refusal
from domain.vocabulary import AgencyKind
from services.kit.identity import WrongIdentity, acting_agency, caller_agencies
from services.kit.node import Node
from services.kit.rpc.errors import Refused

PORTAL_KINDS = frozenset({AgencyKind.PETITION_DEPARTMENT, AgencyKind.JOINT_MEETING_OFFICE})

CALLS_MAX = 600
"""So many calls a portal may make at once, after a rest."""
CALLS_PER_SECOND = 10.0
"""So many it may make on and on."""
WRONG_CODE_CALLS = 10
"""A wrong code counts as so many calls: sixty in a row, then one a second."""

_TOO_MANY_CALLS = Refusal(
    "TOO_MANY_CALLS",
    "this portal asks too often, or with too many wrong codes",
    "查询过于频繁,请稍后再试",
    remedy="wait a minute, then ask again",
)


class Allowance:
    """How many calls each portal has left; `spend` is safe to call from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def check(self, portal: str) -> None:
        """Count a call; raise `Refused` where the portal has none left."""
        with self._lock:
            left = self._now_left(portal)
            if left < 1.0:
                raise Refused(_TOO_MANY_CALLS)
            self._left[portal] = (left - 1.0, self._monotonic())

    def charge_wrong_code(self, portal: str) -> None:
        """Count a wrong code, for which the portal waits the longer."""
        with self._lock:
            self._left[portal] = (self._now_left(portal) - (WRONG_CODE_CALLS - 1.0), self._monotonic())

    def _now_left(self, portal: str) -> float:
        now = self._monotonic()
        left, at = self._left.get(portal, (float(CALLS_MAX), now))
        return min(float(CALLS_MAX), left + (now - at) * CALLS_PER_SECOND)


def portal_of(node: Node, context: grpc.ServicerContext) -> str:
    """Return the portal agency as which the caller asks; raise `WrongIdentity` for any other caller."""
    plaintext = node.settings.plaintext
    agencies = caller_agencies(context, plaintext=plaintext)
    for agency in sorted(agencies):
        listed = node.served(agency) or node.directory.find(agency)
        if listed is not None and listed.kind in PORTAL_KINDS:
            return agency
    if not agencies:
        # This says how a caller names itself, which differs between certificates and plain text.
        acting_agency(context, None, plaintext)
    remedy = "only the portal of a petition department or of the office asks here: use a certificate that names it"
    raise WrongIdentity("CALLER_NO_PORTAL", remedy)
