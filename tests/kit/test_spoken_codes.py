"""Codes that a petitioner carries: the same for ever, read back however they are written, and a slip is noticed."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.sealing import new_key
from services.kit.spoken_codes import ALPHABET, CodePurpose, digest_of, is_well_written, spoken_code

PETITION = UUID(int=7)
KEY = bytes(range(32))
CODE = spoken_code(KEY, PETITION, CodePurpose.QUERY)

keys = st.binary(min_size=32, max_size=32)


def test_a_petition_s_code_never_changes() -> None:
    # Whoever holds a printed code must find the matter with it after every upgrade.
    assert spoken_code(KEY, PETITION, CodePurpose.QUERY) == "FSYJ-ZM86-08KH-1MGX-74FX"
    assert spoken_code(KEY, PETITION, CodePurpose.RATING) == "GZ7G-499H-5WGY-E33K-X01A"


def test_codes_of_other_keys_petitions_and_purposes_are_others() -> None:
    others = {
        spoken_code(key, petition, purpose)
        for key in (KEY, new_key())
        for petition in (PETITION, UUID(int=8))
        for purpose in CodePurpose
    }
    assert len(others) == 8


@given(keys, st.uuids(), st.sampled_from(CodePurpose))
def test_a_code_is_five_groups_of_characters_that_are_not_mistaken_for_others(
    key: bytes, petition_id: UUID, purpose: CodePurpose
) -> None:
    code = spoken_code(key, petition_id, purpose)
    assert [len(group) for group in code.split("-")] == [4] * 5
    assert not set(code) - set(ALPHABET) - {"-"}
    assert not set("ILOU") & set(ALPHABET)
    assert is_well_written(code)


@given(keys)
def test_however_it_is_written_it_is_the_same_code(key: bytes) -> None:
    code = spoken_code(key, PETITION, CodePurpose.QUERY)
    for written in (code.lower(), code.replace("-", ""), code.replace("-", " "), code.replace("0", "o")):
        assert digest_of(written) == digest_of(code)
    assert digest_of(code.replace("1", "l")) == digest_of(code.replace("1", "I")) == digest_of(code)


@given(keys, st.integers(0, 19), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(key: bytes, place: int, character: str) -> None:
    plain = spoken_code(key, PETITION, CodePurpose.QUERY).replace("-", "")
    wrong = plain[:place] + character + plain[place + 1 :]
    assert is_well_written(wrong) == (wrong == plain)


@given(keys, st.integers(0, 19), st.integers(0, 19))
def test_two_characters_that_changed_places_are_noticed(key: bytes, first: int, second: int) -> None:
    characters = list(spoken_code(key, PETITION, CodePurpose.QUERY).replace("-", ""))
    plain = "".join(characters)
    characters[first], characters[second] = characters[second], characters[first]
    wrong = "".join(characters)
    assert is_well_written(wrong) == (wrong == plain)


@pytest.mark.parametrize("written", ["", "-", CODE[:-1], CODE + "0", "U" * 20, "查" * 20, "0" * 65, "٣" * 20])
def test_what_is_no_code_fits_no_petition(written: str) -> None:
    assert not is_well_written(written)
    assert digest_of(written) == digest_of("")
    assert digest_of(written) != digest_of(CODE)


def test_the_code_of_zeros_is_not_taken_for_nothing() -> None:
    assert is_well_written("0" * 20)
    assert digest_of("0" * 20) != digest_of("")
