"""The whole picture in numbers, counted from the views on one snapshot.

What is broken down by agency leaves accusations out: a small number of them beside an agency's name could tell who is
accused (I6, Art. 30(3)). Totals over all agencies name nobody and count everything, so that nothing is lost from sight.
"""

from datetime import datetime
from typing import Any

from domain.duty_table import rule_row
from lianxi.office.v1 import office_service_pb2 as pb
from services.kit.database import Rows
from services.kit.node import Node
from services.kit.rpc.messages import message_of, timestamp
from services.office import liveness
from services.office.reading import Reader
from services.office.views.duties import STATUS

PAIRS_MAX = 100
AGENCIES_MAX = 500

_TOTALS = """
    SELECT (SELECT count(*) FROM views.petitions) AS petitions,
           (SELECT count(*) FROM views.petitions WHERE ended_time IS NULL OR ended_time > %(now)s) AS petitions_open,
           (SELECT count(*) FROM views.petitions
            WHERE (ended_time IS NULL OR ended_time > %(now)s) AND custodian IS NULL) AS petitions_without_custodian,
           (SELECT count(*) FROM views.petitions
            WHERE (ended_time IS NULL OR ended_time > %(now)s) AND urgency IS NOT NULL) AS petitions_urgent,
           (SELECT count(*) FROM views.docket) AS docketed,
           (SELECT sequence FROM office.inbox_head) AS events,
           (SELECT count(*) FROM views.handoffs) AS handoffs,
           (SELECT count(*) FROM views.handoffs WHERE returned) AS returns,
           (SELECT count(*) FROM views.handoffs WHERE objected_time IS NOT NULL) AS objections,
           (SELECT count(*) FROM views.breaches) AS breaches_recorded,
           (SELECT count(*) FROM office.parked WHERE resolved_time IS NULL) AS parked_records"""

_DUTIES = f"""
    SELECT rule_id AS rule, rule_version,
           count(*) FILTER (WHERE status = 'open') AS open, count(*) FILTER (WHERE status = 'met') AS met,
           count(*) FILTER (WHERE status = 'late') AS late, count(*) FILTER (WHERE status = 'breached') AS breached,
           count(*) FILTER (WHERE status = 'lapsed') AS lapsed, count(*) FILTER (WHERE status = 'released') AS released
    FROM (SELECT rule_id, rule_version, {STATUS} AS status FROM views.duties) AS standing
    GROUP BY rule_id, rule_version ORDER BY rule_id, rule_version"""

_NO_ACCUSATION = "JOIN views.petitions AS p USING (petition_id) WHERE p.category IS DISTINCT FROM 'accusation'"

_BOUNCES = f"""
    SELECT from_agency, to_agency, count(*) AS handoffs, count(*) FILTER (WHERE returned) AS returns
    FROM views.handoffs {_NO_ACCUSATION}
    GROUP BY from_agency, to_agency ORDER BY returns DESC, handoffs DESC, from_agency, to_agency LIMIT {PAIRS_MAX}"""

_LOADS = f"""
    SELECT agency, sum(in_custody)::bigint AS in_custody, sum(duties_open)::bigint AS duties_open,
           sum(duties_breached)::bigint AS duties_breached
    FROM (
        SELECT custodian AS agency, count(*) AS in_custody, 0 AS duties_open, 0 AS duties_breached
        FROM views.petitions
        WHERE category IS DISTINCT FROM 'accusation' AND (ended_time IS NULL OR ended_time > %(now)s)
        GROUP BY custodian
        UNION ALL
        SELECT debtor, 0, count(*) FILTER (WHERE status = 'open'), count(*) FILTER (WHERE status = 'breached')
        FROM (SELECT debtor, {STATUS} AS status FROM views.duties {_NO_ACCUSATION}
              AND debtor <> 'petitioner' AND met_time IS NULL AND released_time IS NULL) AS standing
        GROUP BY debtor
    ) AS counted
    WHERE agency IS NOT NULL GROUP BY agency
    ORDER BY duties_breached DESC, in_custody DESC, agency LIMIT {AGENCIES_MAX}"""

_NODES = """
    SELECT node, max(last_position)::bigint AS last_position, sum(received)::bigint AS received,
           (max(last_position) - sum(received))::bigint AS missing
    FROM office.watermark GROUP BY node ORDER BY node"""


def overview(node: Node, reader: Reader) -> pb.Overview:
    """Count everything at the node's present time."""
    now = node.clock()
    sequence, found = reader.read(lambda snapshot: _counted(snapshot, now))
    found.as_of_sequence = sequence
    return found


def _counted(snapshot: Rows, now: datetime) -> pb.Overview:
    parameters = {"now": now}
    [totals] = _named(snapshot, _TOTALS, parameters)
    duties = _named(snapshot, _DUTIES, parameters)
    for row in duties:
        row["article"] = rule_row(row["rule"], row["rule_version"]).article
    return message_of(
        pb.Overview,
        None,
        as_of_time=timestamp(now),
        **totals,
        duties=[pb.RuleCount(**row) for row in duties],
        bounces=[pb.AgencyPair(**row) for row in _named(snapshot, _BOUNCES, parameters)],
        loads=[pb.AgencyLoad(**row) for row in _named(snapshot, _LOADS, parameters)],
        nodes=[pb.NodeProgress(**row) for row in _named(snapshot, _NODES, parameters)],
        rule_loops=[_rule_loop(run) for run in liveness.runs(snapshot)],
    )


def _rule_loop(run: liveness.Run) -> pb.RuleLoop:
    last = timestamp(run.last_run_time) if run.last_run_time else None
    return pb.RuleLoop(loop=run.loop, last_run_time=last, silent=run.silent)


def _named(snapshot: Rows, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    cursor = snapshot.execute(query.encode(), parameters)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]
