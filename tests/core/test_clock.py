"""The clock answers in one zone."""

from __future__ import annotations

from datetime import UTC, datetime

from app.core import clock


def test_moments_are_utc_whatever_the_source_thinks_in():
    """The audit trail hashes the letters of a moment: 08:00+08:00 read back as 00:00+00:00 would look altered."""
    with clock.moved(datetime(2026, 11, 23, 8, tzinfo=clock.BUSINESS_ZONE)):
        assert clock.now().isoformat() == "2026-11-23T00:00:00+00:00"
        assert clock.now().tzinfo is UTC
