"""The cluster that all seeds share; each has databases of its own in it."""

from collections.abc import Iterator

import pytest

from tests.simulation.__main__ import template
from tests.simulation.city import Template


@pytest.fixture(scope="session")
def prepared() -> Iterator[Template]:
    with template() as opened:
        yield opened
