"""Reading a bus record: what is not one is refused in words, whatever its bytes are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.envelope import MalformedRecord, decode, encode
from tests.support.histories import records

VALUE = records(1, seed=3)[0].value or b""


def test_a_record_reads_back_as_it_was_written() -> None:
    assert encode(decode(VALUE)) == VALUE


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("position", 2**63),
        ("streamversion", -(2**70)),
        ("time", "2026-01-01T00:00:00"),
        ("time", "yesterday"),
        ("specversion", "0.3"),
        ("node", "somebody-else"),
        ("leafhash", "00" * 32),
        ("leafhash", None),
        ("data", {}),
        ("subject", "not a petition"),
    ],
)
def test_one_spoilt_attribute_is_enough_to_refuse_it(field: str, value: Any) -> None:
    spoilt = json.loads(VALUE) | {field: value}
    if field == "position":
        spoilt["id"] = f"{spoilt['node']}:{value}"
    with pytest.raises(MalformedRecord):
        decode(json.dumps(spoilt).encode())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_record_are_refused(value: bytes) -> None:
    with pytest.raises(MalformedRecord):
        decode(value)


@given(st.integers(min_value=0, max_value=len(VALUE) - 1))
def test_a_truncated_record_is_refused(length: int) -> None:
    with pytest.raises(MalformedRecord):
        decode(VALUE[:length])


def test_an_empty_record_is_refused() -> None:
    with pytest.raises(MalformedRecord, match="empty"):
        decode(None)
