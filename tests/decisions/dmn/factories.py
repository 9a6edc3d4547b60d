"""Decision tables in few words."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from app.decisions.compile import make_plan
from app.decisions.dmn.reading import read_table
from app.decisions.dmn.table import DecisionTable
from app.decisions.engines.closures import Closures
from app.decisions.engines.durable import Durable
from app.decisions.facts import check
from tests.decisions.factories import DAY


def dmn(inputs, outputs, rows, policy="UNIQUE", aggregation="") -> str:
    """`inputs` [(expression, type)], `outputs` [(name, type, values)], `rows` [[entries…, outputs…]]."""
    parts = [
        f'<input><inputExpression typeRef="{kind}"><text>{escape(text)}</text></inputExpression></input>'
        for text, kind in inputs
    ]
    for name, kind, *values in outputs:
        listed = f"<outputValues><text>{escape(values[0])}</text></outputValues>" if values and values[0] else ""
        default = (
            f"<defaultOutputEntry><text>{escape(values[1])}</text></defaultOutputEntry>" if len(values) > 1 else ""
        )
        parts.append(f'<output name={quoteattr(name)} typeRef="{kind}">{listed}{default}</output>')
    for row in rows:
        entries = [f"<inputEntry><text>{escape(text)}</text></inputEntry>" for text in row[: len(inputs)]]
        answers = [f"<outputEntry><text>{escape(text)}</text></outputEntry>" for text in row[len(inputs) :]]
        parts.append("<rule>" + "".join(entries + answers) + "</rule>")
    more = f' aggregation="{aggregation}"' if aggregation else ""
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">'
        f'<decision id="freight" name="Freight"><decisionTable id="t" hitPolicy="{policy}"{more}>\n'
        + "\n".join(parts) + "</decisionTable></decision></definitions>"
    )  # fmt: skip


def table(*args, **kwargs) -> DecisionTable:
    """The table, read."""
    return read_table(dmn(*args, **kwargs))


def answer(made: DecisionTable, *values):
    """What the table answers for these inputs; both engines must agree."""
    plan = make_plan(made.rule_set())
    names = [one.attribute.name for one in made.inputs]
    facts = check({"input": [dict(zip(names, values, strict=True))]}, ["input"], made.schema)
    durable = Durable(plan)
    fired = durable.run(facts, DAY)
    durable.close()
    assert fired == Closures(plan).run(facts, DAY)
    return made.result([firing.rule for firing in fired])
