"""The last two gates before the accused, Art. 30(3): where a fact leaves the node, and where one comes in.

Whoever hands an accusation on has asked the directory already; but it may have learned since who leads whom. So the
relay asks again before it addresses a fact, and the inbox before it keeps one. The fact itself says whom it accuses.
"""

from domain.event import Event
from domain.jurisdiction import Agencies

REACHES_ACCUSED = "REACHES_ACCUSED"


def reaches_accused(event: Event, to_agency: str, agencies: Agencies) -> bool:
    """Tell whether a fact accuses the agency that it is for, one above that agency, or one that it succeeds."""
    accused: tuple[str, ...] = getattr(event, "accused_agencies", ())
    return bool(accused) and agencies.reaches(accused, to_agency)
