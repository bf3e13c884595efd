"""Files that hold a secret: written once, readable by their owner, never overwritten by accident.

Every private key of a node passes through here, so that one rule holds for all of them: a new file has mode 0600
before its first byte is written, it appears whole or not at all, and an existing one is replaced only when the caller
says so. Nothing here prints or logs what it reads.
"""

import os
import secrets
import stat
from pathlib import Path


class SecretExists(FileExistsError):
    """A key is already there, and replacing it was not asked for: what it sealed or signed would be lost."""


class SecretExposed(PermissionError):
    """A key file may be read by every user of the machine, so that it no longer is a secret."""


def write_secret(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write `content` to `path` with mode 0600, durably and in one step.

    Raises `SecretExists` when the file is there and `replace` is false, whoever wrote it first.
    """
    _write_whole(path, content, mode=0o600, replace=replace)


def write_public(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write what belongs to a secret but may be known, such as a certificate; the same rules, mode 0644."""
    _write_whole(path, content, mode=0o644, replace=replace)


def read_secret(path: Path) -> bytes:
    """Return the content of a key file, and refuse one that every user may read (`SecretExposed`).

    The group may read it: container platforms hand secrets to a process by group.
    """
    if stat.S_IMODE(path.stat().st_mode) & (stat.S_IROTH | stat.S_IWOTH):
        raise SecretExposed(f"{path} may be read by every user of this machine: chmod 600 {path}")
    return path.read_bytes()


def make_secret_directory(directory: Path) -> None:
    """Create a directory for keys, closed to other users; one that exists is left as its owner made it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write_whole(path: Path, content: bytes, *, mode: int, replace: bool) -> None:
    written = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(written, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            written.replace(path)
        else:
            _publish_once(written, path)
    finally:
        written.unlink(missing_ok=True)


def _publish_once(written: Path, path: Path) -> None:
    # A hard link, unlike a rename, fails when the name is taken: of two writers at once, one is told.
    try:
        path.hardlink_to(written)
    except FileExistsError:
        raise SecretExists(f"{path} exists and is not overwritten") from None
