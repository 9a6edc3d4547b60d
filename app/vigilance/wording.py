"""What codes of complaints and CAPA are called."""

from __future__ import annotations

from app.core.i18n import LazyString, _l

STATUSES: dict[str, LazyString] = {
    "open": _l("to be looked at"),
    "investigating": _l("under investigation"),
    "closed": _l("complaint closed"),
}
STATUS_TONES = {"open": "warning", "investigating": "info", "closed": "success"}
HARMS: dict[str, LazyString] = {
    "none": _l("no harm"),
    "possible": _l("possible harm"),
    "serious": _l("serious harm"),
    "death": _l("death of a patient"),
}
HARM_TONES = {"possible": "warning", "serious": "danger", "death": "danger"}
CONCLUSIONS: dict[str, LazyString] = {
    "confirmed": _l("confirmed: the goods were at fault"),
    "unfounded": _l("unfounded"),
    "undetermined": _l("cannot be determined"),
    "duplicate": _l("told before in another complaint"),
}
CONCLUSION_TONES = {"confirmed": "danger", "undetermined": "warning"}
JURISDICTIONS: dict[str, LazyString] = {
    "cn": _l("Law of China (NMPA)"),
    "eu": _l("Law of the European Union"),
    "us": _l("Law of the United States (FDA)"),
}
STAGES: dict[str, LazyString] = {
    "planning": _l("cause and plan"),
    "acting": _l("actions under way"),
    "verifying": _l("effectiveness to be verified"),
    "closing": _l("to be closed"),
    "closed": _l("closed, effective"),
    "dropped": _l("no action needed"),
}
STAGE_TONES = {"planning": "warning", "acting": "info", "verifying": "info", "closing": "info", "closed": "success"}
CAPA_SOURCES: dict[str, LazyString] = {
    "nonconformance": _l("Nonconformance"),
    "complaint": _l("Complaint"),
    "recall": _l("Recall"),
    "audit": _l("Internal or external audit"),
    "signal": _l("Signal of a lot or product"),
}
ACTION_KINDS: dict[str, LazyString] = {
    "corrective": _l("corrective action"),
    "preventive": _l("preventive action"),
}
