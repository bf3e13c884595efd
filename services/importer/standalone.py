"""A temporary system for one import: nodes that serve every agency of the file, and an office, gone when it is over."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from domain.vocabulary import AgencyKind
from services.importer.mapping import MappedAgency
from services.kit.city import EmbeddedCity, Progress, Site
from services.kit.settings import ServedAgency

OFFICE = ServedAgency(
    agency="joint-meeting-office",
    kind=AgencyKind.JOINT_MEETING_OFFICE,
    name_zh="信访工作联席会议办公室",
    name="Joint Meeting Office",
)
NODES = 2
AGENCIES_PER_CALLER = 40


@contextmanager
def temporary_city(agencies: Sequence[MappedAgency], progress: Progress) -> Iterator[EmbeddedCity]:
    """Run a system with these agencies, open for history, in a folder that is removed at the end."""
    served = [
        ServedAgency(
            agency=agency.id, kind=agency.kind, name_zh=agency.name_zh, name=agency.name, superior=agency.superior
        )
        for agency in agencies
    ]
    # Every other agency is on the other node, so that hand-offs travel.
    shares = [tuple(served[number::NODES]) for number in range(min(NODES, len(served)))]
    sites = [Site(f"node-{number}", share) for number, share in enumerate(shares, 1)]
    folder = Path(tempfile.mkdtemp(prefix="lianxi-import-"))
    try:
        with EmbeddedCity(
            folder,
            [*sites, Site("office", (OFFICE,), is_office=True)],
            history_before=datetime.now(UTC),
            durable=False,
            agencies_per_caller=AGENCIES_PER_CALLER,
            progress=progress,
        ) as city:
            yield city
    finally:
        shutil.rmtree(folder, ignore_errors=True)
