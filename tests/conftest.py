"""What every test shares: the order, light before heavy, and `--data`, the folder of real records for `tests/real`.

Without the option those tests are not collected: a clone of this repository has no such folder, and a test that cannot
run must not count as one that was skipped.
"""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data", type=Path, default=None, help="folder of real records; adds tests/real to the run")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_real = collection_path == config.rootpath / "tests" / "real"
    return True if is_real and config.getoption("--data") is None else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what needs nothing first, then PostgreSQL, then Kafka, then the slow: a broken rule shows within seconds."""
    heaviest_last = ("postgres", "kafka", "slow")

    def weight(item: pytest.Item) -> int:
        return max((n for n, marker in enumerate(heaviest_last, 1) if item.get_closest_marker(marker)), default=0)

    items.sort(key=weight)
