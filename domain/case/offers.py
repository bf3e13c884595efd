"""Hand-offs in the fold: one offer is found by its id, in the present holding or in an earlier one.

A petition may pass the same agency several times, so a late answer can be about a holding that is not the present one.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.case.state import Case, Offer


def incoming(**changes: Any) -> Callable[[Case, Any], dict[str, Any]]:
    """Change, in the fold, the offer to this agency that the fact is about."""
    return lambda case, event: _on_offer(case, "incoming", event.handoff_id, changes)


def outgoing(**changes: Any) -> Callable[[Case, Any], dict[str, Any]]:
    """Change, in the fold, the offer by this agency that the fact is about."""
    return lambda case, event: _on_offer(case, "outgoing", event.handoff_id, changes)


def _on_offer(case: Case, side: str, handoff_id: UUID, changes: dict[str, Any]) -> dict[str, Any]:
    """Change the one hand-off of that id, in the present holding or in an earlier one."""

    def changed(holding: Any) -> dict[str, Any]:
        offer: Offer | None = getattr(holding, side)
        return {side: replace(offer, **changes)} if offer and offer.handoff_id == handoff_id else {}

    return {**changed(case), "earlier": tuple(replace(held, **changed(held)) for held in case.earlier)}


def is_known(offers: Iterable[Offer | None], sent: Any) -> bool:
    """Tell whether the sent fact comes from the other side of a hand-off that this case still knows."""
    return any(offer and (offer.handoff_id, offer.other_agency) == (sent.handoff_id, sent.agency) for offer in offers)
