"""Three ranked lists and moving an order by hand, in a browser, in both languages and at both sizes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import clock, db
from app.fulfilment import intake
from app.identity import queries as people
from app.priority import queries as priority
from tests.conftest import NOON
from tests.e2e.conftest import PASSWORD
from tests.e2e.test_journey import costly, solid

WORDS = {
    "en": ("Acts first", "Delivered first", "Needs it most", "Move by hand", "Withdraw this move"),
    "zh_Hans": ("谁先动", "谁先交付", "谁更需要", "人工调整顺序", "撤销此调整"),
}


def entered(site, order_type: str) -> str:
    """The id of a new order for one costly device."""
    day, product = clock.local_date(NOON), costly(site)
    with db.transaction():
        sales = people.find_by_login("sales")
        assert sales is not None
        line = {"product": product.sku, "quantity": 1, "uom": "EA", "unit_price": str(product.list_price)}
        order = {
            "channel": "direct",
            "order_type": order_type,
            "customer": solid(site).code,
            "requested_date": (day + timedelta(days=20)).isoformat(),
            "surgery_at": f"{day + timedelta(days=21)}T08:00:00+08:00",
            "surgery_number": "OR-1",
            "hospital_po": "PO-1",
            "lines": [line],
        }
        return intake.take_in(people.actor_of(sales), order).order.id


def place(order_id: str) -> int | None:
    with db.transaction(write=False):
        return priority.place_of(priority.standing_of(order_id))


@pytest.mark.parametrize(
    ("language", "size"), [pytest.param("en", "desk", marks=pytest.mark.full), ("zh_Hans", "phone")]
)
def test_from_the_lists_to_a_signed_move_and_back(site, sign_in, language, size):
    urgent, mine = entered(site, "replacement"), entered(site, "normal")
    before = place(mine)
    act, deliver, need, move, withdraw = WORDS[language]
    person = sign_in("desk", language, size)
    page = person.go("/priority")
    for label in (act, deliver, need):
        page.get_by_role("link", name=label, exact=True).click()
        person.look()
        assert page.locator(f"a[href*='{mine}']").count() >= 1, label
    person.look_at_both_sizes()

    page.locator(f"a[href*='{mine}#need']").first.click()
    page.get_by_role("link", name=move).click()
    person.look()
    page.select_option("#f-band", "P0")
    page.wait_for_selector("#f-password")  # the preview says that urgent orders give way
    person.look_at_both_sizes()
    page.fill("#f-reason", "OR 07:30")
    page.fill("#f-password", "not-my-password")
    page.locator("#override-form button[type=submit]").click()
    page.wait_for_selector(".invalid-feedback")
    person.look()
    assert place(mine) == before
    page.fill("#f-password", PASSWORD)
    page.locator("#override-form button[type=submit]").click()
    page.wait_for_selector("#override form")
    person.look_at_both_sizes()
    assert place(mine) < place(urgent)

    assert "OR 07:30" in person.go("/priority/overrides").locator("main").inner_text()
    person.look_at_both_sizes()
    person.go(f"/orders/{mine}")
    page.get_by_role("button", name=withdraw).click()
    page.get_by_role("link", name=move).wait_for()
    person.look()
    assert place(mine) == before
