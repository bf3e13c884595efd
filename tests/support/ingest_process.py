"""A process that takes records in until it is killed: `python -m tests.support.ingest_process DSN BUS_URL`."""

import sys
from threading import Event

from services.kit.bus import open_bus
from services.kit.law import law_in_force
from services.office.ingest import Ingest, follow
from services.office.store import open_views


def main() -> None:
    dsn, bus_url = sys.argv[1:]
    with open_bus(bus_url) as bus, open_views(dsn) as connection:
        follow(Ingest(connection, law_in_force()), bus, Event())


if __name__ == "__main__":
    main()
