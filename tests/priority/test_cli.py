"""`flask priority rerank` ranks every open order at once."""

from __future__ import annotations

from datetime import timedelta

from app.core import clock, db
from tests.priority.worlds import assessed, plain_product, plain_world


def test_rerank(live, app):
    count = 3
    with db.transaction():
        plain_product()
        world = plain_world()
        for _each in range(count):
            assessed(world.order())
    with clock.moved(clock.now() + timedelta(hours=1)):
        result = app.test_cli_runner().invoke(args=["priority", "rerank"])
    assert result.exit_code == 0, result.output
    assert f"{count} orders ranked: 0 moved, 0 left to jobs." in result.output
