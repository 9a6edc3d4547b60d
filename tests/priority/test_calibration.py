"""Cut-offs calibrated on history keep the urgent bands rare; too much P0 raises an alarm."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from app.core import clock, db, metrics
from app.core.permissions import SYSTEM
from app.decisions import queries as decisions
from app.decisions import service as rules
from app.decisions.cases import CaseFailed
from app.priority import calibration, queries
from app.priority.calibration import Ranked, cut_offs, per_band
from tests.identity.factories import make_user, sign_in
from tests.orders.factories import make_line
from tests.priority.worlds import assessed, plain_product, plain_world

pytestmark = pytest.mark.any_database

ALLOWED = (50, 200, 400)
NO_FLOOR, NO_CAP = 3, 0


@pytest.mark.parametrize("seed", range(20))
def test_proposed_cut_offs_keep_every_share_and_are_the_lowest(seed: int) -> None:
    random = Random(seed)
    history = [Ranked(random.randint(0, 1000), NO_FLOOR, NO_CAP, random.randint(1, 4)) for _ in range(400)]
    found = cut_offs(history, ALLOWED)
    assert 1000 >= found[0] > found[1] > found[2] > 0
    lines = sum(one.lines for one in history)
    for place, share in enumerate(ALLOWED):
        assert per_band(history, found)[place] * 1000 <= share * lines
        lower = (*found[:place], found[place] - 1, *found[place + 1 :])
        if lower == tuple(sorted(set(lower), reverse=True)):
            assert per_band(history, lower)[place] * 1000 > share * lines or found[place] == 3 - place


def test_what_rules_put_into_a_band_stays_there_whatever_the_cut_offs() -> None:
    urgent = [Ranked(250, 0, NO_CAP, 1)] * 30
    samples = [Ranked(900, NO_FLOOR, 3, 1)] * 10
    plain = [Ranked(score, NO_FLOOR, NO_CAP, 1) for score in range(60)]
    found = cut_offs([*urgent, *samples, *plain], ALLOWED)
    assert found[0] == 1000  # no score can help: the floor alone is 30 %
    counted = per_band([*urgent, *samples, *plain], found)
    assert counted[0] == 30
    assert counted[3] >= 10


def test_all_alike_leaves_the_urgent_bands_empty() -> None:
    history = [Ranked(400, NO_FLOOR, NO_CAP, 1)] * 500
    found = cut_offs(history, ALLOWED)
    assert per_band(history, found) == (0, 0, 0, 500)


def orders(world, count: int, **over) -> None:
    for _ in range(count):
        assessed(world.order(lines=[make_line(world.product, 1) for _line in range(5)], **over))


def test_the_command_shows_shares_and_stores_a_draft(live, app, monkeypatch) -> None:
    monkeypatch.setattr(calibration, "LEAST_LINES", 100)
    with db.transaction():
        plain_product()
        world = plain_world()
        orders(world, 18)
        orders(world, 2, requested_date=clock.today())
    run = app.test_cli_runner().invoke
    shown = run(args=["priority", "calibrate"])
    assert shown.exit_code == 0, shown.output
    assert "100 lines" in shown.output
    assert "  P0   800       0   0.0 %" in shown.output
    stored = run(args=["priority", "calibrate", "--draft"])
    assert "Stored as draft: version 2 of priority." in stored.output, stored.output
    again = run(args=["priority", "calibrate", "--draft"])
    assert again.exit_code == 1
    assert "stored already" in again.output
    with db.transaction():
        (draft,) = decisions.drafts()
        assert draft.status == "draft"
        assert draft.author_name == SYSTEM.name
        new, old = decisions.plan_of(draft).rule_set, decisions.plan_of(decisions.active_version("priority")).rule_set
        assert [band.start for band in old.bands] == [800, 600, 350, 0]
        assert [band.start for band in new.bands] != [800, 600, 350, 0]
        assert new.rules == old.rules
        with pytest.raises(CaseFailed, match="band"):  # its cases say which bands move: a person looks at each
            rules.try_version(SYSTEM, draft)
        rules.save_draft(SYSTEM, draft, draft.revision, cases="[]")
        rules.try_version(SYSTEM, draft)
        rules.activate(SYSTEM, draft)
        found = calibration.propose(clock.now() - timedelta(days=1))
        assert found.present == found.proposed
        assert found.present_lines == found.proposed_lines
        assert found.beyond() == []


def test_too_little_history_is_refused(live, app) -> None:
    with db.transaction():
        plain_product()
        orders(plain_world(), 1)
    refused = app.test_cli_runner().invoke(args=["priority", "calibrate"])
    assert refused.exit_code == 1
    assert "Only 5 lines were ranked" in refused.output


def test_too_much_p0_raises_an_alarm(tx, client) -> None:
    plain_product()
    world = plain_world()
    orders(world, 9)
    orders(world, 1, order_type="emergency")
    found = queries.inflation()
    assert (found.urgent, found.lines, found.permille, found.too_much) == (5, 50, 100, True)
    sign_in(client, make_user(roles=("qa_ra",)))
    shown = client.get("/orders?lang=en").get_data(as_text=True)
    assert "5 of 50 open lines (10.0 %) stand in P0; at most 5.0 % should" in shown
    assert 'href="/rules/priority"' in shown
    zh = client.get("/orders?lang=zh_Hans").get_data(as_text=True)
    assert "50行中有5行（10.0%）处于P0" in zh
    sign_in(client, make_user(roles=("sales",)))
    assert "stand in P0" not in client.get("/orders?lang=en").get_data(as_text=True)


def test_one_urgent_order_is_no_inflation(tx) -> None:
    plain_product()
    world = plain_world()
    assessed(world.order(order_type="emergency"))
    found = queries.inflation()
    assert (found.urgent, found.lines, found.too_much) == (1, 1, False)
    assert queries.Inflation(100, 5, 50).too_much is False
    assert queries.Inflation(100, 6, 50).too_much is True
    assert queries.Inflation(101, 6, 50).too_much is False  # 5.05 lines: a part of one counts as a whole
    assert queries.Inflation(0, 0, 50).share == 0.0
    assert queries.Inflation(10, 10, None).too_much is False


def test_the_share_is_a_metric(live, app) -> None:
    with db.transaction():
        plain_product()
        world = plain_world()
        orders(world, 3)
        orders(world, 1, order_type="emergency")
    with db.transaction():
        shown = metrics.text().decode()
    assert "youxu_priority_p0_share 0.25" in shown
    assert "youxu_priority_p0_too_much 1.0" in shown
