"""Delivery regions and their lanes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, or_, select

from app.catalog import queries, service
from app.catalog.models import Region
from app.catalog.pages import forms
from app.catalog.pages.inputs import Form, Group, Input
from app.catalog.pages.kinds import Kind, offer
from app.catalog.pages.listing import Column, Listing
from app.catalog.pages.names import Cell
from app.catalog.permissions import REGION_EDIT, REGION_READ
from app.core.i18n import _, _l, pick, show_number
from app.core.permissions import Actor

FORM = Form(
    (
        Group(
            _l("Region"),
            (
                Input("code", _l("Code"), required=True, attrs=forms.CODE | {"maxlength": 16}),
                Input("zh", _l("Chinese name"), required=True, attrs=forms.NAME),
                Input("en", _l("English name"), required=True, attrs=forms.NAME),
            ),
        ),
        Group(
            _l("Lane"),
            (
                Input("lane_days_p50", _l("Usual days under way"), "number", required=True),
                Input("lane_days_p95", _l("Days under way, 95 % of the time"), "number", required=True),
                Input("cold_lane", _l("Kept cold all the way"), "checkbox"),
            ),
        ),
    )
)


def _statement(q: str) -> Select[Any]:
    wanted: Select[Any] = select(Region).order_by(Region.code)
    if not q.strip():
        return wanted
    pattern = queries.like(q)
    names = (Region.code, Region.name["zh"].as_string(), Region.name["en"].as_string())
    return wanted.where(or_(*(func.lower(name).like(pattern, escape="\\") for name in names)))


def _days(name: str, value: Any, label: Any) -> Column:
    return Column(
        name, label, lambda found: Cell(show_number(getattr(found, name)), export=getattr(found, name)), value
    )


LISTING = Listing(
    key="region",
    title=_l("Regions and lanes"),
    lead=_l("How long goods are under way to each region, and whether they can be kept cold."),
    search_hint=_l("Code or name"),
    statement=_statement,
    columns=(
        Column("code", _l("Code"), lambda found: Cell(found.code), Region.code),
        Column("name", _l("Region name"), lambda found: Cell(pick(found.name))),
        _days("lane_days_p50", Region.lane_days_p50, _l("Usual days under way")),
        _days("lane_days_p95", Region.lane_days_p95, _l("Days under way, 95 % of the time")),
        Column(
            "cold",
            _l("Cold chain"),
            lambda found: Cell(_("yes"), "success", "yes") if found.cold_lane else Cell(_("no"), "warning", "no"),
            Region.cold_lane,
        ),
    ),
    filters=(),
    icon="map-pin",
    new=_l("New region"),
    edit_right="region:edit",
)


def _named(given: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in given.items() if key not in ("zh", "en")}
    return {**rest, "name": {"zh": given.get("zh", ""), "en": given.get("en", "")}}


def _create(actor: Actor, given: dict[str, Any]) -> Region:
    return service.create_region(actor, _named(given))


def _change(actor: Actor, region: Region, given: dict[str, Any], *, seen_version: int) -> Region:
    return service.change_region(actor, region, _named(given), seen_version=seen_version)


offer(
    Kind(
        key="region",
        listing=LISTING,
        form=FORM,
        get=queries.region,
        create=_create,
        change=_change,
        title=lambda found: pick(found.name),
        read=REGION_READ,
        edit=REGION_EDIT,
        place=(_l("Regions and lanes"), 80),
    )
)
