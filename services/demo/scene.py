"""The scene of a demonstration: the city in a folder of its own, its clock, its desks and the office's own view.

It is set up once, for the live picture and for the bounded scenario alike, and cleared away whatever happens.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from services.demo.desks import Desk
from services.demo.picture import Office
from services.demo.wangshu import NAMES, NODES, OFFICE, OFFICE_NODE
from services.kit.city import CityTrouble, EmbeddedCity, Progress, Site
from services.kit.clock import AcceleratedClock, system_clock
from services.kit.rpc.client import Caller

OPENING = datetime.fromisoformat("2025-03-10T09:00:00+08:00")
"""A Monday morning; the working days of that year are published."""
START_SECONDS_EXPECTED = 12.0
SECONDS_A_DAY = 86_400.0
TRY_FILE = "try.env"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What one may choose."""

    seed: int = 1
    rate_hours: float
    """So many made-up hours pass in a second."""
    kafka: bool = False
    keep: bool = False

    @property
    def days_per_second(self) -> float:
        """The same in days."""
        return self.rate_hours / 24


@dataclass(frozen=True)
class Scene:
    """A city at work."""

    city: EmbeddedCity
    clock: AcceleratedClock
    desks: Mapping[str, Desk]
    office: Office
    started_seconds: float
    """How long it took until every node was ready."""

    def check(self) -> None:
        """Raise `CityTrouble` if a node has ended by itself."""
        for node, said in self.city.ended().items():
            raise CityTrouble(f"node {node} has ended; it said:\n{said}")

    @property
    def office_address(self) -> str:
        """Where the office is called."""
        return self.city.address(OFFICE.agency)


@contextmanager
def set_up(options: Options, progress: Progress) -> Iterator[Scene]:
    """Start the city and give it; stop it afterwards, and remove its folder unless it is to be kept."""
    started = time.monotonic()
    with _folder(keep=options.keep) as folder, ExitStack() as opened:
        clock = AcceleratedClock(
            OPENING, system_clock() + timedelta(seconds=START_SECONDS_EXPECTED), options.rate_hours * 3600
        )
        sites = [Site(OFFICE_NODE, (OFFICE,), is_office=True)]
        sites += [Site(node, agencies) for node, agencies in NODES.items()]
        city = EmbeddedCity(
            folder,
            sites,
            kafka=options.kafka,
            clock=clock,
            history_before=OPENING,
            durable=options.keep,
            progress=progress,
        )
        opened.enter_context(city)
        desks = {agency: Desk(agency, _caller(city, agency), city.address(agency)) for agency in NAMES}
        office = Office(_caller(city, OFFICE.agency), city.address(OFFICE.agency))
        for desk in desks.values():
            opened.callback(desk.close)
        opened.callback(office.close)
        _write_try_file(city)
        yield Scene(city, clock, desks, office, time.monotonic() - started)


def _caller(city: EmbeddedCity, agency: str) -> Caller:
    return Caller(city.caller_tls(agency), agency)


def _write_try_file(city: EmbeddedCity) -> None:
    """Write what `lianxi office` has to know, so that it can be taken into a shell in one word."""
    lines = {
        "LIANXI_ADDRESS": city.address(OFFICE.agency),
        "LIANXI_CERTS": str(city.certificates),
        "LIANXI_AGENCY": OFFICE.agency,
    }
    text = "".join(f"export {name}={value}\n" for name, value in lines.items())
    (city.directory / TRY_FILE).write_text(text)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="lianxi-demo-"))
    try:
        yield folder
    finally:
        if not keep:
            _remove(folder, shutil.rmtree)


def _remove(folder: Path, remove: Callable[[Path], None]) -> None:
    # A process that was killed a moment ago may still write its last file.
    for _ in range(5):
        try:
            remove(folder)
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
