"""What a node is told: everything wrong at once, nothing secret in a message, and the same again in a child process."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

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
    placed = SETTINGS.agencies[0].model_copy(
        update={
            "division": "990100",
            "superior": "government",
            "established": date(2001, 1, 1),
            "abolished": date(2024, 3, 1),
            "successors": ("homes", "land"),
        }
    )
    full = replace(full, agencies=(placed,))
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


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"division": "123456"}, "division"),
        ({"division": "330103"}, "division"),
        ({"superior": "housing-bureau"}, "superior"),
        ({"established": date(2020, 1, 1), "abolished": date(2020, 1, 1)}, "abolished"),
        ({"successors": ("homes", "homes")}, "successors"),
        ({"successors": ("housing-bureau",)}, "successors"),
    ],
)
def test_an_agency_that_cannot_stand_so_is_refused_by_the_field_at_fault(told: dict[str, Any], field: str) -> None:
    wrong = SETTINGS.agencies[0].model_copy(update=told)
    with pytest.raises(WrongSettings, match=f"{field} of agency 1") as refused:
        replace(SETTINGS, agencies=(wrong,))
    assert len(refused.value.problems) == 1
    with pytest.raises(WrongSettings, match=f"{field} of agency 1"):
        NodeSettings.from_env({**SETTINGS.to_env(), "LIANXI_AGENCIES": f"[{wrong.model_dump_json()}]"})


def test_an_abolished_agency_keeps_the_division_that_it_had() -> None:
    # Hangzhou's Xiacheng district went in 2021, and its bureaus with it.
    gone = SETTINGS.agencies[0].model_copy(update={"division": "330103", "abolished": date(2021, 4, 1)})
    assert replace(SETTINGS, agencies=(gone,)).agencies == (gone,)


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
