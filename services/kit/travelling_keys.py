"""Which facts bring a petition's key to the agency that they are addressed to, and what the sealed key is bound to.

Whoever is sent materials needs the key that they are sealed with: the receiver of a hand-off, the reviewer to whom the
file goes up. The key travels beside the fact, sealed to the receiving node, and is never part of a fact.
"""

from domain.case import ADDRESSED, HandoffReceived, UrgentReceived, case_id_of
from domain.event import Event

BRINGING_KEY: frozenset[type[Event]] = frozenset(kind for kind in ADDRESSED if "materials" in kind.model_fields) - {
    # These receipts go back to who sent the key.
    HandoffReceived,
    UrgentReceived,
}


def bound_to(event: Event) -> str:
    """Return what the key is bound to, besides the petition: the hand-off, or else the case that it is brought for."""
    handoff_id = getattr(event, "handoff_id", None)
    to_agency: str = getattr(event, "to_agency")  # noqa: B009
    return str(handoff_id or case_id_of(event.petition_id, to_agency))
