"""A business rule task and a gateway ask a decision table over variables of the process."""

from __future__ import annotations

import pytest

from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.decisions import service as decisions
from app.processes import engine, service
from app.processes.definitions import deployed
from tests.decisions.dmn.factories import dmn

FREIGHT = dmn(
    [("express", "boolean"), ("weight", "number")],
    [("route", "string"), ("fee", "number")],
    [["true", "< 5", '"air"', "12"], ["false", "-", '"road"', "3"], ["true", ">= 5", '"sea"', "7"]],
)
DIAGRAM = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:youxu="urn:youxu:bpmn:1" targetNamespace="t"><process id="shipping" isExecutable="true">
<startEvent id="s"/><sequenceFlow id="f1" sourceRef="s" targetRef="price"/>
<businessRuleTask id="price" camunda:decisionRef="freight" camunda:resultVariable="{variable}" camunda:mapDecisionResult="{how}"/>
<sequenceFlow id="f2" sourceRef="price" targetRef="way"/>
<exclusiveGateway id="way" youxu:ruleSet="freight" default="f4"/>
<sequenceFlow id="f3" sourceRef="way" targetRef="fly"><conditionExpression>${{decision.route == 'air' and decision.result.fee > 10}}</conditionExpression></sequenceFlow>
<sequenceFlow id="f4" sourceRef="way" targetRef="drive"/>
<userTask id="fly"/><userTask id="drive"/>
<sequenceFlow id="f5" sourceRef="fly" targetRef="e"/><sequenceFlow id="f6" sourceRef="drive" targetRef="e"/><endEvent id="e"/>
</process></definitions>"""


@pytest.fixture
def freight(tx):
    draft = decisions.submit(SYSTEM, FREIGHT, "freight.dmn", cases="[]")
    decisions.activate(SYSTEM, decisions.try_version(SYSTEM, draft))


def started(how: str, **variables):
    service.deploy(SYSTEM, DIAGRAM.format(variable="price", how=how).encode())
    instance = service.start(SYSTEM, "shipping", Subject("test", f"{how}{variables}"[:60]), variables=variables)
    return deployed(instance.definition_id).definition, instance.state


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("singleResult", {"route": "air", "fee": 12}),
        ("resultList", [{"route": "air", "fee": 12}]),
    ],
)
def test_the_answer_is_mapped_and_the_gateway_takes_the_way(freight, how, expected):
    definition, state = started(how, express=True, weight=4.5)
    assert engine.variables(definition, state)["price"] == expected
    assert [one.element.id for one in engine.tokens(definition, state) if one.waits == "user"] == ["fly"]


def test_another_way(freight):
    definition, state = started("singleResult", express=False, weight=1)
    assert [one.element.id for one in engine.tokens(definition, state) if one.waits == "user"] == ["drive"]


def test_more_outputs_than_the_mapping_takes_is_an_incident(freight):
    definition, state = started("singleEntry", express=False, weight=1)
    (token,) = [one for one in engine.tokens(definition, state) if one.waits == "fault"]
    assert token.element.id == "price"
