"""The language of rule files: YAML text in, typed rule set out, or a refusal naming file, line, rule and reason."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from app.core.i18n import _
from app.decisions.actions import read_template, read_then
from app.decisions.conditions import read_condition
from app.decisions.ir import All, BandStart, Branch, Factor, Parameter, Pattern, Rule, RuleSet, View
from app.decisions.outcome import BANDS
from app.decisions.reader import Fields
from app.decisions.schema import UNITS, FactSchema, read_schema
from app.decisions.source import Located, load

FULL_SCORE = 1000
MOST_RULES = 400
MOST_PATTERNS = 8
MOST_BRANCHES = 8
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


@lru_cache(maxsize=64)
def read_rule_set(body: str, schema_body: str, file: str = "rules.yaml") -> RuleSet:
    """The rule set of that text. Raises RuleFileInvalid for the first thing that is not right."""
    return _Reading(Fields(load(body, file)), read_schema(schema_body), version_hash(body, schema_body)).rule_set()


def version_hash(body: str, schema_body: str) -> str:
    """What identifies a version: its text together with the fact schema it was written for."""
    parts = (hashlib.sha256(part.encode()).digest() for part in (body, schema_body))
    return hashlib.sha256(b"".join(parts)).hexdigest()


class _Reading:
    """Reads one file; `top` is the whole document."""

    def __init__(self, top: Fields, schema: FactSchema, sha256: str) -> None:
        self.top = top
        self.schema = schema
        self.sha256 = sha256
        self.parameters: dict[str, Parameter] = {}
        self.factors: tuple[Factor, ...] = ()
        self.bands: tuple[BandStart, ...] = ()
        self.routes: tuple[str, ...] = ()

    def rule_set(self) -> RuleSet:
        top = self.top
        if top.whole("schema") != 1:
            raise top.refuse(top.need("schema"), _("only schema 1 is known"))
        name = top.word("rule_set")
        if not NAME.match(name):
            raise top.refuse(top.need("rule_set"), _("“%(key)s” must be a word of a–z, 0–9, _", key="rule_set"))
        self.parameters = self._parameters()
        self.factors = self._factors()
        self.bands = self._bands()
        self.routes = top.words("routes")
        route = top.choice("default_route", self.routes) if "default_route" in top else None
        if self.routes and route is None:
            raise top.refuse(top.need("routes"), _("routes need a default_route for when no rule fires"))
        made = RuleSet(
            id=name,
            name=top.texts("name"),
            note=top.texts("note"),
            owner=top.word("owner"),
            valid_from=top.day("valid_from"),
            valid_to=top.day("valid_to"),
            parameters=self.parameters,
            factors=self.factors,
            bands=self.bands,
            routes=self.routes,
            route_policy=top.choice("route_policy", ("first", "highest"), default="first"),
            default_route=route,
            blocked_route=top.choice("blocked_route", self.routes) if "blocked_route" in top else None,
            rules=self._rules(top.word("owner")),
            views=self._views(),
            schema=self.schema,
            sha256=self.sha256,
        )
        top.done()
        self._check_views(made)
        return made

    def _parameters(self) -> dict[str, Parameter]:
        if "parameters" not in self.top:
            return {}
        found = {}
        for name, entry in self.top.inner("parameters").items():
            fields = Fields(entry, what=name)
            # The number beside it was copied in by profiles.resolve.
            profile = fields.text("profile") if "profile" in fields else ""
            value = fields.need("value")
            if value.value is None or isinstance(value.value, dict | list):
                raise fields.refuse(value, _("a parameter must be a number, text, date, true or false"))
            unit = fields.choice("unit", UNITS, default="")
            label, source = fields.texts("label"), fields.texts("source")
            found[name] = Parameter(name, label, value.value, unit, source, profile, value.line)
            fields.done()
        return found

    def _factors(self) -> tuple[Factor, ...]:
        if "factors" not in self.top:
            return ()
        found = []
        within = 0
        for name, entry in self.top.inner("factors").items():
            fields = Fields(entry, what=name)
            made = Factor(name, fields.texts("name"), fields.whole("cap"), fields.whole("least", 0))
            within += 0 if fields.flag("manual") else made.cap  # people may go beyond what rules can give
            if not made.least <= 0 <= made.cap:
                raise fields.refuse(
                    fields.need("cap"), _("the upper limit (cap) must be at least 0, the lower (least) at most 0")
                )
            found.append(made)
            fields.done()
        if within > FULL_SCORE:
            entry = self.top.need("factors")
            raise self.top.refuse(entry, _("the caps sum to more than %(most)s", most=FULL_SCORE))
        return tuple(found)

    def _bands(self) -> tuple[BandStart, ...]:
        if "bands" not in self.top:
            return ()
        fields = self.top.inner("bands")
        found = tuple(BandStart(band, fields.whole(band)) for band in BANDS)
        fields.done()
        starts = [band.start for band in found]
        if starts != sorted(set(starts), reverse=True) or starts[-1] != 0:
            raise self.top.refuse(
                self.top.need("bands"), _("bands must start lower one after the other, the last at 0")
            )
        return found

    def _rules(self, owner: str) -> tuple[Rule, ...]:
        entries = self.top.listed(self.top.need("rules"), "rules")
        if not 1 <= len(entries) <= MOST_RULES:
            raise self.top.refuse(self.top.need("rules"), _("there must be 1 to %(most)s rules", most=MOST_RULES))
        found: dict[str, Rule] = {}
        for entry in entries:
            rule = self._rule(entry, owner)
            if rule.id in found:
                raise entry.refuse(_("the id is used twice"), rule.id)
            found[rule.id] = rule
        return tuple(found.values())

    def _rule(self, entry: Located, owner: str) -> Rule:
        rule_id = Fields(entry, what="rule").word("id")
        fields = Fields(entry, rule_id)
        fields.word("id")
        when = fields.inner("when")
        branches, any_of = self._branches(when, rule_id)
        then = read_then(fields.inner("then"), self.schema, self.factors, self.routes, has_bands=bool(self.bands))
        made = Rule(
            id=rule_id,
            name=fields.texts("name"),
            owner=fields.word("owner") if "owner" in fields else owner,
            branches=branches,
            then=then,
            reason=read_template(fields, self.schema, branches, self.parameters),
            line=entry.line,
            any_of=any_of,
            valid_from=fields.day("valid_from"),
            valid_to=fields.day("valid_to"),
            note=fields.texts("note") if "note" in fields else None,
            disabled=fields.flag("disabled"),
        )
        fields.done()
        return made

    def _branches(self, when: Fields, rule: str) -> tuple[tuple[Branch, ...], bool]:
        """`all: […]`, in which one item may be `any: […]`; or `any: […]` alone."""
        any_of = "any" in when
        key = "any" if any_of else "all"
        entries = when.listed(when.need(key), key)
        when.done()
        branches: list[Branch] = [()]
        alternatives = [entries] if any_of else [self._alternatives(entry, rule) for entry in entries]
        for group in alternatives:
            patterns = [self._pattern(entry, rule) for entry in group]
            branches = [(*branch, pattern) for branch in branches for pattern in patterns]
            if len(branches) > MOST_BRANCHES:
                raise when.found.refuse(_("more than %(most)s combinations", most=MOST_BRANCHES), rule)
        if not branches:
            raise when.found.refuse(_("a rule has 1 to %(most)s patterns", most=MOST_PATTERNS), rule)
        branches = [_with_compared(self._joined(branch)) for branch in branches]
        for branch in branches:
            self._check_branch(branch, when.found, rule)
        return tuple(self._ordered(branch, when.found, rule) for branch in branches), any_of

    def _alternatives(self, entry: Located, rule: str) -> list[Located]:
        if isinstance(entry.value, dict) and "any" in entry.value:
            fields = Fields(entry, rule, "any")
            found = fields.listed(fields.need("any"), "any")
            fields.done()
            return found
        return [entry]

    def _pattern(self, entry: Located, rule: str) -> Pattern:
        fields = Fields(entry, rule, "pattern")
        if len(fields.found.value) != 1:
            raise entry.refuse(_("a pattern names exactly one kind of fact"), rule)
        ((word, inner),) = fields.items()
        if word == "not":
            found = self._pattern(inner, rule)
            if found.negated:
                raise entry.refuse(_("“not” within “not”"), rule)
            return Pattern(found.kind, found.condition, negated=True, line=entry.line)
        kind = self.schema.kinds.get(word)
        if kind is None:
            known = ", ".join(self.schema.kinds)
            raise entry.refuse(
                _("there is no kind of fact “%(kind)s”; there are %(known)s", kind=word, known=known), rule
            )
        condition = read_condition(inner, kind, self.schema, self.parameters, rule)
        return Pattern(word, condition, negated=False, line=entry.line)

    def _joined(self, branch: Branch) -> Branch:
        """What is said twice of a kind that there is once is said together: the matcher never takes one fact for two
        patterns of a rule."""
        found: dict[object, Pattern] = {}
        for place, one in enumerate(branch):
            single = not one.negated and one.kind != "signal" and self.schema.kinds[one.kind].cardinality != "many"
            key: object = one.kind if single else place
            first = found.get(key)
            both = one.condition if first is None else All((first.condition, one.condition))
            found[key] = Pattern(one.kind, both, one.negated, line=one.line if first is None else first.line)
        return tuple(found.values())

    def _ordered(self, branch: Branch, entry: Located, rule: str) -> Branch:
        """What is compared with comes before what compares, and what must not be there last: the matcher never fires a
        rule that begins with it."""
        waiting = sorted(branch, key=lambda pattern: pattern.negated)
        ordered: list[Pattern] = []
        while waiting:
            missing = {pattern.kind for pattern in waiting if not pattern.negated}
            ready = [one for one in waiting if not one.asks & missing - {one.kind}]
            if not ready:
                raise entry.refuse(_("two patterns compare with each other: write all of it in one"), rule)
            ordered.append(ready[0])
            waiting.remove(ready[0])
        return tuple(ordered)

    def _check_branch(self, branch: Branch, entry: Located, rule: str) -> None:
        positive = [pattern.kind for pattern in branch if not pattern.negated]
        many = [kind for kind in positive if self.schema.kinds[kind].cardinality == "many" and kind != "signal"]
        if not 1 <= len(branch) <= MOST_PATTERNS:
            raise entry.refuse(_("a rule has 1 to %(most)s patterns", most=MOST_PATTERNS), rule)
        if not positive:
            raise entry.refuse(_("at least one pattern must not be negated"), rule)
        if len(many) > 1:
            raise entry.refuse(_("only one pattern per rule may speak of lines: join its conditions with and"), rule)
        for pattern in branch:
            if pattern.negated and pattern.kind in (*positive, "signal"):
                raise entry.refuse(_("“not %(kind)s” cannot be asked here", kind=pattern.kind), rule)

    def _views(self) -> tuple[View, ...]:
        if "views" not in self.top:
            return ()
        found = []
        for name, entry in self.top.inner("views").items():
            fields = Fields(entry, what=name)
            found.append(
                View(name, fields.texts("name"), fields.words("factors"), fields.words("rules"), fields.words("gate"))
            )
            fields.done()
        return tuple(found)

    def _check_views(self, made: RuleSet) -> None:
        factors, rules = {factor.id for factor in made.factors}, {rule.id for rule in made.rules}
        for view in made.views:
            for word in (set(view.factors) - factors) | (set(view.rules) - rules):
                raise self.top.refuse(self.top.need("views"), _("there is no factor or rule “%(name)s”", name=word))


def _with_compared(branch: Branch) -> Branch:
    """The branch, and a pattern that holds for any fact of each kind that is only compared with."""
    there = {pattern.kind for pattern in branch if not pattern.negated}
    missing = {kind: pattern.line for pattern in branch for kind in pattern.asks if kind not in there}
    return (*(Pattern(kind, All(()), negated=False, line=line) for kind, line in sorted(missing.items())), *branch)
