"""Events are stored if and only if what they tell of is."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.core import outbox
from app.core.db import session, transaction
from app.core.outbox import WaitingEvent
from tests.core.outbox.happenings import feed, numbers, tell, told


def stored():
    with transaction(write=False):
        return session().scalar(select(func.count()).select_from(WaitingEvent))


def test_an_event_is_stored_with_its_transaction_and_undone_with_it(live):
    with pytest.raises(ValueError, match="undo"), transaction():  # noqa: PT012
        tell(1)
        raise ValueError("undo")
    assert stored() == 0
    told(2)
    assert stored() == 1
    assert feed() == []
    assert outbox.relay() == 1
    assert feed() == [(1, 2)]
    assert outbox.relay() == 0


def test_a_savepoint_takes_its_events_with_it_and_the_order_told_stays(live):
    with transaction():
        tell(1)
        part = session().begin_nested()
        tell(2)
        part.rollback()
        with session().begin_nested():
            tell(3)
            inner = session().begin_nested()
            tell(4)
            inner.rollback()
            tell(5)
        tell(6)
    outbox.relay()
    assert numbers() == [1, 3, 5, 6]


def test_what_a_transaction_tells_is_one_statement(live, statements):
    with transaction():
        statements.clear()
        for number in range(5):
            tell(number)
        assert statements == []
    assert len(statements) == 1


def test_what_one_transaction_told_before_another_comes_before_it(live):
    told(3, 1, 2)
    told(0)
    outbox.relay()
    assert numbers() == [3, 1, 2, 0]


def test_the_same_type_twice_is_refused(app):
    with pytest.raises(RuntimeError, match="twice"):
        outbox.event_type("youxu.test.happened", "Again.")


@pytest.mark.parametrize("wrong", [{}, {"number": "1"}, {"number": 1, "name": "somebody"}])
def test_the_tests_notice_an_event_that_is_not_as_declared(tx, wrong):
    """Guards the guard in conftest: every event of every test is held against its schema."""
    from app.core.db import do_due
    from app.core.subject import Subject
    from tests.core.outbox.happenings import HAPPENED

    outbox.tell(HAPPENED, Subject("test", "1"), wrong)
    with pytest.raises(Exception, match=r"required|type|Additional"):
        do_due()
