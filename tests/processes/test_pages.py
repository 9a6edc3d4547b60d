"""Pages and data of processes."""

from __future__ import annotations

import pytest

from app.core.permissions import SYSTEM
from app.processes import service
from tests.identity.factories import actor_for, make_user, sign_in
from tests.processes.test_service import LOOP, thing


@pytest.fixture
def user(client, rules):
    made = make_user(roles=["sales"])
    service.deploy(SYSTEM, LOOP.replace(b'id="loop"', b'id="loop" name="Loop" youxu:nameZh="\xe5\xbe\xaa\xe7\x8e\xaf"'))
    return sign_in(client, made)


@pytest.mark.parametrize(("language", "name"), [("en", "Loop"), ("zh_Hans", "循环")])
def test_the_list_leads_to_each_process_and_its_diagram(client, user, language, name):
    page = client.get(f"/processes?lang={language}").text
    assert name in page
    assert 'href="/processes/loop"' in page
    page = client.get(f"/processes/loop?lang={language}").text
    assert name in page
    assert 'data-src="/processes/definitions/loop/heat.json?version=1"' in page


def test_an_empty_list_says_so(client):
    sign_in(client, make_user())
    assert "No process is deployed" in client.get("/processes?lang=en").text


def test_diagrams_are_data_for_the_viewer(client, user):
    instance = service.start(actor_for(user), "loop", thing())
    for address, active in (
        (f"/processes/instances/{instance.id}/diagram.json", ["u"]),
        ("/processes/definitions/loop/diagram.json", []),
    ):
        answer = client.get(address)
        assert answer.json["active"] == active
        assert answer.json["names"]["u"] == {"en": "u", "zh": "u"}
        assert answer.json["xml"].startswith("<definitions")
        again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304


@pytest.mark.parametrize("address", ["/processes/instances/x/diagram.json", "/processes/definitions/x/diagram.json"])
def test_unknown_ones_are_not_found(client, user, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", ["/processes", "/processes/definitions/loop/diagram.json"])
def test_nobody_sees_them_without_signing_in(client, address):
    assert client.get(address, headers={"Accept": "application/json"}).status_code == 401
