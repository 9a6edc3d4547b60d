"""Every scenario and every refusal, against Youxu."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from tests.conformance import cases
from tests.conformance.cases.refused import REFUSALS
from tests.conformance.driver import play
from tests.conformance.engine import Refused
from tests.conformance.scenario import Refusal, Scenario
from tests.conformance.youxu import Youxu
from tests.processes import invariants

pytestmark = pytest.mark.any_database


def scenarios() -> list[tuple[str, Scenario]]:
    """(subject: name, scenario) of every module of `cases`."""
    found = []
    for module in pkgutil.iter_modules(cases.__path__):
        suite = getattr(importlib.import_module(f"{cases.__name__}.{module.name}"), "suite", None)
        if suite is not None:
            found += [(f"{module.name}: {scenario.name}", scenario) for scenario in suite.scenarios]
    return found


ALL = scenarios()


@pytest.mark.parametrize("scenario", [scenario for _name, scenario in ALL], ids=[name for name, _scenario in ALL])
def test_runs_as_drawn(tx, scenario: Scenario):
    whole: set[str] = set()
    play(Youxu(), scenario, lambda: invariants.broken(audit=False, skip=whole))


@pytest.mark.parametrize("refusal", REFUSALS, ids=[refusal.name for refusal in REFUSALS])
def test_is_refused_naming_the_element(tx, refusal: Refusal):
    with pytest.raises(Refused) as caught:
        Youxu().deploy(refusal.diagram)
    if refusal.element is not None:
        assert refusal.element in caught.value.elements
    assert all(reasons and all(reasons) for reasons in caught.value.elements.values())


def test_names_are_told_apart():
    names = [name for name, _scenario in ALL]
    assert len(names) == len(set(names))
    assert len(names) > 300
