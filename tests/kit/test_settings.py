"""What a node is told: everything wrong at once, nothing secret in a message, and the same again in a child process."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.vocabulary import AgencyKind
from services.kit.clock import AcceleratedClock, system_clock
from services.kit.settings import NodeSettings, ServedAgency, WrongSettings

SETTINGS = NodeSettings(
    node="housing",
    agencies=(ServedAgency(agency="housing-bureau", kind=AgencyKind.AGENCY, name_zh="住建局", name="Housing"),),
    log_dsn="postgresql://log:secret-word@db/log",
    keys_dsn="postgresql://keys:secret-word@db/keys",
    bus_url="kafka://kafka:9092",
    state_dir=Path("/var/lib/lianxi"),
    plaintext=True,
)


def test_what_was_written_is_read_again() -> None:
    full = replace(
        SETTINGS,
        listen="127.0.0.1:7000",
        history_before=datetime(2024, 1, 1, tzinfo=UTC),
        clock_spec=AcceleratedClock(datetime(2024, 5, 6, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), 600.0),
    )
    for settings in (SETTINGS, full, replace(SETTINGS, plaintext=False, tls_dir=Path("/etc/lianxi"))):
        assert NodeSettings.from_env(settings.to_env()) == settings


def test_everything_that_is_missing_or_wrong_is_named_at_once() -> None:
    with pytest.raises(WrongSettings) as wrong:
        NodeSettings.from_env(
            {
                "LIANXI_NODE": "Housing!",
                "LIANXI_AGENCIES": "[]",
                "LIANXI_LOG_DSN": "mysql://root:secret-word@db",
                "LIANXI_BUS": "kafka",
                "LIANXI_HISTORY_BEFORE": "2024-01-01",
                "LIANXI_CLOCK": "fast",
                "LIANXI_PLAINTEXT": "yes",
            }
        )
    named = [problem.split()[0].rstrip(":") for problem in wrong.value.problems]
    assert named == [
        "LIANXI_NODE",
        "LIANXI_AGENCIES",
        "LIANXI_LOG_DSN",
        "LIANXI_KEYS_DSN",
        "LIANXI_BUS",
        "LIANXI_STATE_DIR",
        "LIANXI_PLAINTEXT",
        "LIANXI_HISTORY_BEFORE",
        "LIANXI_CLOCK",
        "LIANXI_TLS_DIR",
    ]
    assert "secret-word" not in str(wrong.value)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"LIANXI_TLS_DIR": "/etc/lianxi"}, "LIANXI_TLS_DIR"),
        ({"LIANXI_KEYS_DSN": SETTINGS.log_dsn}, "LIANXI_KEYS_DSN"),
        ({"LIANXI_AGENCIES": '[{"agency":"aa","kind":"mystery","name_zh":"某局","name":"A"}]'}, "LIANXI_AGENCIES"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(WrongSettings, match=named):
        NodeSettings.from_env({**SETTINGS.to_env(), **changes})


def test_no_password_is_shown() -> None:
    assert "secret-word" not in repr(SETTINGS)


def test_an_accelerated_clock_passes_faster_and_reads_the_same_in_every_process() -> None:
    start = system_clock()
    clock = AcceleratedClock(datetime(2024, 5, 6, tzinfo=UTC), start - timedelta(seconds=10), 3600.0)
    again = AcceleratedClock.parse(str(clock))
    assert again == clock
    passed = again() - datetime(2024, 5, 6, tzinfo=UTC)
    assert timedelta(hours=10) <= passed < timedelta(hours=11)
    for wrong in ("2024-05-06,2026-01-01T00:00:00Z,1", "2024-05-06T00:00:00Z,2026-01-01T00:00:00Z,0", "now"):
        with pytest.raises(ValueError, match="clock"):
            AcceleratedClock.parse(wrong)
