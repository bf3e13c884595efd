"""What petitioners said of the agencies' work, in figures by agency and role; silence has a column of its own.

Small counts are hidden, and what they could be worked out from (`domain.rating.publishable`); there is no total over
all agencies, because the hidden rows could be worked out from it. The order is that of the agencies' ids: no ranking.
"""

from domain.rating import publishable
from lianxi.office.v1 import office_service_pb2 as pb
from services.kit.rpc.messages import message_of
from services.office.reading import Reader

_COUNTS = """
    SELECT rated_agency, rated,
           count(*) FILTER (WHERE satisfaction = 'satisfied'),
           count(*) FILTER (WHERE satisfaction = 'basically_satisfied'),
           count(*) FILTER (WHERE satisfaction = 'not_satisfied'),
           count(*) FILTER (WHERE satisfaction IS NULL)
    FROM views.ratings WHERE eligible GROUP BY rated_agency, rated ORDER BY rated_agency, rated"""


def ratings(reader: Reader) -> pb.GetRatingsResponse:
    """Count everything that may be rated, as far as the views are folded."""
    sequence, found = reader.rows(_COUNTS, {})
    rows = [
        message_of(pb.AgencyRatings, publishable(*counts), agency=agency, rated=rated)
        for agency, rated, *counts in found
    ]
    return pb.GetRatingsResponse(ratings=rows, as_of_sequence=sequence)
