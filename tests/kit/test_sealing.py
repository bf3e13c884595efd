"""What is sealed opens with the same key in the same place, and in no other way."""

import base64
import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.sealing import NodeKeys, SealBroken, new_key, payload_digest, seal, unseal, wrap_for
from services.kit.secret_files import SecretExists, SecretExposed

KEY = new_key()
RECEIVER = NodeKeys.generate()
PETITION = UUID("6f1c0f0e-98a4-4a35-9d0a-3b0a6c1d7e11")

places = st.tuples(st.uuids(), st.text(max_size=20), st.text(max_size=20))


@given(st.text(), places)
def test_any_text_comes_back(text: str, place: tuple[UUID, str, str]) -> None:
    assert unseal(KEY, *place, seal(KEY, *place, text)) == text


@pytest.mark.parametrize("text", ["", "信访人李某,身份证号110101199003070000", "𠮷野家 🏠", "a\x00b", "长" * 100_000])
def test_chinese_astral_empty_and_long_text_comes_back(text: str) -> None:
    sealed = seal(KEY, PETITION, "request-1", "name", text)
    assert sealed.isascii()
    assert unseal(KEY, PETITION, "request-1", "name", sealed) == text


@given(st.text(max_size=30), st.data())
def test_no_bit_can_be_flipped(text: str, data: st.DataObject) -> None:
    sealed = seal(KEY, PETITION, "request-1", "name", text).encode()
    position = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[position // 8] ^= 1 << position % 8
    with pytest.raises(SealBroken):
        unseal(KEY, PETITION, "request-1", "name", changed.decode("latin-1"))


@given(places, places)
def test_no_sealed_text_opens_in_another_place(
    sealed_at: tuple[UUID, str, str], opened_at: tuple[UUID, str, str]
) -> None:
    sealed = seal(KEY, *sealed_at, "住址")
    if sealed_at != opened_at:
        with pytest.raises(SealBroken):
            unseal(KEY, *opened_at, sealed)


@pytest.mark.parametrize(
    ("petition_id", "origin", "field"),
    [
        (uuid4(), "request-1", "name"),
        (PETITION, "request-2", "name"),
        (PETITION, "request-1", "phone"),
        # The same characters, cut elsewhere.
        (PETITION, "request-", "1name"),
        (PETITION, "request-1n", "ame"),
    ],
)
def test_each_part_of_the_place_counts(petition_id: UUID, origin: str, field: str) -> None:
    sealed = seal(KEY, PETITION, "request-1", "name", "李某")
    with pytest.raises(SealBroken):
        unseal(KEY, petition_id, origin, field, sealed)


@given(st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=80))
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    for candidate in (text, "v1." + text):
        with pytest.raises(SealBroken):
            unseal(KEY, PETITION, "request-1", "name", candidate)


def test_another_key_does_not_open_it_and_equal_texts_look_different() -> None:
    sealed = [seal(KEY, PETITION, "request-1", "name", "李某") for _ in range(2)]
    assert sealed[0] != sealed[1]
    with pytest.raises(SealBroken):
        unseal(new_key(), PETITION, "request-1", "name", sealed[0])


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(b"short", PETITION, "request-1", "name", "李某")
    with pytest.raises(ValueError, match="32 bytes"):
        wrap_for(base64.b64encode(bytes(32)).decode(), b"short", PETITION, "handoff-1")


def test_a_petition_key_travels_to_the_receiving_node_only(tmp_path: Path) -> None:
    receiver, stranger = NodeKeys.create(tmp_path / "receiver"), NodeKeys.create(tmp_path / "stranger")
    sealed = wrap_for(receiver.public_record()["delivery_key"], KEY, PETITION, "handoff-1")
    assert receiver.unwrap(sealed, PETITION, "handoff-1") == KEY
    for keys, petition_id, handoff_id in (
        (stranger, PETITION, "handoff-1"),
        (receiver, uuid4(), "handoff-1"),
        (receiver, PETITION, "handoff-2"),
    ):
        with pytest.raises(SealBroken):
            keys.unwrap(sealed, petition_id, handoff_id)


@given(st.data())
def test_no_bit_of_a_delivered_key_can_be_flipped(data: st.DataObject) -> None:
    sealed = wrap_for(RECEIVER.public_record()["delivery_key"], KEY, PETITION, "handoff-1").encode()
    position = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[position // 8] ^= 1 << position % 8
    with pytest.raises(SealBroken):
        RECEIVER.unwrap(changed.decode("latin-1"), PETITION, "handoff-1")


@pytest.mark.parametrize("public", ["", "AAAA", "no base64 !", base64.b64encode(bytes(32)).decode()])
def test_a_public_key_that_is_none_is_refused(public: str) -> None:
    with pytest.raises(ValueError, match="delivery key"):
        wrap_for(public, KEY, PETITION, "handoff-1")


def test_node_keys_are_the_same_after_a_restart_and_are_closed_to_others(tmp_path: Path) -> None:
    created = NodeKeys.create(tmp_path)
    assert NodeKeys.load(tmp_path).public_record() == created.public_record()
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    assert "Key" not in repr(created).replace("NodeKeys", "")
    with pytest.raises(SecretExists):
        NodeKeys.create(tmp_path)


def test_a_key_file_that_everyone_may_read_is_refused(tmp_path: Path) -> None:
    NodeKeys.create(tmp_path)
    (tmp_path / "node-keys.pem").chmod(0o644)
    with pytest.raises(SecretExposed, match="chmod 600"):
        NodeKeys.load(tmp_path)


def test_half_of_a_nodes_keys_is_refused(tmp_path: Path) -> None:
    NodeKeys.create(tmp_path)
    file = tmp_path / "node-keys.pem"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(ValueError, match="X25519"):
        NodeKeys.load(tmp_path)


def test_a_payload_digest_depends_on_its_secret_and_its_payload() -> None:
    digest = payload_digest(b"secret", b"payload")
    assert len(digest) == 32
    assert digest == payload_digest(b"secret", b"payload")
    assert digest not in (payload_digest(b"other", b"payload"), payload_digest(b"secret", b"other"))
