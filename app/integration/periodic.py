"""Work of this slice that is due every so often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from app.core import clock, ids
from app.core.db import session
from app.core.periodic import every
from app.integration.inbound.models import HookEvent, HookRefusals, HookState
from app.integration.outbound import delivering
from app.integration.outbound.models import HookAttempt, HookDelivery

KEPT = timedelta(days=90)
"""How long what is done or discarded can be looked at, and a repetition is recognised by its id."""
AT_ONCE = 2000


@every(minutes=1, name="hooks.give_up")
def give_up_old_deliveries() -> None:
    """What no subscriber took in three days is given up."""
    delivering.give_up_old()


@every(minutes=60, name="hooks.forget")
def forget_old() -> None:
    """Delete what was finished long ago, the oldest first, in bounded bites; failed events stay until dealt with."""
    before = clock.now() - KEPT
    oldest = ids.first_at(before)
    events: Any = HookEvent.__table__
    final = events.c.state.in_((HookState.DONE, HookState.DISCARDED)) & (events.c.id < oldest)
    old = select(events.c.seq).where(final).order_by(events.c.id).limit(AT_ONCE)
    session().execute(delete(events).where(events.c.seq.in_(old)))
    sent: Any = HookDelivery.__table__
    gone = sent.c.state.in_(("delivered", "discarded")) & (sent.c.id < oldest)
    done = list(session().scalars(select(sent.c.id).where(gone).order_by(sent.c.id).limit(AT_ONCE)))
    if done:
        session().execute(delete(HookAttempt).where(HookAttempt.delivery_id.in_(done)))
        session().execute(delete(sent).where(sent.c.id.in_(done)))
    session().execute(delete(HookRefusals).where(HookRefusals.hour < before))
