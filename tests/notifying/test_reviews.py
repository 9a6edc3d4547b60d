"""Who may approve rules is told that a version waits, and only as long as it does."""

from __future__ import annotations

import pytest

from app.core import jobs
from app.core.db import session
from app.decisions import publish, service
from app.notifying.models import Letter
from app.tasks import notices
from tests.decisions.factories import rule, text_of
from tests.identity.factories import actor_for, make_user, sign_in


@pytest.mark.any_database
def test_a_tested_version_asks_for_a_review_until_it_is_decided(tx, client, monkeypatch):
    monkeypatch.setattr(publish, "try_out", lambda _job: None)
    writer, quin, mona = (
        make_user(login=login, roles=[role], email=f"{login}@house.example")
        for login, role in (("dora", "designer"), ("quin", "qa_ra"), ("mona", "manager"))
    )
    text = text_of(rule("R1", "all: [{order: total_fen >= parameters.big}]", "points: 5, factor: f"))
    draft = service.submit(actor_for(writer), text, cases="")
    service.try_version(actor_for(writer), draft)
    while jobs.run_due():
        pass
    assert [notices.unread(one.id) for one in (writer, quin, mona)] == [0, 1, 1]
    assert {one.target for one in session().query(Letter)} == {"quin@house.example", "mona@house.example"}
    sign_in(client, quin)
    page = client.get("/notices").get_data(as_text=True)
    (one,) = notices.notices_of(quin.id).items
    assert f"/notices/{one.notice.id}/open" in page
    opened = client.post(f"/notices/{one.notice.id}/open")
    assert opened.location == f"/rules/{draft.rule_set}/versions/{draft.number}"
    assert [notices.unread(one.id) for one in (quin, mona)] == [0, 1]
    assert client.post(f"/notices/{notices.notices_of(mona.id).items[0].notice.id}/open").status_code == 404
    service.approve(actor_for(mona), draft)
    assert notices.unread(mona.id) == 0
