"""The same drawing as different tools write it: prefixes, old namespaces, flows without ids, lanes, notes, CDATA."""

from __future__ import annotations

from tests.conformance.scenario import Suite, complete, done, expect, start
from tests.conformance.shapes import MODEL

suite = Suite("dialects")

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def plain(
    inner: str, *, space: str = "http://camunda.org/schema/1.0/bpmn", process: str = 'isExecutable="true"'
) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<definitions id="d" xmlns="{MODEL}" {XSI} xmlns:camunda="{space}" '
        f'targetNamespace="Examples">\n<process id="p" {process}>{inner}</process></definitions>'
    ).encode()


def prefixed(inner: str, *, more: str = "", beside: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<bpmn:definitions id="d" xmlns:bpmn="{MODEL}" {XSI} {more} '
        'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="http://bpmn.io/schema/bpmn" exporter="x">'
        f'{beside}<bpmn:process id="p" isExecutable="true">{inner}</bpmn:process></bpmn:definitions>'
    ).encode()


ROAD = (
    '<startEvent id="s"/><sequenceFlow sourceRef="s" targetRef="g"/><exclusiveGateway id="g"/>'
    '<sequenceFlow sourceRef="g" targetRef="a"><conditionExpression xsi:type="tFormalExpression">${x == 1}'
    '</conditionExpression></sequenceFlow><sequenceFlow sourceRef="g" targetRef="b"><conditionExpression>${x != 1}'
    '</conditionExpression></sequenceFlow><userTask id="a"/><userTask id="b"/>'
    '<sequenceFlow sourceRef="a" targetRef="e"/><sequenceFlow sourceRef="b" targetRef="e"/><endEvent id="e"/>'
)
suite(
    "flows without ids, conditions with and without a type",
    plain(ROAD),
    start(x=1),
    expect(tasks="a"),
    complete("a"),
    expect(ended=True),
)
suite("flows without ids: the other way", plain(ROAD), start(x=2), expect(tasks="b"))
suite("isExecutable not said", plain(ROAD, process=""), start(x=2), expect(tasks="b"))
WORK = '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="w"/><serviceTask id="w" camunda:type="external" camunda:topic="t"/>'
for year, space in (("old", "http://camunda.org/bpmn"), ("Activiti's", "http://activiti.org/bpmn")):
    suite(
        f"the {year} name of the extension namespace",
        plain(WORK, space=space),
        start(),
        expect(waits="external:w"),
        done("t"),
        expect(ended=True),
        doubt="Camunda 7 reads Activiti's; diagrams older than 7.1 use both",
    )
LINES = (
    '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="g"/><exclusiveGateway id="g" default="gb"/>'
    '<sequenceFlow id="ga" sourceRef="g" targetRef="a"><conditionExpression xsi:type="tFormalExpression">\n'
    "     <![CDATA[\n       ${x >= 1 && x < 3}\n     ]]>\n   </conditionExpression></sequenceFlow>"
    '<sequenceFlow id="gb" sourceRef="g" targetRef="b"/><userTask id="a"/><userTask id="b"/>'
)
suite("conditions in CDATA on lines of their own", plain(LINES), start(x=2), expect(tasks="a"))
suite("conditions with #{…}", plain(LINES.replace("${", "#{")), start(x=2), expect(tasks="a"))
suite(
    "conditions in words: and, ge, lt",
    plain(LINES.replace("x >= 1 && x < 3", "x ge 1 and x lt 3")),
    start(x=2),
    expect(tasks="a"),
)
POOLS = (
    '<bpmn:collaboration id="c"><bpmn:extensionElements><signavio:meta key="k" value=""/></bpmn:extensionElements>'
    '<bpmn:participant id="P1" name="Ours" processRef="p"/><bpmn:participant id="P2" name="Theirs"/>'
    '<bpmn:messageFlow id="mf" sourceRef="a" targetRef="P2"/></bpmn:collaboration>'
)
INSIDE = (
    '<bpmn:laneSet id="ls"><bpmn:lane id="l1" name="Clerk"><bpmn:flowNodeRef>s</bpmn:flowNodeRef>'
    "<bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    '<bpmn:documentation>What it is for</bpmn:documentation><bpmn:startEvent id="s" name="Begin">'
    "<bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>"
    '<bpmn:sequenceFlow id="f1" name="" sourceRef="s" targetRef="a"/><bpmn:userTask id="a" name="A&#10;B">'
    '<bpmn:documentation>How</bpmn:documentation><bpmn:extensionElements><signavio:meta key="k" value="#fff"/>'
    '<camunda:formData><camunda:formField id="ok" type="boolean"/></camunda:formData></bpmn:extensionElements>'
    "<bpmn:incoming>f1</bpmn:incoming><bpmn:outgoing>f2</bpmn:outgoing></bpmn:userTask>"
    '<bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="e"/><bpmn:endEvent id="e"><bpmn:incoming>f2</bpmn:incoming>'
    '</bpmn:endEvent><bpmn:textAnnotation id="ta"><bpmn:text>note</bpmn:text></bpmn:textAnnotation>'
    '<bpmn:association id="as" sourceRef="a" targetRef="ta"/><bpmn:group id="gr"/>'
    '<bpmn:dataObject id="do"/><bpmn:dataObjectReference id="dor" dataObjectRef="do"/>'
    '<bpmn:dataStoreReference id="dsr"/>'
)
suite(
    "pools, lanes, notes, groups, data objects, unknown extensions, a form",
    prefixed(INSIDE, more='xmlns:signavio="http://www.signavio.com"', beside=POOLS),
    start(),
    expect(tasks="a"),
    complete("a", ok=True),
    expect(ended=True),
)
suite(
    "incoming and outgoing that say less than the flows do",
    prefixed(
        '<bpmn:startEvent id="s"/><bpmn:userTask id="a"><bpmn:incoming>f1</bpmn:incoming></bpmn:userTask><bpmn:sequenceFlow id="f1" sourceRef="s" targetRef="a"/><bpmn:sequenceFlow id="f2" sourceRef="a" targetRef="b"/><bpmn:userTask id="b"/>'
    ),
    start(),
    complete("a"),
    expect(tasks="b"),
)
suite(
    "flows before the nodes, ids with dashes, dots and letters of other languages",
    prefixed(
        '<bpmn:sequenceFlow id="sid-1.2_x" sourceRef="sid-ABC" targetRef="审批"/><bpmn:startEvent id="sid-ABC"/><bpmn:userTask id="审批" name="审批"/>'
    ),
    start(),
    expect(tasks="审批"),
    complete("审批"),
    expect(ended=True),
)
TWO = (
    f'<?xml version="1.0" encoding="UTF-8"?><definitions id="d" xmlns="{MODEL}" targetNamespace="x">'
    '<process id="p" isExecutable="true"><startEvent id="s1"/><sequenceFlow id="f1" sourceRef="s1" targetRef="c"/>'
    '<callActivity id="c" calledElement="q"/></process>'
    '<process id="q" isExecutable="true"><startEvent id="s2"/><sequenceFlow id="f2" sourceRef="s2" targetRef="a"/>'
    '<userTask id="a"/></process></definitions>'
).encode()
suite(
    "two processes in one file, one calls the other",
    TWO,
    start("p"),
    expect(of="q", tasks="a"),
    complete("a"),
    expect(of="p", ended=True),
)
suite(
    "people and groups that the server does not know are kept as written",
    plain(
        '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="a"/><userTask id="a" camunda:assignee="kermit" camunda:candidateGroups="muppets"/>'
    ),
    start(),
    expect(tasks="a"),
    doubt="every test diagram of Camunda names people that are nobody here",
)
suite(
    "text in another encoding",
    plain(ROAD).decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    start("p", x=1),
    expect(tasks="a"),
)
suite("a byte order mark", b"\xef\xbb\xbf" + plain(ROAD), start(x=1), expect(tasks="a"))
FIELD = '<extensionElements><camunda:formData><camunda:formField id="ok" type="boolean"/></camunda:formData></extensionElements>'
suite(
    "fields of two forms that have the same id, and the id of an element",
    plain(
        f'<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="ok"/><userTask id="ok">{FIELD}</userTask>'
        f'<sequenceFlow id="g" sourceRef="ok" targetRef="b"/><userTask id="b">{FIELD}</userTask>'
    ),
    start(),
    complete("ok", ok=True),
    expect(tasks="b"),
)
suite("a process that is only a start", plain('<startEvent id="s"/>'), start(), expect(ended=True))
