"""Verify a signed record of Youxu offline. Needs Python 3.9 or newer and nothing else.

    python verify_record.py record.json [--fingerprint HEX] [--json]

What is checked, for each signature: that its content gives its hash; that the hash of what was signed is the one it
binds; that each part in the file (answers, diagram, form, order, decisions, attachments) is what was signed; that the
audit trail, whose entries are chained by hashes, records this very signature. Exit code 0: valid; 1: invalid; 2: the
file cannot be read.

Whoever could rewrite the whole file could make it agree with itself. Compare the fingerprint that is printed with the
one on the paper record, or with one noted earlier (`--fingerprint`): no other file has it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMAT = "youxu-signed-record/1"
SIGNED = (
    *("id", "subject_kind", "subject_id", "task_id", "meaning", "signer_id", "signer_login", "signer_name"),
    *("on_behalf_of", "on_behalf_of_name", "at", "method", "content_hash"),
)
COVERED = (
    *("id", "subject_kind", "subject_id", "subject_seq", "at", "action", "actor_id", "actor_name", "actor_kind"),
    *("origin", "request_id", "details", "prev_hash"),
)
MEANINGS = {
    "approval": "Approval",
    "review": "Review",
    "release": "Release for distribution",
    "verification": "Verification by a second person",
    "responsibility": "Acceptance of responsibility",
    "authorship": "Authorship",
}


def canonical(value: Any) -> bytes:
    """One byte form for equal values: keys sorted, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Any) -> str:
    """SHA-256, in hex, of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a name given twice would let two readers see two things."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is given twice in one object")
    return found


def read(path: str) -> dict[str, Any]:
    """The record in a file. Raises ValueError, OSError."""
    record = json.loads(Path(path).read_bytes().decode("utf-8"), object_pairs_hook=once)
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError("this is no signed record of a kind that this program knows")
    return record


def verify(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Every reason why the record is not valid, as (what, reason); none for a valid one."""
    problems: list[tuple[str, str]] = []
    try:
        for check in (whole, chain, signatures):
            problems.extend(check(record))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        problems.append(("record", "something is missing or of the wrong kind: " + repr(error)))
    return problems


def whole(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The fingerprint, and that nothing is there that nothing covers."""
    rest = {key: value for key, value in record.items() if key != "fingerprint"}
    if digest(rest) != record["fingerprint"]:
        yield "record", "its content does not give its fingerprint"
    if record["format"] != FORMAT:
        yield "record", "is not of a kind that this program knows"
    known = {"format", "subject", "signatures", "entries", "parts", "fingerprint"}
    for name in sorted(set(record) - known):
        yield "record", f"“{name}” does not belong here"


def chain(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The entries of the trail: each gives its hash, each names the one before."""
    before = ""
    for place, entry in enumerate(record["entries"], start=1):
        name = f"entry {entry['subject_seq']} of the trail"
        if set(entry) != {*COVERED, "hash"} or digest({key: entry[key] for key in COVERED}) != entry["hash"]:
            yield name, "was altered: its content does not give its hash"
        if entry["prev_hash"] != before or entry["subject_seq"] != place:
            yield name, "does not follow the one before it"
        if (entry["subject_kind"], entry["subject_id"]) != (record["subject"]["kind"], record["subject"]["id"]):
            yield name, "is about something else"
        before = entry["hash"]


def signatures(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each signature against itself, the trail and the parts; and that none was taken out."""
    entries = {entry["id"]: entry for entry in record["entries"]}
    there = set()
    for signature in record["signatures"]:
        name = f"signature of {signature['signer_name']} ({signature['id']})"
        there.add(signature["id"])
        if set(signature) != {*SIGNED, "hash", "manifest", "entry_id"}:
            yield name, "has fields too many or too few"
        if digest({key: signature[key] for key in SIGNED}) != signature["hash"]:
            yield name, "was altered: its content does not give its hash"
        if digest(signature["manifest"]) != signature["content_hash"]:
            yield name, "what was signed was altered: it does not give the hash that the signature binds"
        entry = entries.get(signature["entry_id"])
        if entry is None or not records(entry, signature):
            yield name, "the audit trail does not know it"
        for reason in parts(signature, record["parts"]):
            yield name, reason
    for entry in record["entries"]:
        if entry["action"] == "signature:sign" and entry["details"].get("signature") not in there:
            yield f"signature {entry['details'].get('signature')}", "was removed: the audit trail tells of it"
    if not there:
        yield "record", "nothing is signed in it"


def records(entry: dict[str, Any], signature: dict[str, Any]) -> bool:
    """True when the entry of the trail is about this signature."""
    told = entry["details"]
    return (
        entry["action"] == "signature:sign"
        and (told.get("signature"), told.get("sha256")) == (signature["id"], signature["hash"])
        and (told.get("content"), told.get("task")) == (signature["content_hash"], signature["task_id"])
        and (entry["subject_kind"], entry["subject_id"]) == (signature["subject_kind"], signature["subject_id"])
    )


def parts(signature: dict[str, Any], stored: dict[str, Any]) -> Iterator[str]:
    """What is stored otherwise than it was signed."""
    manifest = signature["manifest"]
    if stored["answers"].get(signature["task_id"]) != manifest["answers"]:
        yield "changed since it was signed: the answers"
    diagram, form, order = manifest["diagram"], manifest["form"], manifest["order"]
    if diagram is not None and text_hash(stored["diagrams"].get(diagram["definition"])) != diagram["sha256"]:
        yield "changed since it was signed: the diagram"
    if form is not None and digest(stored["forms"].get(diagram["definition"], {}).get(form["key"])) != form["sha256"]:
        yield "changed since it was signed: the form"
    if order is not None and stored["orders"].get(order["id"], {}).get(str(order["version"])) != order["content"]:
        yield "changed since it was signed: the content of the order"
    for rule in manifest["rules"]:
        if not same_decision(rule, stored["decisions"].get(rule["decision"])):
            yield f"changed since it was signed: the decision of “{rule['rule_set']}”"
    for file in manifest["attachments"]:
        if file["sha256"] and bytes_hash(stored["attachments"].get(file["id"])) != file["sha256"]:
            yield f"changed since it was signed: the attachment “{file['name']}”"


def same_decision(rule: dict[str, Any], found: dict[str, Any] | None) -> bool:
    """True when the decision in the file is the one that was signed."""
    return found is not None and (
        (found["rule_set"], found["version"], found["version_hash"])
        == (rule["rule_set"], rule["version"], rule["version_hash"])
        and (digest(found["facts"]), digest(found["outcome"])) == (rule["facts"], rule["outcome"])
        and (digest(found["words"]) if "words" in found else None) == rule.get("words")
    )


def text_hash(text: str | None) -> str:
    """SHA-256 of a text's UTF-8; empty for none."""
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()


def bytes_hash(encoded: str | None) -> str:
    """SHA-256 of bytes in base64; empty for none."""
    try:
        return "" if encoded is None else hashlib.sha256(base64.b64decode(encoded, validate=True)).hexdigest()
    except binascii.Error:
        return ""


def told(signature: dict[str, Any]) -> str:
    """A signature in one line (21 CFR 11.50: printed name, date and time, meaning)."""
    other = signature["on_behalf_of_name"]
    who = signature["signer_name"] + (" on behalf of " + other if other else "")
    outcome = signature["manifest"].get("answers", {}).get("outcome")
    meaning = MEANINGS.get(signature["meaning"], signature["meaning"]) + (f" ({outcome})" if outcome else "")
    return f"{who} · {meaning} · {signature['at']} · {signature['content_hash']}"


def main(arguments: list[str]) -> int:
    """Verify the file that is named; answers the exit code."""
    as_json = "--json" in arguments
    rest = [one for one in arguments if one != "--json"]
    expected = None
    if "--fingerprint" in rest[:-1]:
        place = rest.index("--fingerprint")
        expected = rest[place + 1].lower()
        del rest[place : place + 2]
    if len(rest) != 1 or rest[0].startswith("-"):
        say(str(__doc__))
        return 2
    try:
        record = read(rest[0])
    except (ValueError, OSError, RecursionError) as error:
        say(f"cannot be read: {error}")
        return 2
    problems = verify(record)
    if expected is not None and expected != record.get("fingerprint"):
        problems.append(("record", "it has not the expected fingerprint"))
    if as_json:
        say(json.dumps({"valid": not problems, "problems": problems, "fingerprint": record.get("fingerprint")}))
    else:
        report(record, problems)
    return 1 if problems else 0


def report(record: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    """Print the verdict with its reasons."""
    say("INVALID" if problems else "VALID")
    for what, reason in problems:
        say(f"  {what}: {reason}")
    if not problems:
        for signature in record["signatures"]:
            say("  " + told(signature))
    say(f"  fingerprint {record.get('fingerprint')}")


def say(line: str) -> None:
    """One line to the screen; a name in the record cannot send it commands."""
    shown = "".join(one if one.isprintable() or one == "\n" else "?" for one in line)
    sys.stdout.buffer.write(shown.encode() + b"\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
