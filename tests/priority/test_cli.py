"""`flask priority rerank` goes through every open order, batch by batch."""

from __future__ import annotations

from datetime import timedelta

from app.core import clock, db
from app.priority import service as priority
from tests.priority.worlds import assessed, plain_product, plain_world


def test_rerank(live, app):
    count = priority.BATCH + 1
    with db.transaction():
        plain_product()
        world = plain_world()
        for _ in range(count):
            assessed(world.order())
    with clock.moved(clock.now() + timedelta(hours=1)):
        result = app.test_cli_runner().invoke(args=["priority", "rerank"])
    assert result.exit_code == 0, result.output
    assert f"{count} orders assessed." in result.output
