"""Rights of this slice."""

from __future__ import annotations

from app.core.i18n import _l
from app.core.permissions import permission

LETTER_READ = permission("letter:read", _l("See what is sent by e-mail and to devices"), "operator")
LETTER_SEND = permission("letter:send", _l("Send a message again"), "operator")
