"""What programs that watch the server ask for."""

from __future__ import annotations

from flask import Blueprint, Response

from app.core import metrics
from app.core.permissions import requires
from app.operate.permissions import METRICS_READ

bp = Blueprint("operate", __name__)


@bp.get("/metrics")
@requires(METRICS_READ)
def prometheus() -> Response:
    """Everything that is measured, for Prometheus, which sends an API token.

    Not simply open to this machine: behind a proxy on the same host everybody would come from it.
    """
    return Response(metrics.text(), content_type=metrics.CONTENT_TYPE)
