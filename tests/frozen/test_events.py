"""Every event ever released can still be read: one sample per type and version, written once and never edited."""

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import pytest

import domain
from domain.event import event_class, event_types, has_upcast, upcast

for module in pkgutil.iter_modules(domain.__path__):
    importlib.import_module(f"domain.{module.name}")

SAMPLES = {path.stem: path for path in sorted((Path(__file__).parent / "samples").glob("*.json"))}
EACH = pytest.mark.parametrize("type_name", SAMPLES)


def fields_of(type_name: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(SAMPLES[type_name].read_text(encoding="utf-8"))
    return fields


@pytest.mark.parametrize("type_name", event_types())
def test_every_event_type_has_a_sample(type_name: str) -> None:
    assert type_name in SAMPLES, (
        f"{type_name} is new: write {Path(__file__).parent.name}/samples/{type_name}.json, one stored event of it with "
        f"every field filled in. These are its fields: {json.dumps(event_class(type_name).model_json_schema())}"
    )


@EACH
def test_a_released_event_is_never_dropped(type_name: str) -> None:
    assert type_name in event_types() or has_upcast(type_name), (
        f"nothing reads {type_name} any more, but logs hold it for ever: keep its class, or declare an upcast from it"
    )


@EACH
def test_a_stored_event_is_read_as_it_was_written(type_name: str) -> None:
    newest, fields = upcast(type_name, fields_of(type_name))
    event = event_class(newest).model_validate_json(json.dumps(fields))
    written = json.loads(event.model_dump_json(exclude_none=True))
    lost = {name: value for name, value in fields.items() if written.get(name) != value}
    assert not lost, f"{type_name} was released with {lost}; a changed meaning is a new version with one upcast"
