"""How a node does, in numbers, read from its database and its bus without disturbing it."""

from typing import NamedTuple

from services.kit.bus import BusTrouble, inbox_topic, open_bus
from services.kit.log.connection import connect
from services.kit.settings import NodeSettings

_STATUS = """
select (select coalesce(max(position), 0) from event),
       (select coalesce(max(position), 0) from relay_position where name = 'bus'),
       (select count(*) from held_delivery where delivered_time is null),
       (select count(*) from held_delivery where delivered_time is null and reason = 'REACHES_ACCUSED'),
       (select coalesce(max(next_offset), 0) from inbox_offset),
       (select count(*) from parked_delivery where resolved_time is null),
       exists (select from pg_locks where locktype = 'advisory' and database = (
           select oid from pg_database where datname = current_database())
           and objid = hashtext('lianxi relay')::bigint & 4294967295),
       exists (select from pg_locks where locktype = 'advisory' and database = (
           select oid from pg_database where datname = current_database())
           and objid = hashtext('lianxi inbox')::bigint & 4294967295)
"""


class NodeStatus(NamedTuple):
    """Where the log, the relay and the inbox of a node stand."""

    facts: int
    """Facts in the log, which is also the position of the last one."""
    facts_sent: int
    """Up to which position the bus has acknowledged everything."""
    deliveries_held: int
    """Facts for agencies that the directory does not list, and what is withheld."""
    deliveries_withheld: int
    """Those among them that would reach the accused, Art. 30(3)."""
    inbox_read: int
    """The inbox record to read next."""
    inbox_end: int | None
    """The offset that the next inbox record will get; nothing when the bus does not answer."""
    deliveries_parked: int
    """Inbox records that wait for an operator."""
    relay_is_active: bool
    inbox_is_active: bool


def read_status(settings: NodeSettings) -> NodeStatus:
    """Return the status of a node; raises `psycopg.OperationalError` when its database is away."""
    with connect(settings.log_dsn) as connection:
        row = connection.execute(_STATUS).fetchone()
    assert row is not None
    facts, sent, held, withheld, read, parked, relay, inbox = row
    end = None
    try:
        with open_bus(settings.bus_url, tls=settings.bus_tls) as bus:
            end = bus.end_offsets(inbox_topic(settings.node).name)[0]
    except BusTrouble:
        end = None
    return NodeStatus(facts, sent, held, withheld, read, end, parked, relay, inbox)
