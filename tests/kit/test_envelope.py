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


@pytest.mark.parametrize("node", ["", "n" * 3000, "-node", "Node", "节点"])
def test_a_node_whose_id_is_none_is_refused(node: str) -> None:
    record = json.loads(VALUE)
    spoilt = record | {"node": node, "id": f"{node}:{record['position']}"}
    with pytest.raises(MalformedRecord, match="the node is no id of a node"):
        decode(json.dumps(spoilt).encode())


def test_a_nul_is_refused_wherever_it_stands_and_its_spelling_in_a_text_is_none() -> None:
    for name, text in (("causationid", "a\0"), ("note", "\\\0"), ("no\0te", "")):
        with pytest.raises(MalformedRecord, match="NUL"):
            decode(json.dumps(json.loads(VALUE) | {name: text}).encode())
    spelt = json.dumps(json.loads(VALUE) | {"note": "\\u0000"}, separators=(",", ":"))
    assert encode(decode(spelt.encode())) == VALUE


def test_the_reason_quotes_nothing_of_the_record() -> None:
    for name in ("id", "specversion", "node", "type", "time", "subject", "position"):
        with pytest.raises(MalformedRecord) as refused:
            decode(json.dumps(json.loads(VALUE) | {name: "张三 110101"}).encode())
        assert "张三" not in str(refused.value)


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
