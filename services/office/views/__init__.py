"""The views, in one list: each is a row class and a function from what a fact changed to rows.

To add a view, write one file like its neighbours and one line here. The timeline needs no table of its own: it is the
inbox, read by petition (`office.timelines`).
"""

from services.office.views import breaches, custody, docket, duties, handoffs, petitions, query_codes, ratings
from services.office.views.frame import View

VIEWS: tuple[View, ...] = (
    petitions.VIEW,
    handoffs.VIEW,
    duties.VIEW,
    custody.VIEW,
    breaches.VIEW,
    docket.VIEW,
    query_codes.VIEW,
    ratings.VIEW,
)
VIEWS_VERSION = 4
"""Raise this when rows change their meaning: the office then rebuilds beside the old views, compares and swaps."""
