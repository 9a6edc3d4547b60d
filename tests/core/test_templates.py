"""The frame of every page and the macros: they render in both languages, escape what they are given, name fields."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, render_template_string

from app.core import clock, i18n, menu, permissions, templating
from app.core.i18n import _l
from app.core.paging import Page

ROOT = Path(__file__).parents[2]
ACTOR = permissions.Actor(id="u1", login="li.na", name="李娜 <b>", roles=frozenset({"admin"}))
PAGE = """{% extends "base.html" %}{% block title %}Probe{% endblock %}{% block content %}<p id="probe">x</p>{% endblock %}"""


def render(app: Flask, source: str, *, actor: permissions.Actor | None = ACTOR, language: str = "en", **values) -> str:
    with app.test_request_context("/"), i18n.reading(language):
        permissions.act_as(actor)
        return render_template_string(source, **values)


def macro(app: Flask, call: str, language: str = "en", **values) -> str:
    names = "badge_band, status_badge, field, button, csrf, page_header, card, data_table, dl, timeline, empty, pagination, errors, alert, icon"
    return render(app, f'{{% from "_macros.html" import {names} %}}{call}', language=language, **values)


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh_Hans", "zh-Hans")])
def test_a_signed_in_page_has_landmarks_and_escapes_the_name(app, tx, language, tag):
    html = render(app, PAGE, language=language)
    assert f'<html lang="{tag}">' in html
    for part in ('<main id="content"', 'id="notices"', 'class="skip"', 'class="tabs"', 'id="probe"'):
        assert html.count(part) == 1, part
    assert "李娜 &lt;b&gt;" in html
    assert "李娜 <b>" not in html


def test_a_signed_out_page_is_a_card_without_menu(app):
    html = render(app, PAGE, actor=None)
    assert "gate-card" in html
    assert html.count('id="probe"') == 1
    assert "side-nav" not in html


def test_pages_have_no_inline_scripts_or_handlers(app):
    for source in ROOT.glob("app/templates/**/*.html"):
        text = source.read_text(encoding="utf-8")
        assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), source
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), source
        assert "javascript:" not in text, source


def test_every_icon_named_exists():
    drawn = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (ROOT / "app/static/icons.svg").read_text()))
    named = {entry.icon for entry in menu._entries}
    for source in ROOT.glob("app/templates/**/*.html"):
        named |= set(re.findall(r'\bicon(?:_name)?(?:=|\()"([a-z0-9-]+)"', source.read_text(encoding="utf-8")))
    assert named - drawn == set()


def test_a_link_to_a_missing_page_is_empty(app):
    with app.test_request_context("/"):
        assert templating.link("nowhere.at_all") == ""
        assert templating.link("healthz") == "/healthz"


def test_the_menu_marks_the_longest_fitting_address(app, tx, monkeypatch):
    entries = [
        menu.Entry(_l("Start"), "home", "home", None, "work", 1),
        menu.Entry(_l("Ready"), "readyz", "check", None, "work", 2, lambda: "7"),
        menu.Entry(_l("Gone"), "nowhere.at_all", "x", None, "system", 3),
    ]
    monkeypatch.setattr(menu, "_entries", entries)
    with app.test_request_context("/readyz"):
        permissions.act_as(ACTOR)
        places = templating.menu_places()
        assert [(place.endpoint, place.badge, place.current) for place in places] == [
            ("home", "", False),
            ("readyz", "7", True),
        ]
        assert [section.title for section in templating.menu_sections()] == ["Work"]


def test_menu_badges_are_json_and_empty_for_strangers(client):
    assert client.get("/menu/badges").get_json() == {}


def test_bands(app):
    assert "band-p0" in macro(app, '{{ badge_band("P0") }}')
    assert "Blocked" in macro(app, '{{ badge_band("P0", blocked=True) }}')
    assert "–" in macro(app, "{{ badge_band(None) }}")


def test_a_field_is_labelled_and_tied_to_its_error_and_hint(app):
    html = macro(
        app,
        '{{ field("Name", "lines.0.name", value, required=True, error=["bad", "worse"], hint="short") }}',
        value='"<x>',
    )
    assert 'for="f-lines-0-name"' in html
    assert 'id="f-lines-0-name"' in html
    assert 'aria-describedby="f-lines-0-name-hint f-lines-0-name-error"' in html
    assert 'aria-invalid="true"' in html
    assert "&#34;&lt;x&gt;" in html
    assert "<x>" not in html


def test_fields_of_every_kind(app):
    select = macro(app, '{{ field("Kind", "kind", "b", options=[("a", "A"), ("b", "B")]) }}')
    assert '<option value="b" selected>' in select
    mapped = macro(app, '{{ field("Kind", "kind", 2, type="select", options={1: "one", 2: "two"}) }}')
    assert '<option value="2" selected>two' in mapped
    assert "<textarea" in macro(app, '{{ field("Note", "note", "a\nb", type="textarea") }}')
    assert "checked" in macro(app, '{{ field("Sterile", "sterile", True, type="checkbox") }}')
    assert "secret" not in macro(app, '{{ field("Password", "password", "secret", type="password") }}')
    assert "data-suggest=" in macro(app, '{{ field("P", "p", attrs={"data-suggest": "/p?q="}) }}')
    assert 'value="None"' not in macro(app, '{{ field("P", "p", None) }}')


def test_pagination_keeps_filters(app):
    html = macro(app, '{{ pagination(page, "home", q="a&b") }}', page=Page([1], 2, 50, 120))
    assert "Page 2 of 3" in html
    assert "120 entries" in html
    assert "page=1&amp;q=a%26b" in html
    assert macro(app, '{{ pagination(page, "home") }}', page=Page([], 1, 50, 0)).strip() == ""


def test_parts_with_and_without_a_body(app):
    assert "page-actions" not in macro(app, '{{ page_header("T") }}')
    assert "page-actions" in macro(app, '{% call page_header("T", "S") %}x{% endcall %}')
    html = macro(app, "{{ timeline(items) }}", items=[SimpleNamespace(at=clock.now(), actor="A", title="<i>")])
    assert "&lt;i&gt;" in html
    assert "2026-11-23 12:00" in html
    assert "no value" not in macro(app, '{{ dl([("no value", None), ("zero", 0)]) }}')
    assert "zero" in macro(app, '{{ dl([("zero", 0)]) }}')


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_refusals_are_pages_with_advice_and_notices_for_parts(app, client, language):
    page = client.get("/no/such/page", headers={"Accept": "text/html", "Accept-Language": language.replace("_", "-")})
    assert page.status_code == 404
    assert "data-back" in page.text
    part = client.get("/no/such/page", headers={"Accept": "text/html", "HX-Request": "true"})
    assert part.headers["HX-Retarget"] == "#notices"
    assert "<html" not in part.text
    assert "toast-note" in part.text
