"""Naming substitutes: no circle on any day, whatever was named before."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit import queries as audit
from app.core import clock
from app.core.errors import Invalid
from app.core.permissions import NotPermitted
from app.core.subject import Subject
from app.identity import service, substitutes
from app.identity.substitutes import Edge
from tests.conftest import NOON
from tests.identity.factories import TODAY, actor_for, make_user, stand_in

PEOPLE = "abcd"


@pytest.fixture
def people(tx):
    return [make_user(roles=["manager"], name=name) for name in ("Anna", "Bo", "Cy")]


def days_of(one):
    return {one.first_day + timedelta(days=n) for n in range((one.last_day - one.first_day).days + 1)}


def has_circle(edges):
    """By trying every day, and every way on it."""
    for day in {day for one in edges for day in days_of(one)}:
        reach = {(one.user_id, one.substitute_id) for one in edges if day in days_of(one)}
        for middle, start, end in product(PEOPLE, repeat=3):
            if (start, middle) in reach and (middle, end) in reach:
                reach.add((start, end))
        if any((one, one) in reach for one in PEOPLE):
            return True
    return False


edges = st.builds(
    lambda pair, first, length: Edge(*pair, TODAY + timedelta(days=first), TODAY + timedelta(days=first + length)),
    st.sampled_from([(one, other) for one, other in product(PEOPLE, repeat=2) if one != other]),
    st.integers(0, 8),
    st.integers(0, 5),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(edges, max_size=10))
def test_whoever_is_named_nobody_ends_up_standing_in_for_themselves(wanted):
    kept = []
    for new in wanted:
        seen = [one for one in kept if one.first_day <= new.last_day and one.last_day >= new.first_day]
        way = substitutes.circle(new, seen)
        assert bool(way) == has_circle([*kept, new])
        if way:
            assert way[0] == way[-1] == new.user_id
            assert way[1] == new.substitute_id
        else:
            kept.append(new)


def test_a_circle_is_told_by_name_and_ends_where_days_do(people):
    anna, bo, cy = people
    stand_in(anna, bo)
    stand_in(bo, cy, 3, 9)
    with pytest.raises(Invalid) as refused:
        stand_in(cy, anna, 4, 20)
    assert "Cy → Anna → Bo → Cy" in refused.value.details["fields"]["substitute_id"][0]
    stand_in(cy, anna, 5, 20)  # Bo stands in for Anna until the day before
    with pytest.raises(Invalid) as refused:
        stand_in(bo, anna, 0, 0)
    assert "Bo → Anna → Bo" in refused.value.details["fields"]["substitute_id"][0]


def test_what_makes_no_sense_is_said_at_its_field(people):
    anna, bo, _cy = people
    gone = make_user(name="Gone", active=False)

    def wrong(**given):
        with pytest.raises(Invalid) as refused:
            stand_in(anna, given.pop("substitute", bo), given.pop("first", 0), given.pop("last", 4), **given)
        return list(refused.value.details["fields"])

    assert wrong(substitute=anna) == ["substitute_id"]
    assert wrong(substitute=gone) == ["substitute_id"]
    assert wrong(first=-9, last=-1) == ["last_day"]
    assert wrong(first=3, last=2) == ["last_day"]
    assert wrong(last=366) == ["last_day"]
    assert wrong(first_day=None, last_day=None) == ["first_day", "last_day"]
    assert wrong(scope=service.Scope(role="finance")) == ["scope"]
    assert wrong(scope=service.Scope("no-such-process")) == ["scope"]
    assert wrong(reason="x" * 501) == ["reason"]
    stand_in(anna, bo)
    assert wrong(first=2, last=9) == ["first_day"]
    stand_in(anna, bo, 2, 9, scope=service.Scope(role="manager"))


def test_for_others_only_managers_with_a_reason_and_all_is_on_record(people):
    anna, bo, cy = people
    sales = make_user(roles=["sales"])
    days = {"first_day": TODAY, "last_day": TODAY}
    with pytest.raises(NotPermitted):
        service.name_substitute(actor_for(sales), anna.id, bo.id, **days, reason="ill")
    with pytest.raises(Invalid) as refused:
        service.name_substitute(actor_for(cy), anna.id, bo.id, **days)
    assert list(refused.value.details["fields"]) == ["reason"]
    made = service.name_substitute(actor_for(cy), anna.id, bo.id, **days, reason="ill")
    with pytest.raises(service.NotYourSubstitution):
        service.end_substitution(actor_for(sales), made.id)
    service.end_substitution(actor_for(bo), made.id)
    with pytest.raises(service.SubstitutionEnded):
        service.end_substitution(actor_for(cy), made.id)
    entries = audit.entries_of(Subject("user", anna.id))
    assert [(one.action, one.actor_id) for one in entries] == [("substitute:name", cy.id), ("substitute:end", bo.id)]
    assert entries[0].details["reason"] == "ill"
    assert entries[0].details["substitute"] == bo.id


def test_it_counts_by_the_days_on_site_and_not_for_those_who_may_not_sign_in(people):
    anna, bo, _cy = people
    stand_in(anna, bo, 1, 2)

    def whom(moment):
        with clock.moved(moment):
            return [one.name for one in substitutes.principals_of(bo.id)]

    midnight = NOON + timedelta(hours=12)  # in Shanghai
    assert whom(midnight - timedelta(seconds=1)) == []
    assert whom(midnight) == whom(midnight + timedelta(days=2, seconds=-1)) == ["Anna"]
    assert whom(midnight + timedelta(days=2)) == []
    anna.active = False
    assert whom(midnight) == []
