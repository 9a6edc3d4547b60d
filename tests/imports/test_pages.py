from __future__ import annotations

from flask.testing import FlaskClient

from app.core.db import session
from app.imports.models import ImportRun
from tests.identity.factories import make_user, sign_in
from tests.imports.test_gudid import device, identifier, load


def test_imports_and_their_refusals_are_shown(client: FlaskClient) -> None:
    client.set_cookie("language", "en")
    sign_in(client, make_user(roles=("qa_ra",)))
    assert "No imports yet" in client.get("/imports").text
    load(device(identifier("00844588018924")))
    run = session().query(ImportRun).one()
    assert "test.xml" in client.get("/imports").text
    assert "check digit is 4, should be 3" in client.get(f"/imports/{run.id}").text
    assert client.get("/imports/none").status_code == 404


def test_sales_do_not_see_imports(client: FlaskClient) -> None:
    sign_in(client, make_user(roles=("sales",)))
    assert client.get("/imports").status_code == 403
