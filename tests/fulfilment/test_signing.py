"""Electronic signatures: proved anew, bound to what was shown, and invalid as soon as any of it is stored otherwise."""

from __future__ import annotations

import base64
import copy
import json
import re
import subprocess
import sys

import pytest
from sqlalchemy import select, text

from app.audit import bundles, signatures, verify_record
from app.audit.models import AuditEntry
from app.audit.verify import verify
from app.core import jsontext
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.fulfilment import deciding, several
from app.fulfilment.signing import content, record
from app.fulfilment.signing.verbs import SeenOtherwise
from app.identity.service import guards
from app.orders import queries as orders
from app.processes import service as processes
from app.processes.service import SignatureNeeded
from app.tasks import queries as tasks
from app.tasks import teamwork
from tests.audit.test_chain import dialect, unprotect
from tests.fulfilment.flow_world import make_flow
from tests.identity.factories import PASSWORD, bearer, sign_in, stand_in
from tests.processes.diagrams import chain, end, process, start, user

PDF = b"%PDF-1.7 a certificate"


@pytest.fixture
def flow(tx):
    return make_flow()


def to_sign(flow, order=None):
    """An order that waits for its second approval, which needs a signature."""
    order = order or flow.submit(product=flow.valuable, unit_price="60000.00")
    return flow.decide("both", order, "approve"), flow.task(order)


def signed(flow):
    """An order with an attachment whose second approval is signed."""
    order, task = to_sign(flow)
    teamwork.attach(flow.actor("boss"), task.id, "certificate.pdf", PDF)
    flow.decide("boss", order, "approve")
    return orders.get_order(order.id)


def page_of(client, task):
    """The page, and what its form would send."""
    page = client.get(f"/tasks/{task.id}?lang=en").get_data(as_text=True)
    hidden = dict(re.findall(r'name="(seen|meaning|seen_version)" value="([^"]*)"', page))
    return page, {**hidden, "outcome": "approve"}


@pytest.mark.any_database
def test_signing_on_the_page(client, flow):
    order, task = to_sign(flow)
    sign_in(client, flow.users["boss"])
    page, form = page_of(client, task)
    assert "Your electronic signature" in page
    assert 'name="login"' in page
    where = f"/tasks/{task.id}/complete?lang=en"
    refused = client.post(where, data=form)
    assert refused.status_code == 422
    assert "enter your password" in refused.get_data(as_text=True)
    login = flow.users["boss"].login
    for wrong in ({"login": login, "password": "no"}, {"password": PASSWORD}, {"login": "ann", "password": PASSWORD}):
        refused = client.post(where, data={**form, **wrong})
        assert (refused.status_code, tasks.get_task(task.id).status) == (422, "open")
        assert "Login or password is wrong." in refused.get_data(as_text=True)
    failed = deciding.task_verbs.session().scalars(select(AuditEntry).where(AuditEntry.action == "login:fail")).all()
    assert [one.details["at"] for one in failed] == ["signature"] * 3
    assert not signatures.has_any(Subject("order", order.id))

    assert client.post(where, data={**form, "login": login, "password": PASSWORD}).status_code == 302
    assert orders.get_order(order.id).status == "released"
    (one,) = record.of_order(order.id)
    assert (one.valid, one.who, one.meaning) == (True, "Mona", "Approval, decision: Approve")
    assert (one.local, one.utc) == ("2026-11-23 12:00:00 (Asia/Shanghai)", "2026-11-23 04:00:00 UTC")
    assert one.signature.method == "login_password"
    assert one.signature.manifest["answers"] == {"outcome": "approve"}

    _order, again = to_sign(flow)
    page, form = page_of(client, again)
    assert 'name="login"' not in page, "one series of signings in one session: the password is enough"
    assert client.post(f"/tasks/{again.id}/complete", data={**form, "password": PASSWORD}).status_code == 302
    assert record.of_order(again.subject_id)[0].signature.method == "password"


@pytest.mark.any_database
def test_guessing_at_signatures_is_locked_like_guessing_at_the_door(client, flow):
    _order, task = to_sign(flow)
    sign_in(client, flow.users["boss"])
    _page, form = page_of(client, task)
    codes = [
        client.post(f"/tasks/{task.id}/complete", data={**form, "password": f"no {i}"}).status_code for i in range(7)
    ]
    assert codes == [422] * 5 + [429] * 2
    given = {**form, "login": flow.users["boss"].login, "password": PASSWORD}
    assert client.post(f"/tasks/{task.id}/complete", data=given).status_code == 429
    assert tasks.get_task(task.id).status == "open"
    assert guards.locked_until(flow.users["boss"].login) is not None


@pytest.mark.any_database
def test_what_changed_since_it_was_shown_is_not_signed(client, flow):
    order, task = to_sign(flow)
    sign_in(client, flow.users["boss"])
    _page, form = page_of(client, task)
    teamwork.attach(flow.actor("boss"), task.id, "certificate.pdf", PDF)
    given = {**form, "login": flow.users["boss"].login, "password": PASSWORD}
    refused = client.post(f"/tasks/{task.id}/complete?lang=en", data=given)
    said = refused.get_data(as_text=True)
    assert refused.status_code == 409
    assert "What you saw has changed (the attachments)" in said
    assert "Look at it again" in said
    assert not signatures.has_any(Subject("order", order.id))
    _page, form = page_of(client, task)
    assert client.post(f"/tasks/{task.id}/complete", data={**given, **form}).status_code == 302
    assert record.of_order(order.id)[0].valid


def test_each_part_of_what_is_shown_changes_the_mark(flow):
    _order, task = to_sign(flow)
    seen = content.shown(task)
    mark = content.mark_of(seen)
    for name in content.PARTS:
        assert content.changed_parts(mark, content.mark_of({**seen, name: [{"other": 1}]})) == [name]
    other_row = {**seen, "rules": [{**one, "decision": "x"} for one in seen["rules"]]}
    assert content.mark_of(other_row) == mark, "the same decision stored once more is the same thing shown"
    with pytest.raises(SeenOtherwise):
        deciding.complete(
            flow.actor("boss"),
            task.id,
            {"outcome": "approve"},
            seen_version=task.subject_version,
            signed=deciding.Signed("approval", "nonsense", "password"),
        )
    with pytest.raises(SignatureNeeded):
        deciding.complete(flow.actor("boss"), task.id, {"outcome": "approve"}, seen_version=task.subject_version)


@pytest.mark.any_database
def test_through_the_api(client, flow):
    order, task = to_sign(flow)
    headers = bearer(flow.users["boss"])
    wanted = client.get(f"/api/v1/tasks/{task.id}", headers=headers).get_json()["signature"]
    assert wanted["meaning"] == "approval"
    right = {**wanted, "login": flow.users["boss"].login, "password": PASSWORD}

    def complete(**signature):
        body = {"seen_version": order.version, "outcome": "approve", "signature": signature or None}
        answer = client.post(f"/api/v1/tasks/{task.id}/complete", json=body, headers=headers)
        return answer.status_code, answer.get_json()

    status, said = complete()
    assert (status, said["error"]["code"]) == (422, "SignatureNeeded")
    for change, field in (
        ({"password": "no"}, "signature.password"),
        ({"login": flow.users["ann"].login}, "signature.password"),
        ({"meaning": "review"}, "signature.meaning"),
        ({"meaning": "fun"}, "signature.meaning"),
    ):
        status, said = complete(**{**right, **change})
        assert (status, list(said["error"]["details"]["fields"])) == (422, [field])
    assert complete(**{**right, "seen": "0" * 64})[0] == 409
    assert complete(**right)[0] == 200
    plain = flow.submit()
    body = {"seen_version": plain.version, "outcome": "approve", "signature": right}
    answer = client.post(f"/api/v1/tasks/{flow.task(plain).id}/complete", json=body, headers=headers)
    assert list(answer.get_json()["error"]["details"]["fields"]) == ["signature"], "not taken for signed"
    assert record.of_order(order.id)[0].who == "Mona"


@pytest.mark.any_database
def test_the_dialect_says_that_it_cannot_sign(client, flow):
    _order, task = to_sign(flow)
    body = {"variables": {"outcome": {"value": "approve"}}}
    answer = client.post(f"/engine-rest/task/{task.id}/complete", json=body, headers=bearer(flow.users["boss"]))
    assert (answer.status_code, answer.get_json()["type"]) == (403, "AuthorizationException")
    assert "electronic signature" in answer.get_json()["message"]
    assert tasks.get_task(task.id).status == "open"


def test_a_substitute_signs_in_their_own_name(flow):
    order, task = to_sign(flow)
    stand_in(flow.users["boss"], flow.users["other"])
    flow.decide("other", order, "reject", "Not this year")
    (one,) = record.of_order(order.id)
    assert (one.who, one.meaning) == ("Tom on behalf of Mona", "Approval, decision: Reject")
    assert (one.signature.signer_id, one.signature.on_behalf_of) == (flow.users["other"].id, flow.users["boss"].id)
    assert one.valid
    assert task.id == one.signature.task_id


TAMPERED = {
    "answers": ('UPDATE tasks SET answers = \'{"outcome": "reject"}\' WHERE id = :task', "the answers"),
    "who did it": ("UPDATE tasks SET completed_by = 'x' WHERE id = :task", "the task"),
    "diagram": ("UPDATE process_definitions SET xml = xml || ' '", "the diagram"),
    "form": ("UPDATE process_definitions SET forms = '{}'", "the form"),
    "version": ("UPDATE order_versions SET snapshot = '{}' WHERE order_id = :order AND version = :signed", "the order"),
    "order": ("UPDATE orders SET note = 'x' WHERE id = :order", "the order"),
    "decision": ("UPDATE decisions SET outcome = '{}' WHERE subject_id = :order", "decisions of the rules"),
    "bytes": ("UPDATE kept_contents SET content = :bytes", "the attachments"),
    "attachment": ("DELETE FROM task_attachments", "the attachments"),
    "paper": ("UPDATE documents SET content = '{}', sha256 = :digest WHERE subject_id = :order", "the order confirm"),
    "name": ("UPDATE signatures SET signer_name = 'Eve'", "The signature itself was altered"),
    "meaning": ("UPDATE signatures SET meaning = 'review'", "The signature itself was altered"),
    "manifest": ("UPDATE signatures SET manifest = '{\"task\": {}}'", "What was signed was altered"),
    "trail": ("UPDATE audit_entries SET action = 'order:change' WHERE action = 'signature:sign'", "does not know"),
    "cut off": ("DELETE FROM signatures", "was removed"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_is_altered_behind_the_servers_back_is_found_and_named(tx, client, flow, what):
    order = signed(flow)
    assert verify(full=True).ok
    assert [one.faults for one in record.of_order(order.id)] == [[]]
    (signature,) = signatures.signatures_of(Subject("order", order.id))
    statement, reason = TAMPERED[what]
    tables = ("process_definitions", "order_versions", "decisions", "documents", "signatures", "audit_entries")
    unprotect(tx, *(table for table in tables if table in statement))
    given = {
        "task": signature.task_id,
        "order": order.id,
        "signed": signature.manifest["order"]["version"],
        "bytes": b"other",
        "digest": jsontext.digest("x"),
    }
    if dialect(tx) == "postgresql":
        statement = statement.replace("}' WHERE", "}'::jsonb WHERE")
    tx.execute(text(statement), {name: value for name, value in given.items() if f":{name}" in statement})
    tx.expire_all()
    found = [one for one in verify(full=True).findings if one.kind == "signature"]
    assert found
    assert any(reason in one.sentence() for one in found), [one.sentence() for one in found]
    if what != "cut off":
        (one,) = record.of_order(order.id)
        assert any(reason in fault for fault in one.faults)
        sign_in(client, flow.users["boss"])
        page = client.get(f"/orders/{order.id}/signatures?lang=en").get_data(as_text=True)
        assert "INVALID" in page
        assert reason in page


def paths(value, path=()):
    """Paths to every leaf, empty objects and lists too."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [found for key, one in inner for found in paths(one, (*path, key))]
    return below or [path]


def altered(value):
    if isinstance(value, bool) or value is None:
        return "other"
    return value + 1 if isinstance(value, int) else f"{value}x" if isinstance(value, str) else ["other"]


def put(record_, path, value):
    made = copy.deepcopy(record_)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return made


@pytest.mark.any_database
def test_the_record_is_verified_offline(flow, tmp_path):
    order = signed(flow)
    whole = bundles.bundle(Subject("order", order.id), order.number)
    assert base64.b64decode(next(iter(whole["parts"]["attachments"].values()))) == PDF
    file = tmp_path / "record.json"
    file.write_bytes(bundles.as_file(whole))

    def run(*more):
        command = [sys.executable, "-I", "-S", str(bundles.VERIFIER), str(file), *more]
        done = subprocess.run(command, capture_output=True, check=False, env={})
        return done.returncode, done.stdout.decode()

    code, said = run("--fingerprint", whole["fingerprint"])
    assert code == 0, said
    assert "VALID" in said.splitlines()[0]
    assert "Mona · Approval (approve) · 2026-11-23T04:00:00" in said
    assert run("--fingerprint", "0" * 64)[0] == 1
    file.write_bytes(bundles.as_file(put(whole, ("signatures", 0, "signer_name"), "Eve")))
    code, said = run("--json")
    assert (code, json.loads(said)["valid"]) == (1, False)
    file.write_text('{"format": "youxu-signed-record/1", "format": "youxu-signed-record/1"}')
    assert run()[0] == 2
    file.write_text("[")
    assert run()[0] == 2


@pytest.mark.any_database
def test_the_verifier_finds_each_single_alteration(flow):
    order = signed(flow)
    whole = bundles.bundle(Subject("order", order.id), order.number)
    assert verify_record.verify(whole) == []
    every = paths(whole)
    assert len(every) > 500
    for path in every:
        value = whole
        for key in path:
            value = value[key]
        made = put(whole, path, altered(value))
        if path[0] != "fingerprint" and path != ("subject", "label"):  # whoever alters it can make it a new fingerprint
            made["fingerprint"] = verify_record.digest({k: v for k, v in made.items() if k != "fingerprint"})
        assert verify_record.verify(made), path
    assert verify_record.verify(put(whole, every[-1], "x")) != verify_record.verify(whole)
    for name in ("signatures", "entries"):
        for place in range(len(whole[name])):
            made = copy.deepcopy(whole)
            del made[name][place]
            made["fingerprint"] = verify_record.digest({k: v for k, v in made.items() if k != "fingerprint"})
            last_entry = name == "entries" and place == len(whole[name]) - 1
            assert last_entry or verify_record.verify(made), (name, place)


@pytest.mark.any_database
@pytest.mark.parametrize("broken", [{}, {"fingerprint": ""}, {"entries": 1}, {"entries": [{}], "signatures": [[]]}])
def test_the_verifier_says_of_anything_that_it_is_not_valid(broken):
    assert verify_record.verify({"format": verify_record.FORMAT, **broken})


@pytest.mark.any_database
def test_both_programs_write_the_same_letters(flow):
    order = signed(flow)
    whole = bundles.bundle(Subject("order", order.id))
    odd = {
        "é\u2028": ['\x00\x1f\x7f\\"/', "\U0001f600", "中文", 2**53 - 1, -1, True, None, {}],
        "": "\ufffd",
        "z": "\t\n",
    }
    for value in (whole, odd):
        assert verify_record.canonical(value) == jsontext.canonical(value)


@pytest.mark.any_database
def test_on_paper(client, flow):
    order = signed(flow)
    sign_in(client, flow.users["boss"])
    for path in ("signed-record.pdf?language=en", "confirmation.pdf?language=zh_Hans"):
        paper = client.get(f"/orders/{order.id}/{path}", follow_redirects=True)
        assert paper.status_code == 200
        assert paper.data.startswith(b"%PDF-1.")
        assert b"NotoSansSC" in paper.data
        assert len(paper.data) < 80_000, "only the glyphs that are used"
    saved = client.get(f"/orders/{order.id}/signed-record.json")
    assert verify_record.verify(json.loads(saved.data)) == []
    assert client.get("/verify_record.py").data == bundles.VERIFIER.read_bytes()
    page = client.get(f"/orders/{order.id}?lang=en").get_data(as_text=True)
    assert f"/orders/{order.id}/signatures" in page
    unsigned = flow.submit(product=flow.plain)
    assert client.get(f"/orders/{unsigned.id}/signed-record.json").status_code == 404
    assert "/signatures" not in client.get(f"/orders/{unsigned.id}").get_data(as_text=True)


def test_any_process_can_ask_for_a_signature(client, flow):
    parts = (start(), user("u", camunda__candidateGroups="manager", youxu__signature="review"), end())
    made = processes.deploy(SYSTEM, process(*parts, chain("s", "u", "e"), key="other"))
    instance = processes.start_definition(flow.actor("ann"), made.id).id
    (task,) = tasks.open_tasks_of(Subject("process", instance))
    headers = bearer(flow.users["boss"])
    wanted = client.get(f"/api/v1/tasks/{task.id}", headers=headers).get_json()["signature"]
    signature = {**wanted, "login": flow.users["boss"].login, "password": PASSWORD}
    body = {"seen_version": 1, "signature": signature}
    answer = client.post(f"/api/v1/tasks/{task.id}/complete", json=body, headers=headers)
    assert answer.status_code == 200, answer.get_json()
    whole = bundles.bundle(Subject("process", instance))
    assert verify_record.verify(whole) == []
    assert whole["parts"]["diagrams"].keys() == {made.id}
    assert verify(full=True).ok


def test_a_meaning_that_is_none_is_refused_at_deploy(tx):
    parts = (start(), user("u", youxu__signature="fun"), end())
    with pytest.raises(processes.DiagramRefused) as refused:
        processes.deploy(SYSTEM, process(*parts, chain("s", "u", "e")))
    assert refused.value.details["fields"].keys() == {"u"}
    assert "approval, review, release" in refused.value.details["fields"]["u"][0]


def test_of_several_decided_at_once_each_that_needs_a_signature_is_left(flow):
    order, task = to_sign(flow)
    plain = flow.submit()
    flow.users["boss"].roles = ["manager", "order_desk"]
    seen = {task.id: order.version, flow.task(plain).id: plain.version}
    results = several.decide(flow.actor("boss"), seen, {"outcome": "approve"})
    assert [one.code for one in results] == ["SignatureNeeded", "done"]
    assert tasks.get_task(task.id).status == "open"
