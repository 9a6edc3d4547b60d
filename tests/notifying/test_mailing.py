"""E-mail of notices: what is written, when, to whom, exactly once; and what is shown without a mail server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.core import clock, jobs
from app.core.db import session, transaction
from app.core.permissions import SYSTEM
from app.notifying import mailing, sending, sources, wishes
from app.notifying.models import Channel, Letter
from app.tasks import notices
from app.tasks.records import NoticeKind
from tests.forked import Forked
from tests.identity.factories import actor_for, make_user, sign_in
from tests.notifying.post_office import numbered_task, post_office
from tests.notifying.sender_process import main

SECRET = "Patient 王小明, bed 12"


def letters() -> list[Letter]:
    return list(session().scalars(select(Letter).order_by(Letter.id)))


def statuses() -> list[str]:
    with transaction(write=False):
        return sorted(letter.status for letter in letters())


def world():
    """A task, who is told of it (English, Chinese), who tells."""
    task = numbered_task()
    bob = make_user(login="bob", email="bob@clinic.example", locale="en")
    li = make_user(login="li", email="li@clinic.example", name="李\r\nBcc: x@evil.example")
    return task, bob, li, actor_for(make_user(login="ann", name="Ann"))


@pytest.mark.any_database
def test_who_is_told_at_once_together_or_not_and_what_was_read_is_left_out(tx):
    task, bob, li, ann = world()
    nobody = make_user(login="nomail")
    wishes.wish(actor_for(li), mail={**wishes.DEFAULT.mail, "urge": "none"}, push=[], digest="hourly", hour=3)
    notices.notify(ann, NoticeKind.URGE, task.id, [bob.id, li.id, nobody.id])
    notices.notify(ann, NoticeKind.MENTION, task.id, [bob.id, li.id], SECRET)
    for _ in range(2):
        notices.notify(SYSTEM, NoticeKind.REMIND, task.id, [bob.id, li.id])
    jobs.run_due()
    now = [letter for letter in letters() if letter.status == "kept"]
    assert sorted((letter.target, letter.subject) for letter in now) == [
        ("bob@clinic.example", "Ann asks to hurry: Approve, SO-2026-000123"),
        ("bob@clinic.example", "Ann mentioned you: Approve, SO-2026-000123"),
        ("li@clinic.example", "Ann 提到了您：审批、SO-2026-000123"),
    ]
    assert all(SECRET not in letter.subject for letter in now)
    told = [letter for letter in now if "mentioned" in letter.subject or "提到" in letter.subject]
    assert all(SECRET in one.text and f"/tasks/{task.id}" in one.text and "王小明" in one.html for one in told)
    notices.read(li.id)
    with clock.moved(clock.now() + timedelta(hours=1)):
        jobs.run_due()
    assert {letter.target: letter.status for letter in letters() if len(letter.notice_ids) == 2} == {
        "bob@clinic.example": "gathering",
        "li@clinic.example": "dropped",
    }
    with clock.moved(clock.now() + timedelta(days=1)):
        jobs.run_due()
    (digest,) = [letter for letter in letters() if letter.target == bob.email and len(letter.notice_ids) == 2]
    assert (digest.status, digest.subject) == ("kept", "2 notices about your tasks")
    assert wishes.DEFAULT.next_digest(clock.now()) == clock.now().replace(hour=0) + timedelta(
        days=1
    )  # 8:00 in Shanghai


def test_each_is_sent_once_in_the_language_of_its_reader(live):
    with post_office() as office:
        with transaction():
            task, bob, li, ann = world()
            gone = make_user(login="gone", email="gone@clinic.example")
            office.refused.add("gone@clinic.example")
            notices.notify(ann, NoticeKind.MENTION, task.id, [gone.id, bob.id, li.id], SECRET)
        jobs.run_due()
        assert mailing.send_mail() == 3
        assert mailing.send_mail() == 0
        assert statuses() == ["failed", "sent", "sent"]
    first, second = sorted(office.received, key=lambda one: str(one["To"]))
    assert (first["To"], second["To"]) == ("bob@clinic.example", "li@clinic.example")
    assert first["From"] == "Youxu 有序 <youxu@clinic.example>"
    assert first["Subject"] == "Ann mentioned you: Approve, SO-2026-000123"
    assert second["Subject"] == "Ann 提到了您：审批、SO-2026-000123"
    assert second["Bcc"] is None
    assert f"https://youxu.example/tasks/{task.id}" in first.get_body(("plain",)).get_content()
    assert f'href="https://youxu.example/tasks/{task.id}"' in second.get_body(("html",)).get_content()


def test_refusals_and_lost_connections(live):
    """What surely did not arrive is tried again; what may have arrived is left to a person; a killed worker likewise."""
    with post_office() as office:
        with transaction():
            task, bob, _li, ann = world()
            operator = actor_for(make_user(login="op", roles=("operator",)))
            for _ in range(4):
                notices.notify(ann, NoticeKind.URGE, task.id, [bob.id])
        jobs.run_due()
        office.answers = ["451 later", "554 never", "break"]
        mailing.send_mail()
        assert statuses() == ["failed", "unsure", "waiting", "waiting"]
        with clock.moved(clock.now() + timedelta(seconds=61)):
            mailing.send_mail()
        assert statuses() == ["failed", "sent", "sent", "unsure"]
        with transaction():
            failed, unsure = [letter.id for letter in letters() if letter.status in ("failed", "unsure")]
            sending.send_again(operator, failed)
            sending.send_again(operator, unsure)
        before, after = sending.claim(Channel.MAIL)  # a worker that is killed then: before, and while it hands over
        assert sending.hand_over(after)
        assert mailing.send_mail() == 0  # it has them
        with clock.moved(clock.now() + sending.LEASE + timedelta(seconds=1)):
            mailing.send_mail()
            assert not sending.hand_over(before)  # should it live after all
            sending.failed(before, "too late")
        assert statuses() == ["sent", "sent", "sent", "unsure"]
        assert len(office.received) == 4


def test_a_mail_server_that_is_away_costs_a_day_of_tries(live):
    with post_office() as office:
        pass
    with transaction():
        task, bob, _li, ann = world()
    with post_office() as office:
        with transaction():
            notices.notify(ann, NoticeKind.URGE, task.id, [bob.id])
        jobs.run_due()
        office.answers = ["421 away"] * 20
        now = clock.now()
        for pause in (0, *sending.BACKOFF):
            now += timedelta(seconds=pause)
            with clock.moved(now):
                mailing.send_mail()
        assert statuses() == ["failed"]
        assert len(office.answers) == 20 - len(sending.BACKOFF) - 1


@pytest.mark.waits
def test_a_sender_that_is_killed_sends_nothing_twice(live):
    """Killed after the content went out, before the server said that it has it: a person decides; the next is sent."""
    with post_office() as office:
        with transaction():
            task, bob, _li, ann = world()
            for _ in range(2):
                notices.notify(ann, NoticeKind.URGE, task.id, [bob.id])
        jobs.run_due()
        with transaction():  # the process has no moved clock
            session().execute(update(Letter).values(ready_at=datetime(2020, 1, 1, tzinfo=UTC)))
        office.pause = 5.0
        server = sources.mail_server()
        assert server is not None
        killed = Forked(main, live.database_url, str(live.data), str(server.port))
        assert office.came.wait(8)
        killed.kill()
        killed.wait(10)
        office.pause = 0.0
        with clock.moved(datetime.now(UTC) + sending.LEASE + timedelta(seconds=1)):
            mailing.send_mail()
        assert statuses() == ["sent", "unsure"]
        assert len({str(one["Message-ID"]) for one in office.received}) == len(office.received) == 2


@pytest.mark.any_database
def test_pages(client, tx):
    _task, bob, _li, _ann = world()
    operator = make_user(login="op", roles=("operator",))
    sign_in(client, bob)
    page = client.get("/account/notices").get_data(as_text=True)
    assert "No mail server is set" in page
    form = {f"mail-{kind}": "none" for kind in wishes.KINDS}
    assert client.post("/account/notices", data={**form, "digest": "daily", "hour": "24"}).status_code == 422
    assert (
        client.post("/account/notices", data={**form, "mail-urge": "x", "digest": "daily", "hour": "7"}).status_code
        == 422
    )
    assert (
        client.post("/account/notices", data={**form, "digest": "hourly", "hour": "7", "push-urge": "1"}).status_code
        == 302
    )
    assert wishes.wishes_of([bob.id])[bob.id] == wishes.Wishes(
        dict.fromkeys(wishes.KINDS, "none"), frozenset({"urge"}), "hourly", 7
    )
    assert client.post("/account/email", data={"email": "not one"}).status_code == 422
    client.post("/account/email", data={"email": "bob2@clinic.example"})
    client.post("/account/notices/trial")
    assert client.get("/letters").status_code == 403
    sign_in(client, operator)
    assert "This is a trial" in client.get("/letters?channel=mail&status=kept").get_data(as_text=True)
    (letter,) = letters()
    assert letter.target == "bob2@clinic.example"
    shown = client.get(f"/letters/{letter.id}").get_data(as_text=True)
    assert "So you will be told of your tasks." in shown
    assert client.post(f"/letters/{letter.id}/again").status_code == 409
    with post_office() as office:
        assert client.post(f"/letters/{letter.id}/again").status_code == 302
        assert letter.status == "waiting"
        assert office.received == []
