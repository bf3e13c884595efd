"""What the office's process runs: the process table, and the loops of ingest and watch.

Each loop ends when it is told to, and raises what the bus and the database raise when they are away; the runtime starts
it again, and it takes up where the database stands. Of ingest and watch one process is active and the others stand by.
Views of another version are rebuilt beside the old before anything new is folded.
"""

import logging
from collections.abc import Mapping
from threading import Event

from domain.vocabulary import AgencyKind
from services.kit import inbox, relay
from services.kit.leadership import leadership
from services.kit.node import Node
from services.kit.runtime import Loop
from services.office import ingest as ingesting
from services.office import store
from services.office import watch as watching
from services.office.notices import Notices
from services.office.rebuild import Moved, rebuild
from services.office.service import serve

log = logging.getLogger(__name__)

FENCED_PAUSE_SECONDS = 0.5
OUTDATED_PAUSE_SECONDS = 1.0
DIRECTORY_LOOK_SECONDS = 0.5


class NoOffice(ValueError):
    """The node serves no agency whose kind is the Joint Meeting Office."""


def prepare(node: Node) -> None:
    """Create the tables of the office in the node's database; safe to repeat."""
    store.prepare(node.settings.log_dsn, node.law.version)


def ingest(node: Node, stop: Event) -> None:
    """Take every agency's facts in until `stop`, standing by while another process does."""
    prepare(node)
    while not stop.is_set():
        with leadership(node.settings.log_dsn, "ingest", stop) as leading:
            if leading is None:
                return
            rebuild_outdated(node)
            store.spare_the_collector()
            try:
                _take_in(node, stop)
            except ingesting.FencedOff as fenced:
                # Another process leads by now, or did for a while: stand by first, then read on from the database.
                log.warning("%s; reading on from where the database stands", fenced)
                stop.wait(FENCED_PAUSE_SECONDS)


def _take_in(node: Node, stop: Event) -> None:
    # Who may state a fact is told by the directory: nothing is believed before it has been read once.
    while not stop.is_set() and not node.directory.wait_until_read(DIRECTORY_LOOK_SECONDS):
        pass
    with store.open_views(node.settings.log_dsn) as connection:
        ingesting.follow(ingesting.Ingest(connection, node.law, node.id, node.directory), node.bus, stop)


def watch(node: Node, stop: Event) -> None:
    """Record missed dates until `stop`, standing by while another process does."""
    prepare(node)
    with leadership(node.settings.log_dsn, "watch", stop) as leading:
        if leading is None:
            return
        with store.open_views(node.settings.log_dsn) as rows:
            while not stop.is_set() and not store.are_current(rows, node.law.version):
                # Dates of another calendar or version must not be put on record as missed.
                stop.wait(OUTDATED_PAUSE_SECONDS)
            office = office_of(node)
            watch, notices = watching.Watch(rows, node.log, office), Notices(rows, node.log, office)
            watching.follow(watch, notices, node.clock, stop, node.bus)


def rebuild_outdated(node: Node) -> None:
    """Rebuild the views if they are of another version, and put the dates that a new calendar moved on record."""
    dsn = node.settings.log_dsn
    with store.open_views(dsn) as rows:
        if store.are_current(rows, node.law.version):
            return
    log.info("the views are of another version: rebuilding them beside the old")

    def record(moved: list[Moved]) -> None:
        watching.record_moved(node.log, office_of(node), node.clock(), moved)

    def tell(done: int, total: int) -> None:
        log.info("rebuild: %d of %d facts", done, total)

    rebuilt = rebuild(dsn, node.law, progress=tell, on_moved=record)
    log.info(
        "views rebuilt: %d facts, version %s after %s", rebuilt.facts, rebuilt.version_after, rebuilt.version_before
    )


def office_of(node: Node) -> str:
    """Return the id of the office that the node serves; raise `NoOffice` if it serves none."""
    for served in node.settings.agencies:
        if served.kind is AgencyKind.JOINT_MEETING_OFFICE:
            return served.agency
    raise NoOffice(f"node {node.id} serves no agency of kind {AgencyKind.JOINT_MEETING_OFFICE}")


ROLES: Mapping[str, Loop] = {
    "api": serve,
    "relay": relay.run,
    "inbox": inbox.run,
    "ingest": ingest,
    "watch": watch,
}
"""Each role runs in any number of processes; of all but the api one is active and the others stand by."""
