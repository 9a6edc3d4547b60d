"""Working on a task together, in a browser: claim and undo, ask a colleague, a file, a mention, the bell."""

from __future__ import annotations

from sqlalchemy import select

from app.core import db
from app.core.subject import Subject
from app.orders.models import Order
from app.tasks.queries import open_tasks_of
from tests.e2e.test_journey import costly, enter_order, solid


def test_undo_delegate_attach_mention_and_the_bell(site, sign_in):
    number = enter_order(sign_in("sales"), product=costly(site), customer=solid(site), reference="E2E-team", quantity=3)
    with db.transaction(write=False):
        order = db.session().scalars(select(Order).where(Order.number == number)).one()
        task = open_tasks_of(Subject("order", order.id))[0]
    desk = sign_in("desk", "en", "desk")
    page = desk.go("/inbox?tab=groups")
    row = page.locator(f"#task-{task.id}")
    row.get_by_role("button", name="Take").click()
    page.wait_for_selector(".toast-undo button")
    assert not row.count()
    page.locator(".toast-undo button").click()
    page.wait_for_selector("text=The task is back with its group.")
    assert "/inbox?tab=groups" in page.url
    row.wait_for()
    page = desk.go(f"/tasks/{task.id}")
    claim = page.locator("form[action$='/claim'] button")
    claim.click()
    page.locator(".toast-undo button").click()
    page.wait_for_selector("text=The task is back with its group.")
    claim.click()
    page.set_input_files("[name=file]", {"name": "资料.txt", "mimeType": "text/plain", "buffer": "好".encode()})
    page.get_by_role("button", name="Attach", exact=True).click()
    page.wait_for_selector(".together-files >> text=资料.txt")
    with page.expect_download() as saved:
        page.locator(".together-files a").click()
    assert saved.value.suggested_filename == "资料.txt"
    page.fill("[name=message]", "@desk2 is the date right?")
    page.get_by_role("button", name="Comment on it").click()
    page.wait_for_selector(".together-comments >> text=is the date right?")
    page.locator("summary", has_text="Give to somebody").click()
    page.select_option("[name=user]", label="订单专员乙")
    desk.look_at_both_sizes()
    page.get_by_role("button", name="Delegate").click()
    page.wait_for_selector("text=Done. They were told.")

    other = sign_in("desk2", "zh_Hans", "phone")
    page = other.go("/inbox")
    assert page.locator(".top-bell .count").inner_text() == "2"
    page.locator(".top-bell").click()
    page.wait_for_selector("text=委托您办理")
    other.look_at_both_sizes()
    page.locator(".notice button").first.click()
    page.get_by_role("button", name="已办，交还").click()
    page.wait_for_selector("text=任务已交还给委托人。")
    assert page.locator(".top-bell .count").inner_text() == ""
    other.look()
