"""What is stored is shown as text, wherever it is shown; what is exported is no formula."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from flask import Flask

from tests.hostile.html import faults_of
from tests.hostile.routes import Route, routes
from tests.hostile.world import FORMULAS, SCRIPT, Site

SHOW_IT = {
    *("audit.show_subject", "orders.show_order", "orders.list_orders", "orders.change_order", "orders.show_upload"),
    *("catalog.show_product", "catalog.list_products", "catalog.show_customer", "catalog.list_awards"),
    *("catalog.edit_licence", "catalog.show_contract", "catalog.list_regions", "catalog.show_authorisation"),
    *("inventory.show_lot", "inventory.show_stock", "fulfilment.show_task", "identity.list_users"),
    *("identity.all_tokens", "decisions.show_decision", "decisions.edit_table", "fulfilment.inbox"),
}
"""Routes on which what was stored is seen."""


def shown(app: Flask, site: Site, language: str, limit: int, **headers: str) -> tuple[list[str], set[str]]:
    """Opens every page of every thing there is: what was wrong, and the routes that showed the stored script."""
    client = site.client(app, "admin")
    client.set_cookie("language", language)
    wrong, seen = [], set()
    for route in routes(app):
        if route.method != "GET" or route.is_api:
            continue
        for url in route.urls(site, limit):
            answer = client.get(url, headers=headers)
            wrong += [f"{url}: {fault}" for fault in faults_of(answer)]
            if b"alert(1337)" in answer.data:
                seen.add(route.rule.endpoint)
    return wrong, seen


@pytest.mark.parametrize(
    ("language", "limit"),
    [("zh_Hans", 6), *(pytest.param(one, 12, marks=pytest.mark.full) for one in ("en", "zh_Hans"))],
)
def test_no_page_runs_what_was_stored(language, limit, app, site):
    wrong, seen = shown(app, site, language, limit)
    assert not wrong, "\n".join(wrong)
    assert seen >= SHOW_IT, "what was stored must really be there, else this would prove nothing"


@pytest.mark.parametrize("limit", [2, pytest.param(12, marks=pytest.mark.full)])
def test_no_part_of_a_page_runs_what_was_stored(app, site, limit):
    wrong, _seen = shown(app, site, "en", limit, **{"HX-Request": "true"})
    assert not wrong, "\n".join(wrong)


def exports(app: Flask) -> list[Route]:
    return [route for route in routes(app) if "export" in route.rule.rule]


def test_exports_hold_no_formula(app, site):
    client = site.client(app, "admin")
    seen = set()
    for route in exports(app):
        for kind in ("csv", "xlsx"):
            url = route.fill({"file_type": kind, "kind": kind}) + "?status=any"
            answer = client.get(url)
            assert answer.status_code == 200, url
            assert "attachment" in answer.headers["Content-Disposition"]
            cells = _csv_cells(answer.data) if kind == "csv" else _xlsx_cells(answer.data)
            bad = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not _is_number(cell)]
            assert bad == [], url
            seen |= {formula for formula in FORMULAS for cell in cells if cell.startswith(f"'{formula}")}
            seen |= {SCRIPT for cell in cells if SCRIPT in cell}
    assert seen == {*FORMULAS, SCRIPT}


def _csv_cells(data: bytes) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]


def _xlsx_cells(data: bytes) -> list[str]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
