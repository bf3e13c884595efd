"""The folder of real records, from `--data`. Their sentences stay there: no test prints one."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.config.getoption("--data")
    assert folder.is_dir(), f"{folder} is no folder"
    return folder
