"""The way of goods in a browser: found by its number, walked by keyboard, at both sizes and in both languages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.core import db
from app.inventory.models import Lot
from tests.e2e.barriers import barriers_on

WORDS = {"en": ("Supplier|supplier", "in: "), "zh_Hans": ("供应商", "流入：")}


@pytest.mark.parametrize(("language", "size"), [("en", "desk"), ("zh_Hans", "phone")])
def test_a_lot_is_found_and_walked_through(site, sign_in, language, size):
    with db.transaction(write=False):
        number = db.session().scalars(select(Lot.lot_no).where(Lot.status == "released").order_by(Lot.lot_no)).first()
    supplier, comes_in = WORDS[language]
    person = sign_in("qa", language, size)
    page = person.go("/trace")
    page.fill("main input[name=q]", str(number))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/trace/lot/"))
    person.look()
    drawing, told = page.locator(".trace-canvas"), page.locator(".trace-told")
    drawing.focus()
    drawing.press("ArrowRight")
    expect(told).to_contain_text(re.compile(supplier))
    drawing.press("ArrowDown" if size == "phone" else "ArrowRight")
    expect(told).to_contain_text(comes_in)
    assert barriers_on(page) == []
    drawing.press("Enter")
    page.wait_for_url(re.compile("/warehouses/"))
    person.look()
