"""Diagrams as other tools write them, for the dialect's tests."""

from __future__ import annotations

from tests.processes.diagrams import chain, end, flow, fork, node, process, start, user


def external(name: str, topic: str = "work", inner: str = "", **given: str) -> str:
    return node("serviceTask", name, inner, camunda__type="external", camunda__topic=topic, **given)


def properties(**given: str) -> str:
    inside = "".join(f'<camunda:property name="{name}" value="{value}"/>' for name, value in given.items())
    return f"<extensionElements><camunda:properties>{inside}</camunda:properties></extensionElements>"


def one_external(key: str = "job", topic: str = "work", **given: str) -> bytes:
    return process(start(), external("do", topic, **given), end(), chain("s", "do", "e"), key=key)


def one_user(key: str = "ask", label: str = "", **given: str) -> bytes:
    asked = node("userTask", "approve", **{"name": label, "camunda__candidateGroups": "manager", **given})
    return process(start(), asked, end(), chain("s", "approve", "e"), key=key)


ERROR = '<error id="err" name="err" errorCode="E42"/>'


def with_error(key: str = "risky") -> bytes:
    boundary = (
        '<boundaryEvent id="caught" attachedToRef="do"><errorEventDefinition errorRef="err" '
        'camunda:errorCodeVariable="code" camunda:errorMessageVariable="why"/></boundaryEvent>'
    )
    return process(
        start(),
        external("do"),
        boundary,
        user("repair"),
        end(),
        end("e2"),
        chain("s", "do", "e"),
        chain("caught", "repair", "e2"),
        key=key,
        before=ERROR,
    )


MESSAGE = '<message id="m1" name="paid"/><signal id="s1" name="alarm"/>'


def waits_for_message(key: str = "pay") -> bytes:
    receive = '<receiveTask id="wait" messageRef="m1"/>'
    return process(start(), receive, user("after"), end(), chain("s", "wait", "after", "e"), key=key, before=MESSAGE)


def starts_by_message(key: str = "bymsg") -> bytes:
    begin = '<startEvent id="s"><messageEventDefinition messageRef="m1"/></startEvent>'
    return process(begin, user("after"), end(), chain("s", "after", "e"), key=key, before=MESSAGE)


def waits_for_signal(key: str = "sig") -> bytes:
    catch = '<intermediateCatchEvent id="wait"><signalEventDefinition signalRef="s1"/></intermediateCatchEvent>'
    return process(start(), catch, user("after"), end(), chain("s", "wait", "after", "e"), key=key, before=MESSAGE)


def receives(key: str = "told") -> bytes:
    """A receive task that waits for nothing but to be told to go on."""
    return process(start(), node("receiveTask", "hold"), end(), chain("s", "hold", "e"), key=key)


def forked(key: str = "fork") -> bytes:
    """Two people at once; then a join."""
    return process(
        start(),
        fork("split"),
        user("left"),
        user("right"),
        fork("join"),
        user("last"),
        end(),
        chain("s", "split", "left", "join", "last", "e"),
        flow("split", "right"),
        flow("right", "join"),
        key=key,
    )


def calls(key: str = "caller", called: str = "ask") -> bytes:
    call = f'<callActivity id="call" calledElement="{called}"/>'
    return process(start(), call, end(), chain("s", "call", "e"), key=key)


def timed(key: str = "timed", when: str = "PT1H") -> bytes:
    catch = (
        '<intermediateCatchEvent id="wait"><timerEventDefinition>'
        f'<timeDuration xsi:type="tFormalExpression">{when}</timeDuration></timerEventDefinition></intermediateCatchEvent>'
    )
    return process(start(), catch, user("after"), end(), chain("s", "wait", "after", "e"), key=key)
