"""Personal data under seal: one AES-256-GCM key per petition, and the keys of a node with which such a key travels.

A sealed field is bound to its petition, its origin (the command that brought it) and its field: moved anywhere else it
does not open. Proofs are made over the sealed text, so they hold after the key is destroyed and the text can no
longer be read by anyone. Nothing here stores a petition's key, and nothing here logs what it seals or opens.

Sources: AES-GCM as in NIST SP 800-38D, HKDF as in RFC 5869, HPKE as in RFC 9180 (base mode, X25519, HKDF-SHA256,
AES-256-GCM).
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.kit.secret_files import make_secret_directory, read_secret, write_secret

KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "v1."
_DELIVERY_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_KEYS_FILE = "node-keys.pem"
_PEM_BLOCK = re.compile(rb"-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----\n", re.DOTALL)


class SealBroken(Exception):
    """A sealed text does not open: it was altered, moved to another place, or sealed under another key."""


def new_key() -> bytes:
    """Return a fresh key for one petition: 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, petition_id: UUID, origin: str, field: str, plaintext: str) -> str:
    """Seal one field of one command on one petition; the result is ASCII, and different every time."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    place = _bound("field", petition_id.bytes, origin.encode(), field.encode())
    return _to_text(nonce + AESGCM(_checked(key)).encrypt(nonce, plaintext.encode(), place))


def unseal(key: bytes, petition_id: UUID, origin: str, field: str, sealed: str) -> str:
    """Return what `seal` was given with the same key, petition, origin and field; raise `SealBroken` otherwise."""
    content = _from_text(sealed)
    place = _bound("field", petition_id.bytes, origin.encode(), field.encode())
    try:
        return AESGCM(_checked(key)).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], place).decode()
    except (InvalidTag, ValueError):
        raise SealBroken(f"the sealed field {field!r} of petition {petition_id} does not open") from None


def payload_digest(secret: bytes, payload: bytes) -> bytes:
    """Return the HMAC-SHA256 by which a repeated request is told from another one under the same id.

    It is keyed because a request carries personal text that can be guessed: from a plain hash, anyone who reads the
    log could confirm a name or an identity number by trying candidates.
    """
    return hmac.new(secret, payload, hashlib.sha256).digest()


def derived_secret(key: bytes, purpose: str, petition_id: UUID, length_bytes: int) -> bytes:
    """Return bytes that follow from a petition's key for one purpose, and tell nothing about it or other purposes."""
    label = _bound("derived", purpose.encode(), petition_id.bytes)
    return HKDF(hashes.SHA256(), length_bytes, salt=None, info=label).derive(_checked(key))


@dataclass(frozen=True, repr=False)
class NodeKeys:
    """The private keys of one node: one that opens petition keys delivered to it, one that signs its checkpoints."""

    delivery: X25519PrivateKey
    signing: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> Self:
        """Make keys that live as long as the process."""
        return cls(X25519PrivateKey.generate(), Ed25519PrivateKey.generate())

    @classmethod
    def create(cls, directory: Path) -> Self:
        """Make both keys and write them to one file of mode 0600; raise `SecretExists` rather than replace it."""
        make_secret_directory(directory)
        keys = cls.generate()
        # One file, so that no crash leaves a node with half of its keys.
        pems = [
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            for key in (keys.delivery, keys.signing)
        ]
        write_secret(directory / _KEYS_FILE, b"".join(pems))
        return keys

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the keys that `create` wrote; raise `FileNotFoundError` or `ValueError` where they are not."""
        pems = _PEM_BLOCK.findall(read_secret(directory / _KEYS_FILE))
        match [load_pem_private_key(pem, password=None) for pem in pems]:
            case [X25519PrivateKey() as delivery, Ed25519PrivateKey() as signing]:
                return cls(delivery, signing)
        raise ValueError(f"{directory / _KEYS_FILE} does not hold an X25519 and then an Ed25519 private key")

    def public_record(self) -> dict[str, str]:
        """Return what the directory publishes about this node's keys: raw public keys in base64."""
        return {
            "delivery_key": base64.b64encode(self.delivery.public_key().public_bytes_raw()).decode(),
            "signing_key": base64.b64encode(self.signing.public_key().public_bytes_raw()).decode(),
        }

    def unwrap(self, sealed: str, petition_id: UUID, handoff_id: str) -> bytes:
        """Return the petition key that `wrap_for` sealed to this node for one handoff; raise `SealBroken` otherwise."""
        content = _from_text(sealed)
        try:
            return _DELIVERY_SUITE.decrypt(content, self.delivery, info=_delivery_place(petition_id, handoff_id))
        except (InvalidTag, ValueError):
            raise SealBroken(
                f"the key of petition {petition_id} delivered by {handoff_id} does not open here"
            ) from None


def wrap_for(public_x25519_b64: str, petition_key: bytes, petition_id: UUID, handoff_id: str) -> str:
    """Seal a petition's key so that only the receiving node opens it, and only as part of this handoff.

    It proves nothing about the sender: that comes from the log of the sending node. Raises `ValueError` for a public
    key that is none.
    """
    key, place = _checked(petition_key), _delivery_place(petition_id, handoff_id)
    try:
        receiver = X25519PublicKey.from_public_bytes(base64.b64decode(public_x25519_b64, validate=True))
        return _to_text(_DELIVERY_SUITE.encrypt(key, receiver, info=place))
    except ValueError:
        raise ValueError("the receiver's delivery key is no X25519 public key in base64") from None


def _delivery_place(petition_id: UUID, handoff_id: str) -> bytes:
    return _bound("handoff", petition_id.bytes, handoff_id.encode())


def _bound(purpose: str, *parts: bytes) -> bytes:
    # Lengths are written before the parts, so that no two different places are the same bytes.
    return b"".join(len(part).to_bytes(4, "big") + part for part in (f"lianxi/{purpose}/v1".encode(), *parts))


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a petition's key has {KEY_BYTES} bytes, not {len(key)}")
    return key


def _to_text(content: bytes) -> str:
    return _VERSION + base64.urlsafe_b64encode(content).decode().rstrip("=")


def _from_text(sealed: str) -> bytes:
    # The decoder forgives stray characters and spare bits. A sealed text has one spelling only: any other is a change.
    encoded = sealed.removeprefix(_VERSION)
    try:
        content = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        content = b""
    if _to_text(content) != sealed:
        raise SealBroken("not a sealed text of this version")
    return content
