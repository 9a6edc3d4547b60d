"""The main job in a browser, in both languages and at both sizes: enter, see why, approve twice, released."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from app.core import clock, db
from app.core.subject import Subject
from app.orders.models import Order
from app.tasks.queries import candidates_of, open_tasks_of
from tests.conftest import NOON
from tests.e2e.conftest import PASSWORD

WORDS = {
    "zh_Hans": {"approve": "同意", "reason": "资料齐全", "draft": "草稿已于"},
    "en": {"approve": "Approve", "reason": "All papers are there", "draft": "Draft saved at"},
}


def order_numbered(number: str) -> Order:
    with db.transaction(write=False):
        reading = db.session()
        return reading.scalars(select(Order).where(Order.number == number)).one()


def enter_order(person, *, product, customer, reference: str, quantity: int = 1) -> str:
    """Fill the form as a person does; the number of the order."""
    page = person.go("/orders/new")
    page.select_option("[name=channel]", "direct")
    page.fill("[name=customer]", customer.code)
    page.keyboard.press("Escape")
    page.fill("[name=requested_date]", (clock.local_date(NOON) + timedelta(days=9)).isoformat())
    page.fill("[name=external_ref]", reference)
    page.fill("[name=hospital_po]", f"YY-{reference}")
    page.fill("[name=surgery_at]", (clock.local(NOON) + timedelta(days=10)).strftime("%Y-%m-%dT08:00"))
    page.fill("[name=surgery_number]", "OR-20261203-07")
    page.fill("[name=lines-0-product]", product.sku)
    page.keyboard.press("Escape")
    page.fill("[name=lines-0-quantity]", str(quantity))
    page.fill("[name=lines-0-unit_price]", str(product.list_price))
    page.locator("main form[data-guard] button[type=submit]").last.click()
    page.wait_for_url("**/orders/0*")
    person.look()
    return page.locator("h1").inner_text().split()[0]


@pytest.mark.parametrize(
    ("language", "size"),
    [
        ("zh_Hans", "phone"),
        pytest.param("en", "desk", marks=pytest.mark.full),
        pytest.param("zh_Hans", "desk", marks=pytest.mark.full),
        pytest.param("en", "phone", marks=pytest.mark.full),
    ],
)
def test_an_order_is_entered_explained_approved_by_two_and_released(site, sign_in, language, size):
    sales = sign_in("sales", language, size)
    number = enter_order(
        sales, product=costly(site), customer=solid(site), reference=f"E2E-{language}-{size}", quantity=3
    )

    page = sales.page
    page.wait_for_selector("[data-island=waterfall] svg, [data-island=waterfall] canvas")
    page.wait_for_selector("[data-island=diagram] .djs-element")
    assert page.locator("[data-island=diagram] [class*=active]").count() >= 1
    order = order_numbered(number)
    assert order.submitted_by
    deciders = approve_to_the_end(sign_in, order, language, size)
    assert len(deciders) == 2
    assert deciders[0] != deciders[1]

    sales.go(f"/orders/{order.id}")
    assert order_numbered(number).status == "released"
    page.wait_for_selector("[data-island=diagram] .djs-element")
    page.wait_for_selector(".signed:not(.signed-wrong) .signed-name")
    sales.look()
    with page.expect_download() as saved:
        page.locator(".signed-files a").first.click()
    assert saved.value.suggested_filename == f"{number}-signed.pdf"


def approve_to_the_end(sign_in, order: Order, language: str, size: str) -> list[str]:
    """Whoever may decide finds the task in the inbox and approves it, until nothing is open."""
    who = {"order_desk": ["desk", "desk2"], "manager": ["manager", "manager2"], "finance": ["finance"], "qa_ra": ["qa"]}
    deciders: list[str] = []
    for _round in range(3):
        with db.transaction(write=False):
            waiting = open_tasks_of(Subject("order", order.id))
            groups = candidates_of(waiting[0].id)["group"] if waiting else []
        if not waiting:
            return deciders
        task = waiting[0]
        login = next(one for group in groups for one in who.get(group, []) if one not in deciders)
        person = sign_in(login, language, size)
        page = person.go("/inbox")
        page.locator(f"a[href*='/tasks/{task.id}']").first.click()
        page.wait_for_selector("#decision .fjs-container")
        person.look()
        page.locator("#decision textarea").first.fill(WORDS[language]["reason"])
        if not deciders:  # what one writes is still there when one comes back
            page.locator("#draft-note", has_text=WORDS[language]["draft"]).wait_for()
            page.reload()
            person.look()
            assert page.locator("#decision textarea").first.input_value() == WORDS[language]["reason"]
        if page.locator("#sign-here").count():
            sign(page, login)
        else:
            page.locator("#decision button[value=approve]").click()
        page.wait_for_selector("#decision", state="detached")
        page.wait_for_selector(f"text={order.number}")
        head, toast = (page.locator(one).bounding_box() for one in (".page-head", ".toast-note"))
        assert toast["y"] >= head["y"] + head["height"]  # what one needs next is not under it
        person.look()
        deciders.append(login)
    return deciders


def sign(page: Page, login: str) -> None:
    """Enter presses no verb that nobody chose; what is missing stands above the verbs; then Enter signs."""
    fields = [one for one in ("login", "password") if page.locator(f"[name={one}]").count()]
    given = {"login": login, "password": PASSWORD}
    page.fill("[name=password]", "unfinished")
    page.keyboard.press("Enter")
    page.wait_for_selector("#sign-here [role=alert]")
    assert page.evaluate("document.activeElement.value") == "approve"
    page.fill("[name=password]", "")
    page.locator("#decision button[value=approve]").click()
    page.wait_for_function("name => document.activeElement.name === name", arg=fields[0])
    missing, verbs = (page.locator(one).bounding_box() for one in (f"[name={fields[0]}]", ".decision-buttons"))
    assert missing["y"] + missing["height"] <= verbs["y"]
    for name in fields:  # the login is not asked in a session that signed a moment ago
        page.fill(f"[name={name}]", given[name])
    page.keyboard.press("Enter")


def stock_of(product) -> int:
    from app.inventory.queries import available

    with db.transaction(write=False):
        return available(product.id, on=clock.local_date(NOON) + timedelta(days=5))


def costly(site):
    """A device of which three cost more than one person may approve."""
    return next(one for one in site.world.products if one.list_price >= 20_000 and stock_of(one) >= 20)


def solid(site):
    """A hospital with credit to spare."""
    return next(
        one for one in site.world.hospitals if one.overdue_days == 0 and one.credit_limit - one.credit_used > 1_000_000
    )


def test_two_people_claim_at_once_and_the_loser_is_told_who_has_it(site, sign_in):
    sales = sign_in("sales")
    number = enter_order(sales, product=costly(site), customer=solid(site), reference="E2E-claims", quantity=3)
    with db.transaction(write=False):
        order = db.session().scalars(select(Order).where(Order.number == number)).one()
        task = open_tasks_of(Subject("order", order.id))[0]
    first, second = sign_in("desk"), sign_in("desk2")
    for person in (first, second):
        person.go(f"/tasks/{task.id}")
    first.page.locator("form[action$='/claim'] button").click()
    first.page.wait_for_selector("form[action$='/release']")
    second.page.locator("form[action$='/claim'] button").click()
    second.page.wait_for_selector("text=订单专员甲")


def test_the_inbox_shows_a_new_order_without_reloading(site, sign_in):
    desk, sales = sign_in("desk"), sign_in("sales")
    page = desk.go("/inbox?tab=groups")
    number = enter_order(sales, product=costly(site), customer=solid(site), reference="E2E-live")
    page.wait_for_selector(f"text={number}", timeout=8_000)
