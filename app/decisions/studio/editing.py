"""Precise edits of a rule file's text: only what is changed is written anew, comments and order stay.

Places come from the YAML parser (marks of the nodes); what is written is checked by reading the whole text again, so an
edit does exactly what it says or is refused (`EditFailed`, which would be a fault of ours).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from app.decisions.source import load
from app.decisions.studio.writing import as_yaml

Path = Sequence[str | int]


class EditFailed(RuntimeError):
    """The edited text does not say what was meant."""


def plain(text: str) -> Any:
    """What the text says, without lines."""
    return load(text, "rules.yaml").plain()


def put(text: str, path: Path, value: Any) -> str:
    """The text with the value at that place: mappings are changed key by key, everything else is written anew."""
    wanted = _with(plain(text), path, value)
    return _checked(_put(text, list(path), value), wanted)


def drop(text: str, path: Path) -> str:
    """The text without that entry of a mapping, if it is there."""
    before = plain(text)
    parent = _at(before, path[:-1])
    if path[-1] not in parent:
        return text
    wanted = _with(before, path[:-1], {key: item for key, item in parent.items() if key != path[-1]})
    return _checked(_drop(text, path), wanted)


def add_rule(text: str, rule: dict[str, Any], after: str | None = None) -> str:
    """A rule behind another, or at the end."""
    before = plain(text)
    ids = [one["id"] for one in before["rules"]]
    place = ids.index(after) + 1 if after in ids else len(ids)
    wanted = {**before, "rules": [*before["rules"][:place], rule, *before["rules"][place:]]}
    lines, starts, stop = _blocks(text)
    at = starts[place] if place < len(ids) else stop
    return _checked("".join([*lines[:at], rule_text(rule, _indent(text)), *lines[at:]]), wanted)


def remove_rule(text: str, rule: str) -> str:
    """The text without the rule and its lines; a heading comment above it stays with what follows."""
    before = plain(text)
    place = [one["id"] for one in before["rules"]].index(rule)
    wanted = {**before, "rules": [one for one in before["rules"] if one["id"] != rule]}
    lines, starts, stop = _blocks(text)
    own = _own_lines(lines, [*starts, stop], place)
    return _checked("".join([*lines[: own.start], *lines[own.stop :]]), wanted)


def move_rule(text: str, rule: str, before_rule: str | None) -> str:
    """The rule before another one (None: to the end). Rules fire in the order of the file."""
    data = plain(text)
    ids = [one["id"] for one in data["rules"]]
    if before_rule == rule:
        return text
    place = ids.index(rule)
    rest = [one for one in data["rules"] if one["id"] != rule]
    target = [one["id"] for one in rest].index(before_rule) if before_rule is not None else len(rest)
    wanted = {**data, "rules": [*rest[:target], data["rules"][place], *rest[target:]]}
    lines, starts, stop = _blocks(text)
    own = _own_lines(lines, [*starts, stop], place)
    at = stop if before_rule is None else starts[ids.index(before_rule)]
    kept = [(number, line) for number, line in enumerate(lines) if number not in own]
    head, tail = ([line for number, line in kept if (number < at) is above] for above in (True, False))
    return _checked("".join([*head, *lines[own.start : own.stop], *tail]), wanted)


def rule_text(rule: dict[str, Any], indent: int = 0) -> str:
    """A rule as the files write it: an entry per line, each in flow notation."""
    pad = " " * indent
    (key, first), *rest = rule.items()
    lines = [f"{pad}- {key}: {as_yaml(first)}\n", *(f"{pad}  {name}: {as_yaml(item)}\n" for name, item in rest)]
    return "".join(lines)


def _checked(text: str, wanted: Any) -> str:
    if plain(text) != wanted:
        raise EditFailed("the edited text does not say what was meant")
    return text


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _with(data: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(data, list):
        return [_with(item, rest, value) if place == step else item for place, item in enumerate(data)]
    return {**data, step: _with(data.get(step) if rest else None, rest, value)}


def _compose(text: str) -> Any:
    return yaml.compose(text, Loader=yaml.CSafeLoader)


def _node(text: str, path: Path) -> Any:
    node = _compose(text)
    for step in path:
        node = (
            node.value[step] if isinstance(step, int) else next(item for key, item in node.value if key.value == step)
        )
    return node


def _put(text: str, path: list[str | int], value: Any) -> str:
    parent = _at(plain(text), path[:-1]) if path else None
    if path and isinstance(parent, dict) and path[-1] not in parent:
        return _add_entry(text, path[:-1], str(path[-1]), value)
    now = _at(plain(text), path)
    if now == value and type(now) is type(value):
        return text
    if isinstance(now, dict) and isinstance(value, dict) and now and value:
        for key in [key for key in now if key not in value]:
            text = _drop(text, [*path, key])
        for key, item in value.items():
            text = _put(text, [*path, key], item)
        return text
    node = _node(text, path)
    end = _end_of(text, node)
    return text[: node.start_mark.index] + as_yaml(value) + text[end:]


def _end_of(text: str, node: Any) -> int:
    """Where a node ends without the blanks and line ends that a block takes along."""
    start: int = node.start_mark.index
    return start + len(text[start : node.end_mark.index].rstrip())


def _add_entry(text: str, path: list[str | int], key: str, value: Any) -> str:
    node = _node(text, path)
    entry = f"{as_yaml(key)}: {as_yaml(value)}"
    if node.flow_style:
        end = node.end_mark.index - 1
        comma = ", " if node.value else ""
        head = text[:end].rstrip() if node.value else text[:end]
        return head + comma + entry + text[end:]
    last = node.value[-1][1]
    end = text.find("\n", max(_end_of(text, last) - 1, 0))
    head, tail = (text, "") if end < 0 else (text[:end], text[end + 1 :])
    return f"{head}\n{' ' * node.start_mark.column}{entry}\n{tail}"


def _drop(text: str, path: Path) -> str:
    node = _node(text, path[:-1])
    place = next(at for at, (key, _item) in enumerate(node.value) if key.value == path[-1])
    key, item = node.value[place]
    if node.flow_style:
        if place + 1 < len(node.value):
            return text[: key.start_mark.index] + text[node.value[place + 1][0].start_mark.index :]
        start = node.value[place - 1][1].end_mark.index if place else key.start_mark.index
        return text[:start] + text[item.end_mark.index :]
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    if text[start : key.start_mark.index].strip():  # the first key behind the dash of a list
        following = node.value[place + 1][0]
        return text[: key.start_mark.index] + text[following.start_mark.index :]
    end = text.find("\n", max(_end_of(text, item) - 1, 0))
    return text[:start] + ("" if end < 0 else text[end + 1 :])


def _rules(text: str) -> Any:
    return _node(text, ["rules"])


def _indent(text: str) -> int:
    """How far the dashes of the rules stand in."""
    first = _rules(text).value[0]
    line = text.splitlines()[first.start_mark.line]
    return len(line) - len(line.lstrip())


def _blocks(text: str) -> tuple[list[str], list[int], int]:
    """The lines; the line on which each rule begins, with the comments that stand directly above it; and the line
    behind the last one."""
    if text and not text.endswith("\n"):
        text += "\n"
    lines = text.splitlines(keepends=True)
    top = _compose(text).value
    place = next(at for at, (key, _item) in enumerate(top) if key.value == "rules")
    starts = [_with_comments(lines, rule.start_mark.line) for rule in top[place][1].value]
    stop = _with_comments(lines, top[place + 1][0].start_mark.line) if place + 1 < len(top) else len(lines)
    return lines, starts, stop


def _with_comments(lines: list[str], at: int) -> int:
    while at > 0 and lines[at - 1].lstrip().startswith("#") and not _is_heading(lines[at - 1]):
        at -= 1
    return at


def _is_heading(line: str) -> bool:
    """A comment such as `# ---- product`: it is of the rules that follow, not of the next one."""
    return line.lstrip("# ").startswith("--")


def _own_lines(lines: list[str], starts: list[int], place: int) -> range:
    end = starts[place + 1]
    while end > starts[place] + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return range(starts[place], end)
