"""At once, in order, and after a worker vanished: each event exactly once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core import clock, db
from app.core.db import session
from app.core.errors import DomainError
from app.core.i18n import _l
from app.integration.inbound import actions, processing
from app.integration.inbound.models import HookEvent
from app.integration.permissions import HOOK_READ
from tests.conftest import NOON
from tests.integration.hooks.world import Sender, make_sender

KEY = "test.note"


class Notes:
    """What the action of these tests did, and what it meets."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.meets: dict[str, BaseException] = {}

    def run(self, _actor, values, _arrival):
        if values["what"] in self.meets:
            raise self.meets[values["what"]]
        self.done.append(values["what"])
        return actions.Outcome(_l("done"))


@pytest.fixture
def notes() -> Iterator[Notes]:
    made = Notes()
    actions.action(KEY, _l("done"), HOOK_READ, actions.Parameter("what", _l("done"), required=True))(made.run)
    yield made
    del actions._declared[KEY]


def mapped(sender: Sender) -> Sender:
    sender.map({"action": KEY, "fields": {"what": "data.what"}})
    return sender


def post(sender: Sender, *names: str, key: str = "") -> None:
    """Events whose id is what they say."""
    for name in names:
        more = {"subject": key} if key else {}
        assert sender.post(sender.event(name, {"what": name}, **more), name).status_code == 202


def states() -> dict[str, str]:
    rows = session().execute(select(HookEvent.event_id, HookEvent.state)).all()
    return dict(rows)


def test_one_that_fails_for_now_holds_only_the_later_ones_of_its_key(client, notes):
    sender = mapped(make_sender(client))
    notes.meets["a1"] = RuntimeError("a bug")
    notes.meets["b1"] = DomainError()
    post(sender, "a1", "a2", key="A")
    post(sender, "b1", "b2", key="B")
    post(sender, "x")
    processing.run_due()
    assert notes.done == ["b2", "x"]
    assert states() == {"a1": "received", "a2": "received", "b1": "failed", "b2": "done", "x": "done"}
    notes.meets.clear()
    post(sender, "a3", key="A")
    processing.run_due()
    assert notes.done == ["b2", "x"], "a1 is not due yet, so neither are those behind it"
    with clock.moved(NOON + timedelta(minutes=2)):
        processing.run_due()
    assert notes.done == ["b2", "x", "a1", "a2", "a3"]


def test_a_bug_is_tried_five_times_then_given_up_and_its_key_goes_on(client, notes):
    sender = mapped(make_sender(client))
    notes.meets["a1"] = RuntimeError("a bug")
    post(sender, "a1", "a2", key="A")
    for minutes in range(0, 60, 6):
        with clock.moved(NOON + timedelta(minutes=minutes)):
            processing.run_due()
    assert (states(), notes.done) == ({"a1": "dead", "a2": "done"}, ["a2"])


class Killed(BaseException):
    """As if the process ended here."""


def test_what_a_vanished_worker_had_is_done_once_by_another(client, notes, monkeypatch):
    sender = mapped(make_sender(client))
    post(sender, "a1", "a2", key="A")
    assert len(processing.claim()) == 2, "taken, and then the worker is gone"
    processing.run_due()
    assert notes.done == []
    with clock.moved(NOON + processing.LEASE):
        notes.meets["a1"] = Killed()
        with pytest.raises(Killed):
            processing.look()
        notes.meets.clear()
    with clock.moved(NOON + 2 * processing.LEASE):
        processing.run_due()
    assert notes.done == ["a1", "a2"]
    (stale,) = [processing.Claim(seq, 1, None) for seq in session().scalars(select(HookEvent.seq).limit(1))]
    assert processing.run(stale) is False
    assert notes.done == ["a1", "a2"]


def test_the_same_event_at_once_is_taken_once_and_many_workers_do_each_once(app, live, notes):
    with db.transaction():
        sender = make_sender(None)
        mapped(sender)
    answers: list[str] = []

    def send(number: int) -> None:
        mine = Sender(sender.source, sender.secret, sender.user, app.test_client())
        for name in range(6):
            answer = mine.post(mine.event(f"e{name}", {"what": f"e{name}"}, subject="K"), f"e{name}")
            answers.append(answer.json["status"])

    def work() -> None:
        while processing.look():
            pass

    for target, count in ((send, 4), (work, 3)):
        threads = [threading.Thread(target=target, args=(number,) if target is send else ()) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == ["duplicate"] * 18 + ["received"] * 6
    work()
    assert sorted(notes.done) == [f"e{name}" for name in range(6)]
    with db.transaction(write=False):
        assert set(states().values()) == {"done"}
        assert sum(session().scalars(select(HookEvent.duplicates))) == 18
