"""Every flow of every diagram in bpmn/, each default and each boundary too, is taken by a scenario beside it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
import pytest

from app.processes import engine
from app.processes.designer import trying
from app.processes.designer.models import ProcessDraft
from tests.decisions.factories import seed

FOLDER = Path(__file__).parents[2] / "bpmn"
DIAGRAMS = sorted(path.stem for path in FOLDER.glob("*.bpmn"))
MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def drawn(xml: bytes) -> tuple[set[str], set[str]]:
    """Ids of sequence flows, and of what tokens come to, read from the file as it is: not as our engine reads it."""
    nodes = list(ET.fromstring(xml).iter())
    flows = [node for node in nodes if node.tag == f"{MODEL}sequenceFlow"]
    visited = [
        node
        for node in nodes
        if node.tag.startswith(MODEL) and node.tag.endswith(("Event", "Task", "Gateway", "subProcess"))
    ]
    return {flow.attrib["id"] for flow in flows}, {node.attrib["id"] for node in visited}


def test_none_is_left_out() -> None:
    assert DIAGRAMS == ["approval", "capa", "change", "qc", "qualification", "recall", "shipment"]


@pytest.mark.parametrize("key", DIAGRAMS)
def test_the_scenarios_pass_and_go_every_way(key, tx):
    seed()
    xml = (FOLDER / f"{key}.bpmn").read_bytes()
    forms = {name: orjson.loads((FOLDER / f"{name}.form").read_bytes()) for name in engine.form_keys_of(xml)}
    scenarios = (FOLDER / f"{key}.scenarios.yaml").read_text()
    trial = trying.try_draft(ProcessDraft(key=key, xml=xml.decode(), forms=forms, scenarios=scenarios))
    assert [(one.scenario.title, one.wrong) for one in trial.broken] == []
    flows, visited = drawn(xml)
    assert flows - trial.coverage.flows == set()
    assert visited - trial.coverage.elements == set()
    assert trial.coverage.percent == 100
