"""The pages of the slice, one module per place; each blueprint bears this package's name as its import name."""

from __future__ import annotations

from app.fulfilment.pages import adding as adding
from app.fulfilment.pages import drafts as drafts
from app.fulfilment.pages import listing as listing
from app.fulfilment.pages import notices as notices
from app.fulfilment.pages import order as order
from app.fulfilment.pages import search as search
from app.fulfilment.pages import several as several
from app.fulfilment.pages import signed as signed
from app.fulfilment.pages import teamwork as teamwork
from app.fulfilment.pages import upload as upload
from app.fulfilment.pages.entry import bp as entry
from app.fulfilment.pages.inbox import bp as inbox

__all__ = ["entry", "inbox"]
