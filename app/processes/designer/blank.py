"""A diagram to begin with: a start event, and nothing yet behind it."""

from __future__ import annotations

from lxml import etree

from app.processes.designer.drafts import is_key

_BLANK = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
                  xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
                  xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:youxu="urn:youxu:bpmn:1"
                  id="definitions" targetNamespace="urn:youxu:processes">
  <bpmn:process isExecutable="true">
    <bpmn:startEvent id="start" name="Start" youxu:nameZh="开始" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram_di">
    <bpmndi:BPMNPlane id="plane_di">
      <bpmndi:BPMNShape id="start_di" bpmnElement="start">
        <dc:Bounds x="180" y="160" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="180" y="203" width="36" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


def blank(key: str, name: str, chinese: str) -> bytes:
    """A diagram of that key and name with a start event."""
    assert is_key(key)  # noqa: S101 - the form refuses others
    root = etree.fromstring(_BLANK.encode())
    process, plane = root[0], root[1][0]
    process.set("id", key)
    process.set("name", name)
    process.set("{urn:youxu:bpmn:1}nameZh", chinese or name)
    plane.set("bpmnElement", key)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
