"""Nonsense in every part of every request is refused, not tripped over; a refusal leaves nothing behind."""

from __future__ import annotations

import hashlib
import io
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select

from app.core import db
from tests.hostile.html import faults_of
from tests.hostile.routes import ENDS_THE_SESSION, PATHS, QUERIES, VALUES, Route, Share, routes
from tests.hostile.world import ATTACK, Site

BOOKKEEPING = {
    *("audit_entries", "audit_unsealed", "sign_in_guards", "user_sessions", "api_tokens"),  # who tried what, and when
    *("periodic_runs", "hook_refusals"),
}
FIELDS = (
    *("lines-0-product", "lines-0-quantity", "lines-0-unit_price", "lines-1-product", "lines-99999-product"),
    *("channel", "customer", "requested_date", "surgery_at", "note", "key", "version", "seen_version", "reason"),
    *("answers", "outcome", "status", "warehouse", "quantity", "made_on", "expires_on", "lot_no", "report_no"),
    *("name", "login", "email", "roles", "locale", "label", "scopes", "expires_at", "password", "new", "again", "old"),
    *("code", "number", "sku", "udi_di", "risk_class", "list_price", "valid_from", "valid_to", "customer_id", "next"),
    *("product_ids", "region_codes", "category_codes", "name.en", "name.zh", "lane_days_p50", "packages-0-di", "tab"),
    *("packages.0.quantity", "lines.0.price_ceiling", "lines-0-price_ceiling", "current", "repeat", "language", "page"),
)
QUIET = {"identity.login_by_password"}
"""Each wrong password costs a hash on purpose; tests/identity attacks it."""


def fingerprint() -> dict[str, tuple[int, str]]:
    """Rows and a digest of each table, but those that keep book of attempts."""
    found = {}
    with db.transaction(write=False):
        session = db.session()
        for table in db.Base.metadata.sorted_tables:
            if table.name not in BOOKKEEPING:
                rows = sorted(repr(tuple(row)) for row in session.execute(select(table)))
                found[table.name] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found


class Attacker:
    """An administrator gone mad; what came of it is kept in `wrong`."""

    def __init__(self, app: Flask, site: Site) -> None:
        self.app, self.site = app, site
        self.wrong: list[str] = []
        self.client: FlaskClient = site.client(app, "admin")

    def send(self, route: Route, url: str, **given: Any) -> int:
        """One request; the session is renewed when the request ended it."""
        headers = {"Authorization": f"Bearer {self.site.token}"} if route.is_api else {}
        answer = self.client.open(url, method=route.method, headers=headers, **given)
        said = f"{route.method} {url[:90]} {str(given)[:120]} → {answer.status_code}"
        self.wrong += [f"{said}: {fault}" for fault in faults_of(answer)]
        if "X-Evil" in answer.headers:
            self.wrong.append(f"{said}: a header of the attacker's")
        if "evil.example" in answer.headers.get("Location", ""):
            self.wrong.append(f"{said}: leads to another site")
        if route.is_api and answer.status_code >= 400 and set(answer.json or {}) != {"error"}:
            self.wrong.append(f"{said}: {answer.data[:80]!r} is no error of the API")
        return answer.status_code

    def report(self) -> None:
        """Fail with everything that was wrong."""
        assert not self.wrong, "\n".join([f"{len(self.wrong)} faults", *self.wrong[:60]])


@pytest.fixture
def attacker(app: Flask, site: Site) -> Attacker:
    return Attacker(app, site)


def attacked(app: Flask) -> Iterator[Route]:
    """Routes that stay usable while they are attacked."""
    return (route for route in routes(app) if route.rule.endpoint not in ENDS_THE_SESSION | QUIET)


def test_nonsense_in_addresses(share, app, attacker):
    before = fingerprint()
    for place, route in enumerate(attacked(app)):
        for name in route.rule.arguments:
            for value in share.of(PATHS, place):
                values = {other: attacker.site.ids[other][0] for other in route.rule.arguments}
                attacker.send(route, route.fill({**values, name: value}))
    attacker.report()
    assert fingerprint() == before


def test_nonsense_in_queries(share, app, attacker):
    for place, route in enumerate(attacked(app)):
        if route.method == "GET":
            for query in share.of(QUERIES, place):
                attacker.send(route, f"{route.urls(attacker.site)[0]}?{query}")
    attacker.report()


class Committed:
    """Tables that were written to by transactions that were committed, not counting what was rolled back."""

    def __init__(self, engine: Engine) -> None:
        self.tables: set[str] = set()
        self.pending: list[str] = []
        self.marks: list[int] = []
        for name in (
            "before_cursor_execute",
            "commit",
            "rollback",
            "savepoint",
            "release_savepoint",
            "rollback_savepoint",
        ):
            event.listen(engine, name, getattr(self, name))

    def before_cursor_execute(self, _conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        """A statement."""
        found = re.match(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) \"?(\w+)", statement)
        if found and found[1] not in BOOKKEEPING:
            self.pending.append(found[1])

    def commit(self, _conn: Any) -> None:
        """What was pending has happened."""
        self.tables.update(self.pending)
        self.rollback(_conn)

    def rollback(self, _conn: Any) -> None:
        """It has not."""
        self.pending.clear()
        self.marks.clear()

    def savepoint(self, _conn: Any, _name: str | None) -> None:
        """A part begins."""
        self.marks.append(len(self.pending))

    def release_savepoint(self, _conn: Any, _name: str, _context: Any) -> None:
        """The part stays."""
        self.marks.pop()

    def rollback_savepoint(self, _conn: Any, _name: str, _context: Any) -> None:
        """The part has not happened."""
        del self.pending[self.marks.pop() :]

    def take(self) -> set[str]:
        """The tables since the last look."""
        found, self.tables = self.tables, set()
        return found


USUAL = ("1", "draft", "direct", "EA", "2026-12-01", "released", "held", "approve", "reject", "WH-SH", "H-0001", ATTACK)


def forms(route: Route, share: Share) -> Iterator[dict[str, Any]]:
    """Nothing; the same value in every field; random mixtures, the same for the same route."""
    yield {}
    rng = random.Random(f"{route.rule} {route.method}")
    for value in share.of(VALUES, rng.randrange(share.step)):
        yield dict.fromkeys(FIELDS, value)
    for _ in range(60 // share.step**3):
        yield {name: rng.choice((*VALUES, *USUAL, *USUAL)) for name in FIELDS}


@pytest.mark.full
def test_nul_in_a_form_trips_nobody(app, attacker):
    """PostgreSQL cannot keep one. Also before anybody is signed in."""
    for route in attacked(app):
        if route.method != "GET" and not route.is_api:
            for name in FIELDS:
                attacker.send(route, route.urls(attacker.site)[0], data={**dict.fromkeys(FIELDS, "1"), name: "a\x00"})
    attacker.report()
    answer = app.test_client().post("/login", data={"login": "a\x00b", "password": "x"})
    assert answer.status_code in (400, 401)


def test_nonsense_in_forms_is_refused_and_leaves_nothing(share, app, attacker):
    committed, refused = Committed(db.engine()), 0
    for route in attacked(app):
        if route.method == "GET" or route.is_api:
            continue
        for form in forms(route, share):
            status = attacker.send(route, route.urls(attacker.site)[0], data=form)
            left = committed.take()
            refused += status >= 400
            if status >= 400 and left:
                attacker.wrong.append(f"{route.method} {route.rule} → {status} left {left}: {str(form)[:80]}")
    attacker.report()
    assert refused > 200


def test_a_refused_decision_on_a_lot_changes_nothing(app, attacker, site):
    before = fingerprint()
    for status in ("released", "quarantined", "recalled", "held"):
        for version in ("", "0", "77"):
            form = {"status": status, "report_no": "FORGED", "reason": "x", "seen_version": version}
            answer = attacker.client.post(f"/lots/{site.ids['lot_id'][0]}/status", data=form)
            assert answer.status_code in (404, 409), (status, version)
            assert fingerprint() == before


BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"NaN",
    b'{"version": NaN}',
    b'{"note": "\xff"}',
    b'{"note": "\\ud800"}',
    b'{"version": 1, "version": 2, "reason": "x", "seen_version": 1}',
    b'{"version": 1, "reason": "a\\u0000b", "seen_version": 1, "note": "\\u0000"}',
    b'{"version": ' + b"9" * 5000 + b"}",
    b'{"version": 123456789012345678901234567890, "seen_version": 1e99, "reason": "x"}',
    b"[" * 100_000,
    b'{"lines":' * 5000 + b"1" + b"}" * 5000,
    b'{"seen_version": 1, "version": 1, "reason": "x", "answers": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    b'{"seen_version": 1, "version": 1, "reason": "x", "answers": {"' + b"k" * 5000 + b'": [[]]}}',
    "{}".encode("utf-16"),
    b"\xef\xbb\xbf{}",
)


def bodied(app: Flask) -> list[Route]:
    return [route for route in routes(app) if route.is_api and route.method != "GET"]


def reads_body(route: Route) -> bool:
    return not route.rule.endpoint.endswith(
        ("claim_task", "release_task", "withdraw_override", "withdraw_change_request")
    )


def test_nonsense_in_bodies(app, attacker):
    before = fingerprint()
    for route in bodied(app):
        if not reads_body(route):
            continue
        url = route.urls(attacker.site)[0]
        for body in BODIES:
            status = attacker.send(route, url, data=body, content_type="application/json")
            assert status in (400, 403, 404, 409, 422), (str(route.rule), body[:60], status)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
            status = attacker.send(route, url, data=b"{}", content_type=kind)
            assert status == 415, (str(route.rule), kind, status)
        doubled = b'{"version": 1, "version": 2, "reason": "x", "seen_version": 1}'
        assert attacker.send(route, url, data=doubled, content_type="application/json") == 400
    attacker.report()
    assert fingerprint() == before


@pytest.mark.any_database
def test_what_is_larger_than_a_mebibyte_is_refused_whole(share, app, attacker):
    body = b'{"note": "' + b"x" * (1024 * 1024) + b'"}'
    kinds = ("application/json", "application/x-www-form-urlencoded", "text/plain")
    ways = [(kind, chunked) for kind in kinds for chunked in (False, True)]
    posted = [*bodied(app), *(one for one in attacked(app) if one.method == "POST" and not one.is_api)]
    for place, route in enumerate(posted):
        for kind, chunked in share.one_of(ways, place):
            given: dict[str, Any] = {"content_type": kind}
            if chunked:
                given["input_stream"] = io.BytesIO(body)
                given["environ_overrides"] = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
            else:
                given["data"] = body
            assert attacker.send(route, route.urls(attacker.site)[0], **given) == 413, str(route.rule)
    attacker.report()


@pytest.mark.any_database
def test_a_body_in_chunks_is_read_whole(app, attacker, site):
    route = next(one for one in bodied(app) if one.rule.endpoint == "orders_api.create_order")
    headers = {"Authorization": f"Bearer {site.token}"}
    answer = attacker.client.post(
        route.rule.rule,
        input_stream=io.BytesIO(b'{"channel": "direct", "colour": 1}'),
        content_type="application/json",
        headers=headers,
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert answer.status_code == 422
    assert "colour" in answer.json["error"]["details"]["fields"]


UPLOADS = (
    ("x.csv", b""),
    ("x.csv", b"\x00\x00"),
    ("x.csv", b"\xff\xfe\x00"),
    ("x.xlsx", b"PK\x03\x04" + b"\x00" * 50),
    ("../../x.csv", b"channel\n" * 10),
    ("x.csv\x00.exe", b"a,b\n1,2\n"),
    ("<script>alert(1337)</script>.csv", b"<script>alert(1337)</script>,b\n1,2\n"),
    ("x" * 3000 + ".csv", b'"channel,customer\n"x'),
    ("x.csv", b"," * 100_000),
    (
        "x.csv",
        (
            "channel,customer,product,quantity,unit_price,requested_date\n" + "direct,=1+1,@x,-1,1e9,9999-99-99\n" * 50
        ).encode(),
    ),
)


@pytest.mark.any_database
def test_nonsense_in_uploads(app, attacker):
    before = fingerprint()
    for name, content in UPLOADS:
        route = next(one for one in routes(app) if one.rule.endpoint == "orders.check_upload")
        status = attacker.send(route, "/orders/upload", data={"file": (io.BytesIO(content), name)})
        assert status in (400, 422), (name[:40], status)
    attacker.report()
    assert fingerprint() == before


@pytest.mark.any_database
def test_odd_methods_and_headers(share, app, attacker, site):
    for place, route in enumerate(attacked(app)):
        url = route.urls(site)[0]
        for method in share.one_of(("TRACE", "PROPFIND", "DELETE", "x"), place):
            answer = attacker.client.open(url, method=method)
            assert answer.status_code == 405, (url, method, answer.status_code)
            assert answer.headers["Allow"]
    for headers in (
        {"Authorization": "Bearer \xff\xfe"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Authorization": "Bearer"},
        {"Authorization": "\x7f"},
        {"Accept-Language": "x" * 3000, "Accept": ";;;q=9"},
        {"Cookie": "session=eyJzaWQiOiIxIn0.x.y; language=<script>"},
        {"X-Request-ID": "a\tb" * 90, "HX-Request": "true", "HX-Target": "<script>"},
        {"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
        {"Range": "bytes=9-1", "If-Modified-Since": "never", "If-None-Match": "*"},
    ):
        for url in ("/api/v1/orders", "/orders", "/login", "/", "/nowhere"):
            answer = app.test_client().get(url, headers=headers)
            assert answer.status_code < 500, (url, headers)
            assert "evil.example" not in answer.headers.get("Location", "")
            assert faults_of(answer) == []
