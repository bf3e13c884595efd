"""Mappings: the shipped ones are sound, and each mistake in one is named by its key."""

import tomllib
from importlib import resources
from typing import Any

import pytest

from services.importer.mapping_files import WrongMapping, load_mapping, parse_mapping, shipped_mappings

SHIPPED = resources.files("services.importer") / "mappings" / "messages_with_replies.toml"


@pytest.mark.parametrize("name", shipped_mappings())
def test_a_shipped_mapping_is_loaded_by_its_bare_name(name: str) -> None:
    assert load_mapping(name).name == name


def test_each_kind_of_file_has_a_shipped_mapping() -> None:
    assert shipped_mappings() == ("appeals_roadtraffic", "handovers_bpic2013", "messages_with_replies")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(WrongMapping, match="handovers_bpic2013, messages_with_replies"):
        load_mapping("nothing")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('key = "number"', 'key = "numbr"', r"key: \[columns\] has no word 'numbr'"),
        ('key = "number"', 'key = "author"', "key: the key goes into ids"),
        ('zone = "Asia/Shanghai"', 'zone = "Shanghai"', "times.zone: 'Shanghai' is no time zone"),
        ('"utf-8", "gb18030"', '"utf-99"', "file.encodings: 'utf-99' is no encoding"),
        ('"utf-8", "gb18030"', '"utf-16"', "file.encodings: 'utf-16' writes line ends"),
        ('format = "csv"', 'format = "xml"', r"file\.format"),
        ('call = "HandOff"', 'call = "HandOver"', r"steps\[2\]\.call: 'HandOver' is none of RegisterPetition"),
        ('kind = "transfer"', 'kind = "gift"', r"steps\[2\]\.fields\.kind: 'gift' is none of transfer"),
        ('kind = "transfer"', 'sort = "transfer"', r"steps\[2\]\.fields\.sort: HandOff has no such field"),
        ('kind = "transfer"', "", r"steps\[2\]\.fields\.kind: HandOff needs it"),
        (
            'received_time = "{asked}"',
            'received_time = "2019"',
            r"steps\[0\]\.fields\.received_time: the word of a col",
        ),
        ('legal_bases = ["2005 Regulations Art. 32"]', 'legal_bases = "Art. 32"', "legal_bases: a list of texts"),
        ('proof = "message-board:{number}"', 'proof = "{author}"', "proof: 'author' is personal"),
        ('external_reference = "{number}"', 'external_reference = "{nummer}"', "no word 'nummer' is known"),
        ('agency_otherwise = "other-bureau"', 'agency_otherwise = "others"', r"finds\[0\]\.agency_otherwise"),
        ('agency = "city-office"\ntime = "asked"', 'agency = "town"\ntime = "asked"', r"steps\[0\]: .* no 'town'"),
        ('matches = ["教育"', 'matches = ["(教育"', r"agencies\[2\]\.matches: .* no regular expression"),
        ('provenance = "imported"', 'provenance = "known"', r"steps\[0\]\.provenance"),
        ('time = "asked"', 'time = "text"', r"steps\[0\]\.time: 'text' is none of times\.columns"),
        ('name = "messages_with_replies"', "", "name: Field required"),
    ],
)
def test_a_mistake_is_named_by_its_key(old: str, new: str, said: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(WrongMapping, match=said):
        parse_mapping(text.replace(old, new, 1))


def test_what_is_no_toml_is_said_so() -> None:
    with pytest.raises(WrongMapping, match="is not TOML"):
        parse_mapping("name = ")


def test_all_mistakes_are_told_at_once() -> None:
    text = (
        SHIPPED.read_text(encoding="utf-8").replace('kind = "transfer"', "").replace('call = "Serve', 'call = "Solve')
    )
    with pytest.raises(WrongMapping) as wrong:
        parse_mapping(text)
    assert "HandOff needs it" in str(wrong.value)
    assert "SolveOpinion" in str(wrong.value)


def test_no_shipped_mapping_speaks_of_what_it_does_not_use() -> None:
    found: dict[str, Any] = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    used = {agency["id"] for agency in found["agencies"] if agency.get("matches")} | {"city-office", "other-bureau"}
    assert used == {agency["id"] for agency in found["agencies"]}
