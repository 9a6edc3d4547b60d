"""A webhook connected in a browser as the README says: source, command, mapping by clicks, dry run, order, replay."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from datetime import timedelta

import pytest

from app.core import clock, db
from app.identity import queries as people
from app.identity import service as identity
from app.integration.inbound import processing
from app.integration.outbound import delivering
from tests.e2e.conftest import PASSWORD

CLICKED = {
    "customer": "data.customer",
    "external_ref": "data.ref",
    "requested_date": "data.wanted",
    "surgery_at": "data.surgery",
    "surgery_number": "data.surgery_no",
    "lines.each": "data.items",
    "lines.columns.product": "item.sku",
    "lines.columns.quantity": "item.qty",
    "lines.columns.unit_price": "item.price",
}


@pytest.mark.parametrize(("language", "size"), [("zh_Hans", "phone"), ("en", "desk")])
def test_a_webhook_is_connected_from_the_page_alone(site, sign_in, language, size):
    code = f"erp-{size}"
    with db.transaction():
        admin = people.actor_of(people.find_by_login("admin"))
        if people.find_by_login("robot") is None:
            identity.create_user(admin, login="robot", name="Robot", password=PASSWORD, roles=["integration"])
        robot = people.find_by_login("robot").id
    person = sign_in("admin", language, size)
    page = person.go("/webhooks/in/new")
    person.look_at_both_sizes()
    page.fill("main [name=name]", f"ERP {size}")
    page.fill("[name=code]", code)
    page.select_option("[name=acts_as]", robot)
    page.locator("main form .btn-primary").click()
    page.locator("pre.hook-command").wait_for()
    person.look_at_both_sizes()
    now = int(clock.now().timestamp())  # the server's clock stands still
    command = page.inner_text("pre.hook-command").replace("TS=$(date +%s)", f"TS={now}")
    assert "HTTP/1.1 202" in bash(command)

    page.locator(".page-actions .btn-primary").click()
    page.wait_for_url("**/mapping")
    with page.expect_navigation():
        page.locator("button[value=last]").click()
    person.look()
    page.locator('[data-insert="data.greeting"]').wait_for()
    order = sample(site)
    page.fill("[name=sample]", json.dumps(order))
    page.select_option('[name="rules.0.action"]', "order.create")
    page.locator('[name="rules.0.fields.customer"]').wait_for()
    page.fill('[name="rules.0.when"]', "event.type == 'order.placed'")
    page.fill('[name="rules.0.fields.channel"]', "'direct'")
    for name, path in CLICKED.items():
        page.focus(f'[name="rules.0.fields.{name}"]')
        page.locator(f'[data-insert="{path}"]').first.dblclick()  # once or twice: it stands there once
        assert page.input_value(f'[name="rules.0.fields.{name}"]') == path
    person.look_at_both_sizes()
    page.locator("button[value=try]").click()
    page.locator("#tried .tone-success").wait_for()
    person.look_at_both_sizes()
    page.locator("button[value=activate]").click()
    page.locator("dialog[open] button[value=yes]").click()
    page.locator("#flashes .tone-success").wait_for()

    answer = bash(command.replace("BODY='", f"BODY='{json.dumps(order)}'\nOLD='", 1))
    location = re.search(r"Location: (\S+)", answer).group(1)
    processing.run_due()
    status = json.loads(bash(f"curl -s '{site.url}{location}'").splitlines()[-1])
    assert status["status"] == "done", status
    log = person.go(f"/webhooks/in/log?id={order['id']}")
    person.look_at_both_sizes()
    log.locator("td.cell-main a").first.click()
    log.wait_for_url("**/webhooks/in/log/*")
    person.look_at_both_sizes()
    log.locator(f"main a:has-text('{status['links'][0]['label']}')").click()
    log.wait_for_url("**/orders/*")


@pytest.mark.parametrize(("language", "size"), [("en", "phone"), ("zh_Hans", "desk")])
def test_another_system_is_told_and_what_came_back_is_seen(site, sign_in, language, size):
    person = sign_in("admin", language, size)
    page = person.go("/webhooks/out/new")
    person.look_at_both_sizes()
    page.fill("main [name=name]", f"WMS {size}")
    page.fill("[name=url]", "https://wms.invalid/hook")
    page.locator("main form .btn-primary").last.click()
    page.locator(".user-select-all").wait_for()
    person.look_at_both_sizes()
    page.locator("form[action$='/test'] button").click()
    page.wait_for_url("**/deliveries/*")
    delivering.run_due()
    page.reload()
    assert page.locator("main tbody tr").count() == 1
    person.look_at_both_sizes()
    person.go("/webhooks/catalogue")
    person.look_at_both_sizes()


def bash(command: str) -> str:
    """What it prints."""
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=30).stdout


def sample(site) -> dict:
    """An order as another system tells of it."""
    product = next(one for one in site.world.products if 500 <= one.list_price < 3000)
    number = f"{secrets.randbelow(10**8):08d}"
    day = clock.today() + timedelta(days=9)
    return {
        "specversion": "1.0",
        "id": f"o-{number}",
        "source": "urn:erp",
        "type": "order.placed",
        "data": {
            "customer": site.world.hospitals[0].code,
            "ref": f"PO-{number}",
            "wanted": day.isoformat(),
            "surgery": f"{day.isoformat()}T08:00:00+08:00",
            "surgery_no": f"OR-{number}"[:32],
            "items": [{"sku": product.sku, "qty": 2, "price": str(product.list_price)}],
        },
    }
