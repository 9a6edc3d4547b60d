"""Pages of lists."""

from __future__ import annotations

from sqlalchemy import select

from app.catalog.models import Customer
from app.core.paging import Page, paginate_in_turn
from tests.catalog.factories import make_customer


def test_parts_follow_each_other_across_pages(tx):
    """First those of tier A by name, then the others backwards."""
    for number in range(7):
        make_customer(name=f"Hospital {number}", tier="A" if number < 3 else "B")
    tx.flush()
    mine = Customer.name.like("Hospital _")
    parts = [
        (3, select(Customer.name).where(mine, Customer.tier == "A").order_by(Customer.name)),
        (0, select(Customer.name).where(mine, Customer.tier == "C")),
        (4, select(Customer.name).where(mine, Customer.tier == "B").order_by(Customer.name.desc())),
    ]

    def page(number: int, size: int) -> Page[str]:
        return paginate_in_turn(parts, number, size)

    whole = [name for (name,) in page(1, 50).items]
    assert whole == [f"Hospital {number}" for number in (0, 1, 2, 6, 5, 4, 3)]
    assert [name for number in (1, 2, 3, 4) for (name,) in page(number, 2).items] == whole
    assert (page(4, 2).total, page(4, 2).more, page(3, 2).more, page(5, 2).items) == (7, False, True, [])
