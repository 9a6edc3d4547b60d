"""A small day of the five partners, with all their faults, against a server and its worker in this process."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from app.core import clock, db, jobs, outbox, reaching
from app.core.jobs import rounds
from app.integration.outbound import delivering
from app.inventory import queries as stock
from config import Settings
from tests.partners import day as days
from tests.partners import house
from tests.partners.faults import Faults, Rates, lie_about
from tests.partners.wire import signature

BUSY = Rates(
    late=0.15, duplicate=0.2, repeat=0.15, reorder=0.1, lie=0.25, down=0.08, unsaid=0.15, missing=0.3, longest_delay=0.3
)


@pytest.fixture
def url(app: Flask, live: Settings) -> Iterator[str]:
    """A server with the house, and what a worker does beside it."""
    with clock.moved(clock._machine_time):
        with db.transaction():
            house.build()
        reaching.allow(("127.0.0.0/8",))
        delivering.use_pause(0.2)
        server, stop = make_server("127.0.0.1", 0, app, threaded=True), threading.Event()

        def work() -> None:
            while not stop.wait(0.05):
                outbox.relay()
                jobs.run_due()

        threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=work)]
        threads += [threading.Thread(target=rounds.go_round, args=(name, stop)) for name in rounds.round_of]
        for thread in threads:
            thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        stop.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()
        delivering.use_pause(delivering.FIRST)
        reaching.allow(live.hook_allow)


def run(app: Flask, url: str, orders: int, seconds: float) -> None:
    def flask(*words: str, given: str = "") -> str:
        done = app.test_cli_runner().invoke(args=words, input=given)
        assert done.exit_code == 0, done.output
        return str(done.output).strip()

    day = days.begin(url, flask, seed=5, orders=orders, rates=BUSY)
    in_time = days.last_until_quiet(day, seconds, lambda _text: None)

    def books() -> list[str]:
        with db.transaction(write=False):
            return [str(one) for one in (*stock.differences(), *stock.broken_links())]

    made = days.end(day, books)
    assert made.wrong == []
    assert in_time
    assert (made.delivered + len(made.refused), made.units_delivered) == (orders, made.units_ordered)
    absorbed = sum(one.told.duplicates for one in day.partners.values())
    again = sum(one.door.again for one in day.partners.values())
    assert absorbed > 0
    assert again > 0
    assert made.retries > 0
    assert sum(made.lies.values()) > 0


@pytest.mark.any_database
@pytest.mark.waits
def test_nothing_is_lost_and_nothing_doubled(app: Flask, url: str):
    run(app, url, 5, 240)


@pytest.mark.full
@pytest.mark.waits
def test_nothing_is_lost_and_nothing_doubled_in_a_larger_day(app: Flask, url: str):
    run(app, url, 30, 600)


def test_lies_and_signatures():
    lies = {"a": "missing", "list.0.b": "type", "c": "code"}
    made = dict(lie_about({"a": 1, "list": [{"b": 2}], "c": 3}, lies, random.Random(n)) for n in range(20))
    assert made == {
        "missing a": {"list": [{"b": 2}], "c": 3},
        "type list.0.b": {"a": 1, "list": [{"b": {"not": "so"}}], "c": 3},
        "code c": {"a": 1, "list": [{"b": 2}], "c": "NO-SUCH-CODE"},
    }
    same = [[Faults("x", Rates()).happens("lie") for _n in range(9)] for _run in range(2)]
    assert same[0] == same[1]
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the example of Standard Webhooks
    body = b'{"test": 2432232314}'
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
