"""HTTPS for phones in the house (`make run TLS=1`): an authority of this server's own and a certificate of it for the
names and addresses that this machine has. Kept in the data folder; a certificate is made anew when an address is new or
its time is nearly over, the authority only when it is gone or nearly over: phones have been told to trust it."""

from __future__ import annotations

import ipaddress
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.core import clock

AUTHORITY_LIVES = timedelta(days=3650)
LIVES = timedelta(days=397)
"""Phones refuse certificates that hold longer than 398 days."""
RENEW = timedelta(days=30)
EARLIER = timedelta(days=1)
"""Clocks of phones differ."""
PROBE = ("192.0.2.1", 9)
"""An address for documentation: asked which of ours would be used to leave by, nothing is sent."""


@dataclass(frozen=True)
class Certificates:
    """Files of the authority and of this server."""

    authority: Path
    certificate: Path
    key: Path
    names: list[str]
    """Names and addresses under which the server can be reached, the one for phones first."""


def ready(folder: Path, extra: str = "") -> Certificates:
    """Everything needed to serve HTTPS, made or renewed where it must be. `extra`: a host name people use."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    names = addresses(extra)
    authority, signer = _authority(folder)
    made = Certificates(folder / "ca.crt", folder / "server.crt", folder / "server.key", names)
    if not _still_good(made, authority):
        _make_server(made, authority, signer)
    return made


def addresses(extra: str = "") -> list[str]:
    """Addresses of this machine in the house, then its names, then itself."""
    found = [extra] if extra else []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(PROBE)
        found.append(asked.getsockname()[0])
    host = socket.gethostname()
    with suppress(OSError):
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, socket.AF_INET)]
    found += [host, f"{host}.local", "localhost", "127.0.0.1", "::1"]
    return list(dict.fromkeys(name for name in found if _can_be_named(name)))


def _can_be_named(name: str) -> bool:
    with suppress(ValueError):
        return not ipaddress.ip_address(name).is_unspecified
    return 0 < len(name) <= 253 and name.isascii() and all(part and len(part) < 64 for part in name.split("."))


def _authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    file, key_file = folder / "ca.crt", folder / "ca.key"
    with suppress(OSError, ValueError):
        kept = x509.load_pem_x509_certificate(file.read_bytes())
        if kept.not_valid_after_utc - clock.now() > RENEW:
            return kept, _key_in(key_file)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Youxu {socket.gethostname()[:50]}")])
    made = (
        _begun(name, name, key.public_key(), AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _keep(key_file, _pem(key))
    _keep(file, made.public_bytes(serialization.Encoding.PEM))
    return made, key


def _make_server(made: Certificates, authority: x509.Certificate, signer: ec.EllipticCurvePrivateKey) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, made.names[0][:64])])
    certificate = (
        _begun(name, authority.subject, key.public_key(), LIVES)
        .add_extension(x509.SubjectAlternativeName([_name(one) for one in made.names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    _keep(made.key, _pem(key))
    _keep(made.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _still_good(made: Certificates, authority: x509.Certificate) -> bool:
    """True when it is of this authority, for every name, and holds for a while."""
    try:
        kept = x509.load_pem_x509_certificate(made.certificate.read_bytes())
        kept.verify_directly_issued_by(authority)
        mine = _key_in(made.key).public_key() == kept.public_key()
        named = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound, InvalidSignature):
        return False
    wanted = {_name(one) for one in made.names}
    return mine and wanted <= set(named) and kept.not_valid_after_utc - clock.now() > RENEW


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lives: timedelta
) -> x509.CertificateBuilder:
    now: datetime = clock.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now - EARLIER + lives)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(text))
    return x509.DNSName(text)


def _key_in(file: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{file} holds another kind of key")  # noqa: TRY004 - made anew like an unreadable one
    return key


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _keep(file: Path, content: bytes) -> None:
    """Whole or not at all, for us alone."""
    partial = file.with_suffix(f".{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_bytes(content)
    partial.replace(file)
