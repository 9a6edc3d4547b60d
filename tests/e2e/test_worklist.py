"""The inbox by keyboard, with others at work at the same time."""

from __future__ import annotations

from datetime import timedelta

from app.core import clock, db
from app.core.subject import Subject
from app.orders.models import Order
from app.tasks import queries, service
from app.tasks.models import Rank, Task
from tests.e2e.test_journey import costly, enter_order, solid
from tests.tasks.factories import make_task


def more_tasks(number: str, count: int, band: str = "P2") -> list[Task]:
    """Tasks of the order desk about that order."""
    with db.transaction():
        order = db.session().query(Order).filter_by(number=number).one()
        return [
            make_task(
                subject=Subject("order", order.id),
                groups=["order_desk"],
                rank=Rank(band=band, number=number),
                due_at=clock.now() + timedelta(hours=place - 1),
            )
            for place in range(count)
        ]


def test_by_keyboard_while_others_work(site, sign_in):
    """Search, move, mark, take, open and come back; what others do moves nothing under the reader."""
    number = enter_order(sign_in("sales"), product=costly(site), customer=solid(site), reference="E2E-keys")
    more_tasks(number, 4)
    desk = sign_in("desk")
    page = desk.go("/inbox?tab=groups")
    page.keyboard.press("/")
    page.keyboard.type(number.lower())
    page.keyboard.press("Enter")
    page.wait_for_url("**q=**")
    desk.look_at_both_sizes()
    assert page.locator("[data-worklist] tr[id]").count() == 5
    page.locator("h1").click()
    for key in ("j", "j", "x", "j"):
        page.keyboard.press(key)
    assert page.locator("tr.is-marked[aria-selected=true]").count() == 1
    third = page.locator("tr.is-here").get_attribute("id")
    page.keyboard.press("?")
    assert page.locator("dialog.ask dt", has_text="c").count() >= 1
    page.keyboard.press("Escape")
    place = page.evaluate("document.querySelector('tr.is-here').getBoundingClientRect().top")
    more_tasks(number, 2, band="P0")
    first = page.locator("[data-worklist] tr[id]").first.get_attribute("id")
    with db.transaction():
        service.cancel_of(queries.get_task(str(first).removeprefix("task-")).source_id, "no more")
    page.wait_for_selector(".worklist-news:has-text('2 new')", timeout=8_000)
    page.wait_for_selector(f"#{first}.is-gone")
    assert page.locator("tr.is-here").get_attribute("id") == third
    assert abs(page.evaluate("document.querySelector('tr.is-here').getBoundingClientRect().top") - place) < 1
    page.keyboard.press("r")
    page.wait_for_selector(f"#{first}", state="detached")
    assert page.locator("tr.is-here").get_attribute("id") == third
    page.wait_for_selector("tr.is-here:focus")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/**")
    page.locator("a.page-back").click()
    page.wait_for_url("**q=**")
    assert page.locator("tr.is-here").get_attribute("id") == third
    page.keyboard.press("c")
    page.wait_for_selector(f"#{third}", state="detached")
    page.wait_for_selector("tr.is-here")
    with db.transaction(write=False):
        assert queries.get_task(str(third).removeprefix("task-")).assignee_id is not None
    page.click("summary:has-text('Keep this filter')")
    page.fill("#keep-name", "Mine to watch")
    page.click(".keep-filter button")
    page.wait_for_selector(".chip.is-chosen .count:has-text('5')")
    desk.go("/inbox?tab=today")
    desk.look_at_both_sizes()
    desk.go("/inbox/filters")
    desk.look_at_both_sizes()
