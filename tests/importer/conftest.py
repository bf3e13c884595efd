"""A living system, open for history, that the importer's journeys share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.importer.run import survey
from services.importer.standalone import temporary_city
from services.kit.city import EmbeddedCity
from tests.importer.journeys import HANDOVERS, MESSAGES, SAMPLES


@pytest.fixture(scope="session")
def city() -> Iterator[EmbeddedCity]:
    """The agencies of both samples, and an office."""
    messages = survey(SAMPLES / "messages.csv", MESSAGES, None)
    handovers = survey(SAMPLES / "handovers.csv", HANDOVERS, None)
    with temporary_city([*messages.agencies, *handovers.agencies], lambda *_: None) as founded:
        yield founded


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is run: rejects are written beside it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
