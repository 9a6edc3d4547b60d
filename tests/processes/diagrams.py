"""Tiny diagrams for tests, as text."""

from __future__ import annotations

from itertools import pairwise

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:youxu="urn:youxu:bpmn:1" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">'
)


def attributes(**given: str) -> str:
    """`youxu__step="x"` becomes youxu:step; `id_` becomes id."""
    return "".join(f' {name.rstrip("_").replace("__", ":")}="{value}"' for name, value in given.items())


def node(kind: str, element: str, inner: str = "", **given: str) -> str:
    return f'<{kind} id="{element}"{attributes(**given)}>{inner}</{kind}>'


def start(name: str = "s") -> str:
    return node("startEvent", name)


def end(name: str = "e", inner: str = "") -> str:
    return node("endEvent", name, inner)


def user(name: str, **given: str) -> str:
    return node("userTask", name, **{"camunda__candidateGroups": "manager", **given})


def service(name: str, step: str = "note", **given: str) -> str:
    return node("serviceTask", name, youxu__step=step, **given)


def choice(name: str, default: str, rule_set: str = "answer", kind: str = "exclusiveGateway", **given: str) -> str:
    return node(kind, name, default=default, youxu__ruleSet=rule_set, **given)


def merge(name: str, kind: str = "exclusiveGateway") -> str:
    return node(kind, name)


def fork(name: str) -> str:
    return node("parallelGateway", name)


def flow(source: str, target: str, condition: str | None = None, name: str | None = None) -> str:
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    return f'<sequenceFlow id="{name or f"{source}-{target}"}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


def chain(*ids: str) -> str:
    return "".join(flow(one, other) for one, other in pairwise(ids))


def process(*parts: str, key: str = "p", before: str = "", **given: str) -> bytes:
    inner = "".join(parts)
    return f'{HEAD}{before}<process id="{key}" isExecutable="true"{attributes(**given)}>{inner}</process></definitions>'.encode()
