"""Whether what must be done by different people is: youxu:fourEyes, and approvals that the requester could give.

An approval is a user task with a signature, with a form that offers the answer `approve`, or one whose answer is asked
for `approve` on a flow that leaves it or the gateway right behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from app.core.i18n import _
from app.processes.engine.graph import CHOOSING, Graph, trigger_of
from app.processes.engine.persons import REQUESTER, named, signed_as
from app.processes.engine.problem import Known, Problem
from app.processes.engine.xml import camunda, local, ours, tag

_APPROVES = re.compile(r"""['"]approved?['"]""")


def person_problems(graph: Graph, node: Any, known: Known) -> Iterator[Problem]:
    """What is wrong with who may do a user task."""
    name, text = node.get("id"), node.get(ours("fourEyes"))
    meaning = signed_as(node.get(ours("signature")))
    if meaning and known.meanings is not None and meaning not in known.meanings:
        reason = _("A signature means one of: %(choices)s.", choices=", ".join(known.meanings))
        yield Problem(name, reason)
    others = named(text)
    wrong = text is not None and not others
    for other in others:
        if other == name:
            wrong = wrong or node.find(tag("multiInstanceLoopCharacteristics")) is None
        elif other != REQUESTER:
            wrong = wrong or other not in graph.nodes or local(graph.nodes[other]) != "userTask"
    if wrong:
        yield Problem(name, _("Four eyes must name another user task."))
        return
    for other in others:
        if other not in (name, REQUESTER) and not _always_before(graph, other, name):
            said = _(
                "Four eyes name “%(other)s”, but a path leads here without it: there one person is enough.", other=other
            )
            yield Problem(name, said, warning=True)
    if is_approval(graph, node, known) and _has_requester(graph) and not _bars_requester(graph, name, others):
        reason = _("Who starts the process could give this approval: add “%(name)s” to its four eyes.", name=REQUESTER)
        yield Problem(name, reason, warning=True)


def is_approval(graph: Graph, node: Any, known: Known) -> bool:
    """True when the user task is one."""
    if signed_as(node.get(ours("signature"))):
        return True
    form = node.get(camunda("formKey")) or node.get(camunda("formRef"))
    if form and known.approving is not None and form in known.approving:
        return True
    flows = list(graph.outgoing(node.get("id")))
    for flow in list(flows):
        if flow.target in graph.nodes and local(graph.nodes[flow.target]) in CHOOSING:
            flows += graph.outgoing(flow.target)
    return any(_APPROVES.search(flow.condition or "") for flow in flows)


def _has_requester(graph: Graph) -> bool:
    """A person starts it: not only messages and timers do."""
    starts = (graph.nodes[name] for name in graph.inside(None))
    return any(local(node) == "startEvent" and trigger_of(node)[0] == "none" for node in starts)


def _bars_requester(graph: Graph, name: str, others: tuple[str, ...]) -> bool:
    if REQUESTER in others:
        return True
    asked = (other for other in others if other != name and graph.nodes[other].get(camunda("assignee")) == REQUESTER)
    return any(_always_before(graph, other, name) for other in asked)


def _always_before(graph: Graph, other: str, name: str) -> bool:
    """No path leads to the task `name` without `other`, seen from the innermost subprocess that both are in."""
    common = next(scope for scope in _around(graph, other) if scope in _around(graph, name))
    first, second = (_hoisted(graph, one, common) for one in (other, name))
    if graph.nodes[second].get("triggeredByEvent") == "true":
        return False
    starts = {node for node in graph.inside(common) if _begins(graph, node)}
    return second not in graph.reached(starts - {first}, without=first)


def _begins(graph: Graph, name: str) -> bool:
    node = graph.nodes[name]
    by_itself = local(node) != "boundaryEvent" and "true" not in (
        node.get("triggeredByEvent"),
        node.get("isForCompensation"),
    )
    return by_itself and not graph.incoming(name)


def _around(graph: Graph, name: str) -> list[str | None]:
    """The scopes a node is in, innermost first."""
    found = [graph.scopes[name]]
    while found[-1] is not None:
        found.append(graph.scopes[found[-1]])
    return found


def _hoisted(graph: Graph, name: str, scope: str | None) -> str:
    """The node itself, or the subprocess with it that stands directly in the scope."""
    while graph.scopes[name] != scope:
        name = str(graph.scopes[name])
    return name
