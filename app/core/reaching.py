"""One request to an address that somebody else chose: it must not reach what only this host can reach.

The name is resolved once, every address it has is checked, and the connection goes to one of those addresses, so that a
name that is resolved differently a moment later changes nothing. TLS is for the name. Redirects are not followed, no
proxy is used. Time (as a whole, however slowly an answer drips) and the size of the answer are bounded.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from app.core import clock

CONNECTING = 5.0
LONGEST = 15.0
"""Seconds for a request, from connecting to the end of the answer."""
MOST_READ = 64 * 1024
EXCERPT = 500
MOST_TRIED = 3
"""Addresses of one name that are tried."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

BAD_URL, NOT_RESOLVED, NOT_ALLOWED, NOT_HTTPS = "bad_url", "not_resolved", "not_allowed", "not_https"
NO_CONNECTION, TLS_FAILED, TOO_SLOW, BROKEN, LEADS_ON = "no_connection", "tls_failed", "too_slow", "broken", "leads_on"

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_OWN = ipaddress.IPv6Network("64:ff9b:1::/48")
_SITE_LOCAL = ipaddress.IPv6Network("fec0::/10")


class Refused(Exception):
    """No request was made, or it had no answer. `code` is one of the constants above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Target:
    """Where a URL leads, as far as its text tells."""

    https: bool
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Answer:
    """What came back. `error` (with no status): why nothing did."""

    status: int | None
    error: str
    excerpt: str
    millis: int
    retry_after: int = 0


@dataclass(frozen=True)
class Allowed:
    """Places that may be reached although they are not public."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    def has(self, host: str, address: Address) -> bool:
        """True for a host of the list, or an address in one of its networks."""
        return host in self.hosts or any(address in network for network in self.networks)


_allowed = Allowed()


def allow(places: Sequence[str]) -> None:
    """Networks and host names of the configuration. Raises ValueError for neither."""
    global _allowed  # noqa: PLW0603 - one configuration per process
    networks, hosts = [], set()
    for place in places:
        try:
            networks.append(ipaddress.ip_network(place))
        except ValueError:
            if "/" in place or not place:
                raise
            hosts.add(place.lower().rstrip("."))
    _allowed = Allowed(tuple(networks), frozenset(hosts))


def target_of(url: str) -> Target:
    """The parts of the URL. Raises Refused: bad_url; not_allowed or not_https where the text alone tells."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
        name = host if ":" in host else host.encode("idna").decode("ascii").lower()
    except ValueError:
        raise Refused(BAD_URL) from None
    plain = url.isascii() and url.isprintable() and " " not in url
    if not plain or parts.scheme not in ("http", "https") or not name or parts.username is not None or parts.fragment:
        raise Refused(BAD_URL)
    https = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(https, name, port or (443 if https else 80), path)
    with suppress(ValueError):
        must_reach(target, [ipaddress.ip_address(name)])
    return target


def must_reach(target: Target, addresses: Sequence[Address]) -> None:
    """Raises Refused unless every address is public, or allowed; without TLS only what is allowed."""
    for address in addresses:
        if _allowed.has(target.host, address):
            continue
        if not is_public(address):
            raise Refused(NOT_ALLOWED)
        if not target.https:
            raise Refused(NOT_HTTPS)


def is_public(address: Address) -> bool:
    """True for an address of the open internet, also when it is hidden in an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None or address in _SITE_LOCAL or address in _NAT64_OWN:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo is not None:
            return False
        if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def resolved(host: str, port: int) -> list[str]:
    """The addresses of the name, as text."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def post(url: str, headers: Mapping[str, str], body: bytes, *, resolve: Resolve = resolved) -> Answer:
    """Send it; never raises for what the other side does."""
    began = clock.ticks()
    try:
        target = target_of(url)
        status, excerpt, retry_after = _exchange(target, _reachable(target, resolve), headers, body)
    except Refused as refused:
        return Answer(None, refused.code, "", _millis(began))
    if 300 <= status < 400:
        return Answer(status, LEADS_ON, excerpt, _millis(began))
    return Answer(status, "", excerpt, _millis(began), retry_after)


def _millis(began: float) -> int:
    return int((clock.ticks() - began) * 1000)


def _reachable(target: Target, resolve: Resolve) -> list[Address]:
    try:
        texts = list(dict.fromkeys(resolve(target.host, target.port)))
        addresses = [ipaddress.ip_address(text) for text in texts]
    except (OSError, UnicodeError, ValueError):
        raise Refused(NOT_RESOLVED) from None
    if not addresses:
        raise Refused(NOT_RESOLVED)
    must_reach(target, addresses)
    return addresses[:MOST_TRIED]


def _exchange(
    target: Target, addresses: Sequence[Address], headers: Mapping[str, str], body: bytes
) -> tuple[int, str, int]:
    until = clock.ticks() + LONGEST
    with _connected(target, addresses) as plain, _bounded(plain, until) as ended:
        try:
            with _secured(target, plain) as through:
                return _ask(target, through, headers, body)
        except ssl.SSLError:
            raise Refused(TOO_SLOW if ended.is_set() else TLS_FAILED) from None
        except (OSError, http.client.HTTPException, ValueError):
            raise Refused(TOO_SLOW if ended.is_set() or clock.ticks() >= until else BROKEN) from None


@contextmanager
def _connected(target: Target, addresses: Sequence[Address]) -> Iterator[socket.socket]:
    """To one of the addresses that were checked, and to no other."""
    for address in addresses:
        with suppress(OSError):
            made = socket.create_connection((str(address), target.port), timeout=CONNECTING)
            break
    else:
        raise Refused(NO_CONNECTION)
    try:
        made.settimeout(LONGEST)
        yield made
    finally:
        made.close()


@contextmanager
def _bounded(made: socket.socket, until: float) -> Iterator[threading.Event]:
    """The connection ends then, whatever is going on: a timeout of the socket begins anew with each byte."""
    ended = threading.Event()
    twin = made.dup()  # TLS takes the socket itself over

    def end() -> None:
        ended.set()
        with suppress(OSError):
            twin.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.1, until - clock.ticks()), end)
    timer.daemon = True
    timer.start()
    try:
        yield ended
    finally:
        timer.cancel()
        twin.close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _secured(target: Target, plain: socket.socket) -> socket.socket:
    return _tls().wrap_socket(plain, server_hostname=target.host) if target.https else plain


def _ask(target: Target, through: socket.socket, headers: Mapping[str, str], body: bytes) -> tuple[int, str, int]:
    host = f"[{target.host}]" if ":" in target.host else target.host
    connection = http.client.HTTPConnection(host, target.port)
    connection.default_port = 443 if target.https else 80
    connection.sock = through
    connection.request("POST", target.path, body, dict(headers))
    with connection.getresponse() as answer:
        read = answer.read(MOST_READ)
    waits = answer.headers.get("Retry-After", "")
    text = read[: EXCERPT * 4].decode("utf-8", "replace").replace("\x00", "�")[:EXCERPT]
    return answer.status, text, int(waits) if waits.isascii() and waits.isdigit() and len(waits) < 6 else 0
