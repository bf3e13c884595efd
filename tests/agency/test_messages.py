"""Messages and words: every enum of the protos is the domain's vocabulary, and reading and writing are inverse."""

from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st

from domain import duties, vocabulary
from lianxi.agency.v1 import case_service_pb2 as pb
from lianxi.type.v1 import duty_pb2, vocabulary_pb2
from services.kit.rpc.messages import fields_of, message_of

ENUMS = vocabulary_pb2.DESCRIPTOR.enum_types_by_name
WORDS: dict[str, type[StrEnum]] = {
    name: kind for name, kind in vars(vocabulary).items() if name in ENUMS and isinstance(kind, type)
}


def test_the_enums_are_the_vocabulary() -> None:
    assert set(ENUMS) == {*WORDS, "DutyStatus"}
    shown: dict[str, type[StrEnum]] = {**WORDS, "DutyStatus": duties.Status}
    for name, kind in shown.items():
        prefix = "".join(f"_{letter}" if letter.isupper() else letter for letter in name).lstrip("_").upper()
        spelled = {f"{prefix}_{word.value.upper()}" for word in kind}
        assert {value.name for value in ENUMS[name].values} == {f"{prefix}_UNSPECIFIED", *spelled}


MICROSECONDS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    MICROSECONDS, st.dates(min_value=date(1, 1, 1)), st.sampled_from(duties.Status), st.booleans(), st.integers(0, 9)
)
def test_a_duty_is_read_as_it_was_written(
    instant: datetime, day: date, status: duties.Status, provisional: bool, days: int
) -> None:
    petition_id = uuid4()
    written = message_of(
        duty_pb2.Duty,
        None,
        duty_id="x",
        petition_id=petition_id,
        status=status,
        due_time=instant,
        due_date=day,
        provisional=provisional,
        extension_days=days,
        met_time=None,
    )
    assert fields_of(duty_pb2.Duty.FromString(written.SerializeToString())) == {
        "duty_id": "x",
        "petition_id": str(petition_id),
        "status": status,
        "due_time": instant,
        "due_date": day,
        "provisional": provisional,
        "extension_days": days,
        "consumed_days": 0,
        "breach_rung": 0,
    }


def test_what_is_left_empty_is_left_out() -> None:
    assert fields_of(pb.HandOffRequest()) == {}
    assert fields_of(pb.RuleOnObjectionRequest()) == {"uphold": False}
    assert fields_of(pb.ExtendHandlingRequest(header=pb.CommandHeader())) == {"header": {}, "days": 0}
    assert fields_of(pb.CommandHeader(expected_version=0)) == {"expected_version": 0}


def test_a_name_that_the_message_lacks_is_an_error() -> None:
    with pytest.raises(KeyError):
        message_of(pb.Case, None, colour="red")


def test_instants_and_days_are_the_domains() -> None:
    read = fields_of(
        pb.HandOffRequest(
            header=pb.CommandHeader(occurred_time=Timestamp(seconds=1_700_000_000, nanos=123_456_789)),
            report_due_date=Date(year=2024, month=2, day=29),
        )
    )
    assert read["report_due_date"] == date(2024, 2, 29)
    assert read["header"]["occurred_time"] == datetime(2023, 11, 14, 22, 13, 20, 123_456, tzinfo=UTC)
