"""The other ways an order goes, in a browser: channels, upload, change, rework, reject, withdraw, block and recheck."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.catalog.models import Licence
from app.core import clock, db
from app.core.subject import Subject
from app.orders.models import Order
from app.tasks.queries import open_tasks_of
from tests.conftest import NOON
from tests.e2e.test_journey import costly, enter_order, order_numbered, solid, stock_of

WANTED = (clock.local_date(NOON) + timedelta(days=9)).isoformat()


def open_task(number: str):
    with db.transaction(write=False):
        order = db.session().scalars(select(Order).where(Order.number == number)).one()
        return next(iter(open_tasks_of(Subject("order", order.id))), None)


def decide(person, number: str, outcome: str, reason: str) -> None:
    page = person.go(f"/tasks/{open_task(number).id}")
    page.wait_for_selector("#decision .fjs-container")
    page.locator("#decision textarea").first.fill(reason)
    page.locator(f"#decision button[value={outcome}]").click()
    if outcome == "reject":
        page.locator("dialog[open] button[value=yes], dialog[open] .btn-danger").first.click()
    page.wait_for_selector(f"text={number}")
    page.wait_for_selector("#decision", state="detached")
    person.look()


@pytest.mark.parametrize(
    ("channel", "language", "size"), [("distributor", "zh_Hans", "phone"), ("tender", "en", "desk")]
)
def test_the_other_channels_by_page(site, sign_in, channel, language, size):
    world = site.world
    person = sign_in("sales2", language, size)
    page = person.go("/orders/new")
    page.select_option("[name=channel]", channel)
    if channel == "distributor":
        customer = world.distributors[0]
        product = next(one for one in world.scopes[customer.id] if stock_of(one) >= 10)
        page.fill("[name=authorisation_number]", world.authorisations[customer.id])
        price = product.list_price
    else:
        region = sorted(world.awards)[0]
        award, ceilings = world.awards[region]
        customer = next(one for one in world.hospitals if one.region_code == region)
        product = next(one for one in world.products if one.id in ceilings)
        price = ceilings[product.id]
        page.fill("[name=tender_award_number]", award)
        page.fill("[name=lines-0-price_ceiling]", str(price))
    page.fill("[name=customer]", customer.code)
    page.fill("[name=requested_date]", WANTED)
    page.fill("[name=lines-0-product]", product.sku)
    page.fill("[name=lines-0-quantity]", "0")
    page.fill("[name=lines-0-unit_price]", str(price))
    submit = page.locator("main form[data-guard] button[type=submit]").last
    submit.click()
    page.wait_for_selector("[role=alert] a[href='#f-lines-0-quantity']")
    assert page.input_value("[name=lines-0-product]") == product.sku
    page.fill("[name=lines-0-quantity]", "2")
    submit.click()
    page.wait_for_url("**/orders/0*")
    person.look()
    order = order_numbered(page.locator("h1").inner_text().split()[0])
    assert order.channel == channel


def test_a_gbk_file_is_checked_then_entered(site, sign_in):
    customer, product = solid(site), costly(site)
    head = "渠道,客户,客户单号,要求日期,手术时间,手术编号,产品,数量,单价"
    good = f"直销,{customer.code},E2E-UP-1,{WANTED},{WANTED} 08:00,OR-20261202-01,{product.sku},1,{product.list_price}"
    bad = good.replace("E2E-UP-1", "E2E-UP-2").replace(f"{product.sku},1,", f"{product.sku},0,")
    person = sign_in("sales", "zh_Hans")
    page = person.go("/orders/upload")

    def send(text: str) -> None:
        file = {"name": "订单.csv", "mimeType": "text/csv", "buffer": text.encode("gbk")}
        page.set_input_files("input[type=file]", file)
        page.locator("main form button[type=submit]").first.click()

    send(f"{head}\n{good}\n{bad}\n")
    page.wait_for_selector("td:has-text('3')")
    assert "1,000,000" in page.inner_text("main")
    person.go("/orders/upload")
    send(f"{head}\n{good}\n")
    page.wait_for_url("**/orders/upload/0*")
    page.locator("form[action$='/confirm'] button").click()
    page.wait_for_selector("a[href*='/orders/0']")
    with db.transaction(write=False):
        assert db.session().scalar(select(Order).where(Order.external_ref == "E2E-UP-1")) is not None


def test_rework_change_then_reject(site, sign_in):
    sales, desk = sign_in("sales", "zh_Hans"), sign_in("desk", "zh_Hans", "phone")
    number = enter_order(sales, product=costly(site), customer=solid(site), reference="E2E-rework", quantity=2)
    decide(desk, number, "rework", "请改为一件")
    assert order_numbered(number).status == "rework"
    order = order_numbered(number)
    page = sales.go(f"/orders/{order.id}/change")
    page.fill("[name=lines-0-quantity]", "1")
    page.locator("main form[data-guard] button[type=submit]").last.click()
    page.wait_for_url(f"**/orders/{order.id}")
    changed = order_numbered(number)
    assert changed.status == "in_approval"
    assert changed.version > order.version
    decide(desk, number, "reject", "超出协议量")
    assert order_numbered(number).status == "rejected"


def test_a_change_in_the_middle_supersedes_the_task(site, sign_in):
    sales, desk = sign_in("sales"), sign_in("desk")
    number = enter_order(sales, product=costly(site), customer=solid(site), reference="E2E-middle", quantity=2)
    before = open_task(number)
    page = desk.go(f"/tasks/{before.id}")
    page.wait_for_selector("#decision .fjs-container")
    order = order_numbered(number)
    form = sales.go(f"/orders/{order.id}/change")
    form.fill("[name=lines-0-quantity]", "3")
    form.locator("main form[data-guard] button[type=submit]").last.click()
    form.wait_for_url(f"**/orders/{order.id}")
    page.locator("#decision button[value=approve]").click()
    page.wait_for_load_state("load")
    assert order_numbered(number).status == "in_approval"
    assert open_task(number).id != before.id


def test_the_submitter_withdraws(site, sign_in):
    sales = sign_in("sales", "zh_Hans", "phone")
    number = enter_order(sales, product=costly(site), customer=solid(site), reference="E2E-withdraw")
    order = order_numbered(number)
    page = sales.go(f"/orders/{order.id}/withdraw")
    page.fill("[name=reason]", "医院改期")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(f"**/orders/{order.id}")
    assert order_numbered(number).status == "withdrawn"
    assert open_task(number) is None


def test_a_lapsed_licence_blocks_until_it_is_renewed(site, sign_in):
    customer = site.world.hospitals[9]
    sales, qa = sign_in("sales"), sign_in("qa", "zh_Hans")
    with db.transaction(write=False):
        licence = db.session().scalars(select(Licence).where(Licence.customer_id == customer.id)).one()

    def valid_to(day: str) -> None:
        page = qa.go(f"/licences/{licence.id}/edit")
        page.fill("[name=valid_to]", day)
        page.locator("main form button[type=submit]").last.click()
        page.wait_for_url(lambda url: not url.endswith("/edit"))

    valid_to((clock.local_date(NOON) - timedelta(days=1)).isoformat())
    number = enter_order(sales, product=costly(site), customer=customer, reference="E2E-blocked")
    assert open_task(number).element_id == "resolve_blocks"
    page = qa.go(f"/tasks/{open_task(number).id}")
    assert "H1" in page.inner_text("main")
    valid_to("2028-12-31")
    decide(qa, number, "recheck", "已换发新证")
    assert open_task(number).element_id != "resolve_blocks"


def test_the_auditor_checks_the_trail_and_changes_the_language(site, sign_in):
    auditor = sign_in("auditor", "en", "phone")
    page = auditor.go("/audit")
    page.locator("button[hx-get*='full=true']").click()
    page.wait_for_selector("#verification :text('in order')")
    auditor.look()
    page.locator("form[action='/language/zh_Hans'] button").first.click()
    page.wait_for_load_state("load")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    auditor.go("/audit")
