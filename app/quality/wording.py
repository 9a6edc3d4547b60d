"""What codes of an inspection are called."""

from __future__ import annotations

from app.core.i18n import LazyString, _l

ROUTES: dict[str, LazyString] = {
    "": _l("not planned yet"),
    "documents": _l("document check"),
    "reduced": _l("reduced inspection"),
    "normal": _l("normal inspection"),
    "tightened": _l("tightened inspection"),
    "full": _l("full test"),
    "hold": _l("held, not inspected"),
}
SWITCHED: dict[str, LazyString] = {
    **{severity: ROUTES[severity] for severity in ("reduced", "normal", "tightened")},
    "discontinued": _l("acceptance discontinued"),
}
STATES: dict[str, LazyString] = {
    "created": _l("received"),
    "sampling": _l("in sampling"),
    "testing": _l("tested"),
    "reviewed": _l("reviewed"),
    "released": _l("lot released"),
    "rejected": _l("lot rejected"),
    "stopped": _l("inspection stopped"),
}
TONES = {"released": "success", "rejected": "danger", "stopped": "warning"}
ORIGINS: dict[str, LazyString] = {
    "supplier": _l("supplier's delivery"),
    "import": _l("imported goods"),
    "return": _l("returned goods"),
    "excursion": _l("temperature excursion"),
    "periodic": _l("periodic inspection"),
}
CHECKS: dict[str, LazyString] = {
    "package": _l("Package"),
    "label": _l("Label"),
    "udi": _l("UDI"),
    "certificate": _l("Certificate"),
    "temperature": _l("Temperature record of the transport"),
}
FOUND: dict[str, LazyString] = {
    "ok": _l("in order"),
    "wrong": _l("wrong"),
    "none": _l("not needed"),
    "complete": _l("complete"),
    "incomplete": _l("missing or with gaps"),
}
SEVERITIES: dict[str, LazyString] = {"critical": _l("critical"), "major": _l("major"), "minor": _l("minor")}
SEVERITY_TONES = {"critical": "danger", "major": "warning"}
OUTCOMES: dict[str, LazyString] = {
    "open": _l("undecided"),
    "released": _l("lot released"),
    "rejected": _l("lot rejected"),
    "stopped": _l("inspection stopped"),
    "settled": _l("settled by quality"),
}
DISPOSITIONS: dict[str, LazyString] = {
    "review": _l("to be reviewed"),
    "use_as_is": _l("use as it is"),
    "concession": _l("concession"),
    "rework": _l("rework"),
    "return_to_supplier": _l("return to the supplier"),
    "scrap": _l("destroy before witnesses"),
    "quarantine": _l("stays in quarantine"),
}
