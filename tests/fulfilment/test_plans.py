"""What people open every day does not cost more with each order that ever was."""

from __future__ import annotations

import pytest

from app.core.subject import Subject
from app.tasks import queries as tasks
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import make_user, sign_in
from tests.plans import walks

PAGES = (
    *(f"/inbox?tab={tab}" for tab in ("today", "mine", "groups", "all", "submitted", "done")),
    *("/priority", "/priority?list=act&role=finance", "/priority?list=deliver", "/priority?list=need"),
    *(
        "/orders",
        "/quality/queue",
        "/api/v1/tasks",
        "/api/v1/tasks?list=all",
        "/engine-rest/task",
        "/engine-rest/task/count",
    ),
)


@pytest.mark.parametrize("roles", [("order_desk",), ("admin",)], ids="".join)
def test_no_growing_table_is_walked(client, tx, roles):
    flow = make_flow()
    order = flow.submit()
    (task,) = tasks.open_tasks_of(Subject("order", order.id))
    sign_in(client, make_user(roles=roles))
    with walks() as found:
        for page in (*PAGES, f"/orders/{order.id}", f"/tasks/{task.id}"):
            assert client.get(page).status_code in (200, 403), page
    assert found == {}
