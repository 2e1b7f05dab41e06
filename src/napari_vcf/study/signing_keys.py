"""Signing keys of readers (Ed25519): the private part stays with the reader, under a passphrase, never in the study.

A signature lies beside the seal. Whoever holds the public part elsewhere can tell that a seal is the reader's, and a
forger, who has not the private part, cannot make another one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Literal

from napari_vcf.language import say
from napari_vcf.records.base import FrozenModel
from napari_vcf.records.errors import system_says
from napari_vcf.study.errors import StudyError
from napari_vcf.study.regular_files import read_regular

__all__ = ["SIGNATURE", "ReaderKey", "SignatureRecord", "is_signed_by", "make_key", "read_public_keys"]

SIGNATURE: Final = "signature.json"


class SignatureRecord(FrozenModel):
    """What lies beside a seal that was signed with a key."""

    schema_id: Literal["napari-vcf/signature"] = "napari-vcf/signature"
    schema_version: Literal["1.0.0"] = "1.0.0"
    sha256: str
    public_key: str
    signature: str


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise StudyError(say("Signing keys need the library cryptography: install napari-vcf[keys].")) from error
    return ed25519


def _message(sha256: str) -> bytes:
    return f"napari-vcf seal {sha256}".encode()


class ReaderKey:
    """A reader's private key, unlocked.

    Parameters
    ----------
    path : path
        From `make_key`.
    passphrase : str
        That it is under.

    Raises
    ------
    StudyError
        If the file cannot be read, is no such key, or the passphrase is another one.
    """

    def __init__(self, path: Path | str, passphrase: str) -> None:
        ed25519 = _ed25519()
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        source = Path(path)
        try:
            key = load_pem_private_key(read_regular(source), passphrase.encode())
        except OSError as error:
            raise StudyError(
                say("The key {name} cannot be read: {value}.", name=source.name, value=system_says(error))
            ) from error
        except (ValueError, TypeError) as error:
            raise StudyError(
                say("{name} is not a key under a passphrase, or the passphrase is wrong.", name=source.name)
            ) from error
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise StudyError(
                say("{name} is not an Ed25519 key; make one with 'napari-vcf study key'.", name=source.name)
            )
        self._key: Any = key

    @property
    def public_key(self) -> str:
        """Its public part, hexadecimal."""
        public: bytes = self._key.public_key().public_bytes_raw()
        return public.hex()

    def sign(self, sha256: str) -> SignatureRecord:
        """Sign the hash of a seal."""
        signature = self._key.sign(_message(sha256)).hex()
        return SignatureRecord(sha256=sha256, public_key=self.public_key, signature=signature)


def make_key(path: Path | str, passphrase: str) -> str:
    """Make a key; returns its public part, to be kept outside of the study by whoever checks it.

    Raises
    ------
    StudyError
        If the passphrase is shorter than eight characters, or the file exists or cannot be written.
    """
    ed25519 = _ed25519()
    from cryptography.hazmat.primitives import serialization

    target = Path(path)
    if len(passphrase) < 8:
        raise StudyError(say("Choose a passphrase of eight characters or more."))
    key = ed25519.Ed25519PrivateKey.generate()
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError as error:
        raise StudyError(say("{name} exists already; a key is never written over.", name=target.name)) from error
    except OSError as error:
        raise StudyError(
            say("The key {name} could not be written: {value}.", name=target.name, value=system_says(error))
        ) from error
    public: bytes = key.public_key().public_bytes_raw()
    return public.hex()


def is_signed_by(record: SignatureRecord, sha256: str, public_key: str) -> bool:
    """Whether a signature is that of a key over a seal."""
    ed25519 = _ed25519()
    from cryptography.exceptions import InvalidSignature

    try:
        key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(record.signature), _message(sha256))
    except (InvalidSignature, ValueError):
        return False
    return record.sha256 == sha256


def read_public_keys(path: Path | str) -> dict[str, str]:
    """Read whose public key is which: lines of a reader's pseudonym and the key, hexadecimal.

    Raises
    ------
    StudyError
        If the file cannot be read, or a line is something else.
    """
    source = Path(path)
    try:
        lines = read_regular(source).decode("utf-8", "replace").splitlines()
    except OSError as error:
        raise StudyError(
            say("The file of keys {name} cannot be read: {value}.", name=source.name, value=system_says(error))
        ) from error
    keys: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or len(words[1]) != 64 or words[0] in keys:
            raise StudyError(
                say(
                    "Line {number} of {name} is to be a reader's pseudonym and a public key; each reader once.",
                    number=number,
                    name=source.name,
                )
            )
        keys[words[0]] = words[1]
    return keys
