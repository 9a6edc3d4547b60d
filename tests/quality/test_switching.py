"""Sampling plans against the printed tables, and switching over histories of lots against a small oracle."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decisions.assemble import assemble
from app.decisions.engines.closures import Closures
from app.quality.history import Past, counted
from app.quality.sampling import AQLS, LETTERS, letter_of, plan_of
from tests.decisions.factories import DAY, shipped, whole

PLAN = shipped("inspection_plan")
ENGINE = Closures(PLAN)

# Rejection numbers by code letter and AQL 0.65 to 6.5, as MIL-STD-105E prints them in Tables II-A and II-B (the single
# plans of ISO 2859-1:1999 are the same). "v" and "^": the plan below, above.
NORMAL = """
A v v v v v 1
B v v v v 1 ^
C v v v 1 ^ v
D v v 1 ^ v 2
E v 1 ^ v 2 3
F 1 ^ v 2 3 4
G ^ v 2 3 4 6
H v 2 3 4 6 8
J 2 3 4 6 8 11
K 3 4 6 8 11 15
L 4 6 8 11 15 22
M 6 8 11 15 22 ^
N 8 11 15 22 ^ ^
P 11 15 22 ^ ^ ^
Q 15 22 ^ ^ ^ ^
"""
TIGHTENED = """
A v v v v v v
B v v v v v 1
C v v v v 1 v
D v v v 1 v v
E v v 1 v v 2
F v 1 v v 2 3
G 1 v v 2 3 4
H v v 2 3 4 6
J v 2 3 4 6 9
K 2 3 4 6 9 13
L 3 4 6 9 13 19
"""
# Acceptance/rejection numbers of Table II-C of MIL-STD-105E for AQL 0.65 to 6.5.
REDUCED = """
A v v v v v 0/1
B v v v v 0/1 ^
C v v v 0/1 ^ v
D v v 0/1 ^ v 0/2
E v 0/1 ^ v 0/2 1/3
F 0/1 ^ v 0/2 1/3 1/4
G ^ v 0/2 1/3 1/4 2/5
H v 0/2 1/3 1/4 2/5 3/6
J 0/2 1/3 1/4 2/5 3/6 5/8
K 1/3 1/4 2/5 3/6 5/8 7/10
L 1/4 2/5 3/6 5/8 7/10 10/13
M 2/5 3/6 5/8 7/10 10/13 ^
N 3/6 5/8 7/10 10/13 ^ ^
P 5/8 7/10 10/13 ^ ^ ^
Q 7/10 10/13 ^ ^ ^ ^
"""
SIZES = dict(zip(LETTERS, (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000), strict=True))
REDUCED_SIZES = dict(zip(LETTERS, (2, 2, 2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800), strict=True))
LOTS = {"A": 8, "B": 15, "C": 25, "D": 50, "E": 90, "F": 150, "G": 280, "H": 500, "J": 1200, "K": 3200, "L": 10000}
LOTS |= {"M": 35000, "N": 150000, "P": 500000, "Q": 500001}


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("severity", "printed", "sizes"),
    [("normal", NORMAL, SIZES), ("tightened", TIGHTENED, SIZES), ("reduced", REDUCED, REDUCED_SIZES)],
)
def test_every_plan_is_the_printed_one(severity, printed, sizes):
    table = {line.split()[0]: line.split()[1:] for line in printed.strip().splitlines()}
    letters = list(table)
    for column, aql in enumerate(AQLS[AQLS.index("0.65") :]):
        for letter in letters:
            assert letter_of(LOTS[letter], "ii") == letter
            place = letters.index(letter)
            while table[letters[place]][column] in ("v", "^"):
                place += 1 if table[letters[place]][column] == "v" else -1
            size, lot = sizes[letters[place]], LOTS[letter]
            plan = plan_of(lot, "ii", aql, severity)
            clear, _slash, reject = table[letters[place]][column].rpartition("/")
            expected = (min(size, lot), int(reject) - 1, int(clear or int(reject) - 1))
            assert (plan.size, plan.accept, plan.clear) == expected, (severity, letter, aql)


GAP = "accepted, but with more than the acceptance number"


def oracle(results, agreed=False):
    """Severity with which each lot is inspected, by clauses 9.3.1 to 9.4; a result: accepted, refused, or in the gap."""
    severity, told, run = "normal", [], []
    for accepted in results:
        clear = run[-1:] == [True]
        if severity == "normal" and run[-5:].count(False) >= 2:
            severity, run = "tightened", []
        elif severity == "normal" and agreed and len(run) >= 15 and all(one is True for one in run[-15:]):
            severity, run = "reduced", []  # 15 lots of 2 points each
        elif severity == "reduced" and run and not clear:
            severity, run = "normal", []
        elif severity == "tightened" and run.count(False) >= 5:
            severity, run = "discontinued", []
        elif severity == "tightened" and len(run) >= 5 and all(run[-5:]):
            severity, run = "normal", []
        told.append(severity)
        if severity == "discontinued":
            break
        run.append(GAP if accepted is GAP and severity == "reduced" else bool(accepted))
    return told


def by_the_rules(results, agreed=False):
    """The same from the rule set `inspection_plan`, on what `history.counted` counts of the lots before."""
    past, told = [], []
    for accepted in results:
        facts = whole(PLAN, inspection={**counted(past), "production_steady": agreed, "reduced_agreed": agreed})
        outcome = assemble(PLAN, ENGINE.run(facts, DAY), facts)
        before = past[0].severity if past else "normal"
        severity = next((tag[9:] for tag in outcome.tags if tag.startswith("severity_")), before)
        assert outcome.route == ("hold" if severity == "discontinued" else severity)
        told.append(severity)
        if severity == "discontinued":
            break
        ends = not accepted or (severity == "reduced" and accepted is GAP)
        past.insert(0, Past(severity, bool(accepted), 0 if ends else 2))
    return told


@pytest.mark.any_database
@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([True, True, True, False]), min_size=1, max_size=40))
def test_switching_is_what_the_standard_says(results):
    assert by_the_rules(results) == oracle(results)


@pytest.mark.any_database
@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([*[True] * 20, GAP, False]), min_size=20, max_size=60))
def test_switching_with_reduced_inspection_agreed(results):
    assert by_the_rules(results, agreed=True) == oracle(results, agreed=True)


@pytest.mark.any_database
def test_switching_by_example():
    tightened = by_the_rules([True, False, True, False, *[True] * 6])
    assert tightened == [*["normal"] * 4, *["tightened"] * 5, "normal"]
    assert by_the_rules([True] * 15 + [True, GAP, True], agreed=True)[14:] == ["normal", "reduced", "reduced", "normal"]
    assert by_the_rules([False, False, *[False] * 6]) == [*["normal"] * 2, *["tightened"] * 5, "discontinued"]
    before = [Past("discontinued", None, 0), *[Past("tightened", False, 0)] * 5]  # latest first
    for improved, route in ((False, "hold"), (True, "tightened")):
        facts = whole(PLAN, inspection={**counted(before), "supplier_action_done": improved})
        assert assemble(PLAN, ENGINE.run(facts, DAY), facts).route == route
