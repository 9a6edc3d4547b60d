"""Random structured processes: as diagrams, with what their steps must have counted at the end."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from hypothesis import strategies as st

from tests.processes.diagrams import chain, end, flow, fork, node, process, service, start

leaves = st.sampled_from([("step",), ("leaf",), ("user",), ("toggle",), ("twice",)])
late = st.tuples(st.just("event"), st.sampled_from(["step", "user step", "step user"]))


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.tuples(st.just("seq"), some),
        st.tuples(st.just("par"), st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.tuples(st.just("inc"), st.lists(st.tuples(inner, st.booleans()), min_size=2, max_size=3).map(tuple)),
        st.tuples(st.just("sub"), inner, st.none() | late),
        st.tuples(st.just("bound"), inner, late),
        st.tuples(st.just("many"), inner, st.booleans(), st.integers(0, 3)),
        st.tuples(st.just("turns"), inner, st.integers(1, 3)),
        st.tuples(st.just("again"), inner, st.integers(1, 3)),
    )


structures = st.recursive(leaves, grown, max_leaves=9)


class Drawing:
    """A structure as a diagram, and what its steps must have counted at the end."""

    def __init__(self, structure: Any) -> None:
        self.number = 0
        self.parts: list[str] = []
        self.steps: dict[str, Any] = {}
        self.counts: Counter[str] = Counter()
        self.toggles: Counter[str] = Counter()
        self.late: dict[str, str] = {}
        """Start or boundary event → the step that is done when it comes, for each item of the loops around."""
        first, last = self.draw(structure, self.parts, [{}], ())
        self.xml = process(
            start(),
            end(),
            "".join(self.parts),
            chain("s", first),
            chain(last, "e"),
            before='<message id="msg" name="msg"/>',
        )

    def name(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def draw(
        self, what: Any, parts: list[str], visits: list[dict[str, int]], items: tuple[str, ...]
    ) -> tuple[str, str]:
        """The names of the first and the last node. `visits`: one entry, the items of the loops, per visit."""
        return getattr(self, f"_{what[0]}")(what, parts, visits, items)

    def step(self, kind: str, parts: list[str], items: tuple[str, ...], more: str = "") -> str:
        """A service task; with `more` another does the same again."""
        name = self.name(kind)
        parts.append(service(name, name))
        if more:
            parts.append(service(name + more, name))

        def act(variables: dict[str, Any]) -> dict[str, Any]:
            key = key_of(name, {item: variables[item] for item in items})
            if kind == "leaf":
                doc = variables.get("doc", {})
                return {"doc": {**doc, key: doc.get(key, 0) + 1}}
            if kind == "toggle":
                return {key: not variables.get(key, False)}
            return {key: variables.get(key, 0) + 1}

        self.steps[name] = act
        return name

    def count(self, name: str, visits: list[dict[str, int]]) -> None:
        counts = self.toggles if name.startswith("toggle") else self.counts
        for visit in visits:
            counts[key_of(name, visit)] += 1

    def _step(self, what, parts, visits, items):
        name = self.step(what[0], parts, items)
        self.count(name, visits)
        return name, name

    _leaf = _toggle = _step

    def _user(self, what, parts, visits, items):
        name = self.name("user")
        parts.append(node("userTask", name))
        return name, name

    def _twice(self, what, parts, visits, items):
        """The same value is changed before and after somebody's work."""
        name, between = self.step("step", parts, items, "again"), self.name("user")
        parts += [node("userTask", between), chain(name, between, name + "again")]
        self.count(name, [*visits, *visits])
        return name, name + "again"

    def _seq(self, what, parts, visits, items):
        ends = [self.draw(one, parts, visits, items) for one in what[1]]
        for (_first, last), (first, _last) in itertools.pairwise(ends):
            parts.append(chain(last, first))
        return ends[0][0], ends[-1][1]

    def _par(self, what, parts, visits, items):
        split, join = self.name("split"), self.name("join")
        parts += [fork(split), fork(join)]
        for one in what[1]:
            first, last = self.draw(one, parts, visits, items)
            parts += [chain(split, first), chain(last, join)]
        return split, join

    def _inc(self, what, parts, visits, items):
        split, join, past = self.name("isplit"), self.name("ijoin"), self.name("past")
        parts += [
            node("inclusiveGateway", split, default=f"{split}-{past}"),
            node("inclusiveGateway", join),
            node("task", past),
            chain(split, past, join),
        ]
        for one, taken in what[1]:
            first, last = self.draw(one, parts, visits if taken else [], items)
            parts += [flow(split, first, "${true}" if taken else "${false}"), chain(last, join)]
        return split, join

    def _inside(self, what: Any, visits, items, more: str = "", watched: str = "") -> str:
        name, inner = self.name("sub"), []
        first, last = self.draw(what, inner, visits, items)
        inner += [start(f"{name}s"), end(f"{name}e"), chain(f"{name}s", first), chain(last, f"{name}e")]
        return name, node("subProcess", name, more + watched + "".join(inner))

    def _after_event(self, what: str, parts: list[str], items) -> tuple[str, str, str]:
        """First and last node of a way that an event begins, and its step."""
        names = []
        for kind in what.split():
            if kind == "step":
                step = self.step("late", parts, items)
                names.append(step)
            else:
                names.append(self._user(None, parts, [], items)[0])
        parts.append(chain(*names) if len(names) > 1 else "")
        return names[0], names[-1], step

    def _sub(self, what, parts, visits, items):
        watched = ""
        if what[2] is not None:
            name, inner = self.name("esub"), []
            first, last, step = self._after_event(what[2][1], inner, items)
            begin = f"{name}s"
            self.late[begin] = step
            inner += [
                node("startEvent", begin, '<messageEventDefinition messageRef="msg"/>', isInterrupting="false"),
                end(f"{name}e"),
                chain(begin, first),
                chain(last, f"{name}e"),
            ]
            watched = node("subProcess", name, "".join(inner), triggeredByEvent="true")
        name, text = self._inside(what[1], visits, items, watched=watched)
        parts.append(text)
        return name, name

    def _bound(self, what, parts, visits, items):
        name, text = self._inside(what[1], visits, items)
        event = f"{name}b"
        first, last, step = self._after_event(what[2][1], parts, items)
        self.late[event] = step
        parts += [
            text,
            node(
                "boundaryEvent",
                event,
                '<messageEventDefinition messageRef="msg"/>',
                attachedToRef=name,
                cancelActivity="false",
            ),
            end(f"{event}e"),
            chain(event, first),
            chain(last, f"{event}e"),
        ]
        return name, name

    def _many(self, what, parts, visits, items):
        _many, inner, sequential, times = what
        item = self.name("item")
        inside = [{**visit, item: number} for visit in visits for number in range(times)]
        loop = (
            f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}" camunda:collection='
            f'"${{[{", ".join(map(str, range(times)))}]}}" camunda:elementVariable="{item}"/>'
        )
        name, text = self._inside(inner, inside, (*items, item), more=loop)
        parts.append(text)
        return name, name

    def _turns(self, what, parts, visits, items):
        loop = f'<standardLoopCharacteristics loopMaximum="{what[2]}"/>'
        name, text = self._inside(what[1], [visit for visit in visits for _turn in range(what[2])], items, more=loop)
        parts.append(text)
        return name, name

    def _again(self, what, parts, visits, items):
        """A loop of flows with a counter of its own per item."""
        times = what[2]
        reset, into, back = self.name("reset"), self.name("into"), self.name("back")
        first, last = self.draw(what[1], parts, [visit for visit in visits for _turn in range(times)], items)
        turn, more = self.name("turn"), self.name("more")
        parts += [service(reset, reset), service(turn, turn), service(more, more)]

        def key(variables: dict[str, Any]) -> str:
            return key_of("n" + reset, {item: variables[item] for item in items})

        self.steps[reset] = lambda v: {key(v): 0}
        self.steps[turn] = lambda v: {key(v): v[key(v)] + 1}
        self.steps[more] = lambda v: {"go" + reset: v[key(v)] < times}
        parts += [
            node("exclusiveGateway", into),
            node("exclusiveGateway", back, default=f"{back}-{back}o"),
            node("task", f"{back}o"),
            chain(reset, into, first),
            chain(last, turn, more, back, f"{back}o"),
            flow(back, into, "${" + "go" + reset + "}"),
        ]
        return reset, f"{back}o"


def key_of(name: str, items: dict[str, int]) -> str:
    return ".".join([name, *(f"{item}_{number}" for item, number in sorted(items.items()))])
