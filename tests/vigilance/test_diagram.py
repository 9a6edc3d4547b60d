"""bpmn/capa.bpmn: its scenarios, run as the designer runs them, go through all of it."""

from __future__ import annotations

from pathlib import Path

import orjson

from app.processes import engine
from app.processes.designer import trying
from app.processes.designer.models import ProcessDraft
from tests.decisions.factories import seed

FOLDER = Path(__file__).parents[2] / "bpmn"


def test_the_scenarios_pass_and_leave_nothing_out(tx):
    seed()
    xml = (FOLDER / "capa.bpmn").read_bytes()
    forms = {name: orjson.loads((FOLDER / f"{name}.form").read_bytes()) for name in engine.form_keys_of(xml)}
    scenarios = (FOLDER / "capa.scenarios.yaml").read_text()
    trial = trying.try_draft(ProcessDraft(key="capa", xml=xml.decode(), forms=forms, scenarios=scenarios))
    assert [(one.scenario.title, one.wrong) for one in trial.broken] == []
    assert trial.coverage.percent == 100
