"""What a rule does when it fires, and the reason it gives: data, never code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.i18n import _
from app.decisions.ir import Assign, Branch, Factor, Parameter, Scale, Template, Then
from app.decisions.outcome import BANDS
from app.decisions.reader import Fields
from app.decisions.schema import FactSchema
from app.decisions.wording import shown

LARGEST_POINTS = 1000
FARTHEST = 10**15
"""Of a scale: its points are then counted within 64 bits."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def read_then(
    fields: Fields, schema: FactSchema, factors: tuple[Factor, ...], routes: tuple[str, ...], *, has_bands: bool
) -> Then:
    """The actions of a rule. Raises RuleFileInvalid; a rule that does nothing is refused too."""
    bands = BANDS if has_bands else ()
    points = _points(fields, schema)
    basis, unblock = _block(fields)
    made = Then(
        points=points,
        factor=fields.choice("factor", [factor.id for factor in factors]) if points is not None else None,
        floor=fields.choice("floor", bands) if "floor" in fields else None,
        cap=fields.choice("cap", bands) if "cap" in fields else None,
        basis=basis,
        unblock=unblock,
        route=fields.choice("route", routes) if "route" in fields else None,
        assign=_assign(fields),
        signals=(fields.word("signal"),) if "signal" in fields else (),
        tags=(fields.word("tag"),) if "tag" in fields else (),
    )
    fields.done()
    if made == Then():
        raise fields.found.refuse(_("the rule does nothing"), fields.rule)
    return made


def _points(fields: Fields, schema: FactSchema) -> int | Scale | None:
    entry = fields.raw("points")
    if entry is None:
        return None
    if not isinstance(entry.value, dict):
        value = int(fields.typed(entry, int, "points"))
        if not -LARGEST_POINTS <= value <= LARGEST_POINTS:
            raise fields.refuse(entry, _("points must lie within ±%(most)s", most=LARGEST_POINTS))
        return value
    inner = Fields(entry, fields.rule, "points")
    kind, _dot, name = inner.text("of").partition(".")
    attribute = schema.attribute(kind, name)
    if attribute is None or attribute.type != "int" or schema.kinds[kind].cardinality == "many":
        sentence = _("points can grow only with a whole-number attribute that the order has once")
        raise inner.refuse(inner.need("of"), sentence)
    made = Scale(attribute, inner.whole("none_at"), inner.whole("full_at"), inner.whole("most"))
    inner.done()
    if made.none_at == made.full_at or not 0 < abs(made.most) <= LARGEST_POINTS:
        raise inner.refuse(
            entry, _("none_at and full_at must differ, most must lie within ±%(most)s", most=LARGEST_POINTS)
        )
    if max(abs(made.none_at), abs(made.full_at)) > FARTHEST:
        raise inner.refuse(entry, _("none_at and full_at must lie within ±%(most)s", most=FARTHEST))
    return made


def _block(fields: Fields) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    if "block" not in fields:
        return None, None
    inner = fields.inner("block")
    found = inner.texts("basis"), inner.texts("unblock")
    inner.done()
    return found


def _assign(fields: Fields) -> tuple[Assign, ...]:
    entry = fields.raw("assign")
    if entry is None:
        return ()
    entries = entry.value if isinstance(entry.value, list) else [entry]
    found = []
    for item in entries:
        inner = Fields(item, fields.rule, "assign")
        step = inner.word("step") if "step" in inner else None
        made = Assign(step, inner.words("groups"), inner.words("users"))
        inner.done()
        if not made.groups and not made.users:
            raise item.refuse(_("assign names no groups and no users"), fields.rule)
        if made.step and made.users:
            raise item.refuse(_("a step is assigned to groups, not to users"), fields.rule)
        found.append(made)
    return tuple(found)


def read_template(
    fields: Fields, schema: FactSchema, branches: tuple[Branch, ...], parameters: Mapping[str, Parameter]
) -> dict[str, Template]:
    """The reason in both languages, cut at its placeholders {kind.attribute} and {parameters.name}."""
    texts = fields.texts("reason")
    usable = {name for name, kind in schema.kinds.items() if kind.cardinality != "many"}
    usable |= {pattern.kind for branch in branches for pattern in branch if not pattern.negated}
    reading = _Reason(fields, schema, usable, parameters)
    return {language: tuple(reading.pieces(text, language)) for language, text in texts.items()}


@dataclass(frozen=True)
class _Reason:
    """Reads the reason of one rule; `usable` are the kinds it may speak of."""

    fields: Fields
    schema: FactSchema
    usable: set[str]
    parameters: Mapping[str, Parameter]

    def pieces(self, text: str, language: str) -> list[str | tuple[str, str]]:
        split = _PLACEHOLDER.split(text)
        return [self._slot(piece, language) if i % 2 else self._plain(piece) for i, piece in enumerate(split)]

    def _plain(self, piece: str) -> str:
        if "{" in piece or "}" in piece:
            raise self.fields.refuse(self.fields.need("reason"), _("a brace without its partner"))
        return piece

    def _slot(self, piece: str, language: str) -> str | tuple[str, str]:
        kind, _dot, name = piece.partition(".")
        if kind == "parameters" and name in self.parameters:
            return shown(self.parameters[name].value, self.parameters[name].unit, {}, language)
        if kind in self.usable and self.schema.attribute(kind, name) is not None:
            return kind, name
        sentence = _("{%(name)s} cannot be filled in here", name=piece[:60])
        raise self.fields.refuse(self.fields.need("reason"), sentence)
