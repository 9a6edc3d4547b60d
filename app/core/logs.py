"""Log lines as JSON on standard error, each with the request id and the actor."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up(*, quiet: bool = False) -> None:
    """Configure structlog once; `quiet` keeps warnings and worse only."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=not quiet,
    )
