"""A small world in which every text that people can enter is an attack, made through the services and pages."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.catalog import service as catalog
from app.catalog.models import Product
from app.changes import service as changes
from app.core import clock, db, jobs, jsontext
from app.core.ids import new_id
from app.core.permissions import SYSTEM, Actor
from app.core.subject import Subject
from app.decisions import queries as decision_queries
from app.decisions import service as decisions
from app.decisions.models import Decision
from app.decisions.simulation import runs as simulations
from app.decisions.studio import editing
from app.decisions.studio.writing import as_yaml
from app.documents import service as documents
from app.documents.content.delivery import DeliveryNote
from app.documents.content.parts import Both, Goods, Party
from app.fulfilment import deciding, intake
from app.fulfilment import upload as uploads
from app.fulfilment.worklist import saved as worklist
from app.fulfilment.worklist.wanted import Wanted
from app.identity.models import User
from app.identity.roles import ROLES
from app.identity.service import tokens
from app.integration.inbound import envelopes, mappings, processing, receiving
from app.integration.inbound import queries as hook_queries
from app.integration.inbound import service as hooks
from app.integration.inbound.models import HookEvent
from app.integration.outbound import service as subscriptions
from app.integration.outbound.models import HookAttempt
from app.inventory import service as inventory
from app.inventory.models import LedgerEntry, Lot
from app.notifying import pushing
from app.notifying.models import Letter
from app.orders import queries as orders
from app.orders.models import Order
from app.priority import overriding
from app.priority.models import CAUSES
from app.processes import service as processes
from app.processes.cockpit import batches, standing
from app.processes.designer import approving, drafts
from app.processes.models import ProcessInstance, ProcessMessage
from app.qualification import scanning
from app.qualification import service as qualification
from app.quality import queries as inspections
from app.recalls import links, replying, telling
from app.recalls import queries as recall_queries
from app.recalls import service as recalls
from app.shipping import delivery, shipments
from app.shipping import service as shipping
from app.shipping.checking import Expected
from app.shipping.temperature import Reading
from app.tasks import teamwork
from app.tasks.models import Task
from app.tasks.queries import open_tasks_of
from app.tasks.records import Notice
from app.traceability import service as tracing
from app.traceability.epcis.names import event_id
from app.traceability.models import ForeignEvent
from app.vigilance import capas
from app.vigilance import naming as vigilance_naming
from app.vigilance import service as vigilance
from app.vigilance.schemas import ComplaintGiven
from tests.decisions.dmn.factories import dmn
from tests.fulfilment.flow_world import Flow, make_flow
from tests.identity.factories import actor_for, make_user, sign_in, stand_in
from tests.inventory.factories import make_warehouse
from tests.orders.factories import given_order
from tests.processes.cockpit_world import BUSY, begin, deploy_all, keep_message
from tests.shipping.world import make_dock

SCRIPT = "<script>alert(1337)</script>"
ATTACK = SCRIPT + "\"'><img src=x onerror=alert(1337)>{{7*7}}"
FORMULAS = ('=HYPERLINK("http://x")', "+1+1", "-1+1", "@SUM(1+1)")
SEEN_PERIOD = {"valid_from": "2024-01-01", "valid_to": "2028-12-31"}


@dataclass
class Site:
    """Who is there, and ids for the parameters of addresses."""

    users: dict[str, User]
    """By role."""
    token: str
    """Of the administrator, for the API."""
    ids: dict[str, list[str]] = field(default_factory=dict)
    """Parameter of a rule → values that exist."""

    def client(self, app: Flask, role: str | None = None) -> FlaskClient:
        """A browser; signed in when a role is given."""
        made = app.test_client()
        made.set_cookie("language", "en")
        if role is not None:
            with db.transaction():
                sign_in(made, self.users[role])
        return made


def build() -> Site:
    """Fill an empty database (inside a transaction)."""
    flow = make_flow()
    users = {
        role: make_user(login=f"role-{role}", roles=(role,), name=f"{role} {SCRIPT}", email="x@x.example")
        for role in ROLES
    }
    admin = actor_for(users["admin"])
    token, secret = tokens.make_token(admin, users["admin"], label=f"t {SCRIPT}", scopes=())
    site = Site(users=users, token=secret, ids={"token_id": [token.id], "user_id": [users["auditor"].id]})
    _master_data(site, admin)
    made = _orders(flow, admin, site)
    _shipped(site, admin, flow.plain, made[0].id)
    _describe_orders(site, made, admin)
    _traced(site, admin)
    _qualifying(site, admin)
    _inspecting(site, flow)
    _recalling(site, flow)
    _complaining(site)
    _shipping(site, flow)
    _worked_on_together(site, admin)
    _processes(site, admin)
    _webhooks(site, admin)
    away, other = users["manager"], users["sales"]
    site.ids["substitution_id"] = [stand_in(away, other, reason=ATTACK).id, stand_in(other, users["qa_ra"]).id]
    return site


def _master_data(site: Site, admin: Actor) -> None:
    keep = site.ids.setdefault
    region = catalog.create_region(
        admin,
        {"code": "X-1", "name": {"en": ATTACK, "zh": ATTACK}, "lane_days_p50": 1, "lane_days_p95": 2},
    )
    keep("region_id", []).append(region.code)
    registration = catalog.create_registration(
        admin, {"number": f"R{SCRIPT}", "holder": ATTACK, "risk_class": 2, **SEEN_PERIOD}
    )
    keep("registration_id", []).append(registration.id)
    for place, text in enumerate((ATTACK, *FORMULAS)):
        product = catalog.create_product(admin, _product(f"{text[:28]}{place}", text, registration.id))
        keep("product_id", []).append(product.id)
        customer = catalog.create_customer(admin, _customer(f"{text[:28]}{place}", text, region.code))
        keep("customer_id", []).append(customer.id)
        _papers(site, admin, customer.id, product.id, f"{text[:28]}{place}", text)
    lot = inventory.receive(
        admin,
        product,
        make_warehouse(),
        {
            "lot_no": f"L{SCRIPT}",
            "made_on": "2026-06-01",
            "expires_on": "2028-06-01",
            "quantity": 5,
            "document": SCRIPT,
        },
    )
    inventory.release_lot(admin, lot, reason=ATTACK, report_no=SCRIPT)
    keep("lot_id", []).append(lot.id)
    keep("warehouse_id", []).append(make_warehouse().id)
    keep("zone_id", []).append(make_warehouse().zones[0].id)


def _shipped(site: Site, admin: Actor, product: Product, order_id: str) -> None:
    """A paper, a logistic unit and a blocked scan, each as hostile as it can be."""
    words = Both(zh=ATTACK, en=ATTACK)
    goods = Goods(sku=SCRIPT, name=words, quantity=1, uom=SCRIPT, lot_no=ATTACK, serials=(ATTACK,), udi_di=ATTACK)
    party = Party(name=words, address=ATTACK, licences=(ATTACK,))
    subject = Subject("order", order_id)
    note = DeliveryNote(party, party, ATTACK, (SCRIPT,), clock.today(), (goods,), note=ATTACK)
    paper = documents.issue_document(admin, "delivery_note", subject, note)
    documents.sign_document(admin, paper, meaning="review", method="password", reason=ATTACK)
    expected = Expected("pick", subject, product.id, product.sku, clock.today(), lots=(ATTACK,))
    for code in (ATTACK, f"(01){product.udi_di}(10){SCRIPT}"):
        with contextlib.suppress(shipping.ScanBlocked):
            shipping.check_scan(admin, expected, code)
    site.ids |= {
        "document_id": [paper.id],
        "language": ["en"],
        "unit_id": [shipping.give_sscc(admin, subject).id],
    }


def _traced(site: Site, admin: Actor) -> None:
    """An event of others as hostile as it can be, about our lot; a movement declared wrong."""
    lot_id = site.ids["lot_id"][0]
    rows = db.session().scalars(select(LedgerEntry.id).where(LedgerEntry.lot_id == lot_id).order_by(LedgerEntry.seq))
    entry = rows.all()[0]
    tracing.declare_wrong(admin, event_id(entry), reason="incorrect_data", comment=ATTACK)
    lot = db.session().get_one(Lot, lot_id)
    event = {
        "type": "ObjectEvent",
        "eventTime": "2026-11-01T00:00:00Z",
        "eventTimeZoneOffset": "+08:00",
        "eventID": f"urn:x:{quote(ATTACK)}",
        "action": "OBSERVE",
        "quantityList": [{"epcClass": f"urn:youxu:lot:{quote(lot.product.sku)}:{quote(lot.lot_no)}", "quantity": 1}],
        "bizStep": f"urn:x:{quote(ATTACK)}",
        "youxu:note": ATTACK,
    }
    body = {"type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-01T00:00:00Z"}
    context = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"youxu": "urn:youxu:epcis:1:"}]
    tracing.take_in(admin, {"@context": context, **body, "epcisBody": {"eventList": [event]}})
    key = db.session().scalars(select(ForeignEvent.id)).one()
    site.ids |= {"start_kind": ["lot"], "start_id": [lot_id], "event_key": [key], "entry_id": [entry]}


def _product(sku: str, text: str, registration_id: str) -> dict[str, Any]:
    words = ("name", "name_en", "brand", "model", "manufacturer", "description")
    return {
        **dict.fromkeys(words, text),
        "sku": sku,
        "category_code": text[:28],
        "substitution_group": text[:60],
        "risk_class": 2,
        "shelf_life_days": 900,
        "list_price": "10.00",
        "registration_id": registration_id,
        "uom": "EA",
        "status": "active",
    }


def _customer(code: str, text: str, region_code: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(("name", "name_en", "address"), text),
        "code": code,
        "kind": "hospital",
        "status": "active",
        "region_code": region_code,
        "credit_limit": "100000",
    }


def _papers(site: Site, admin: Actor, customer_id: str, product_id: str, number: str, text: str) -> None:
    keep = site.ids.setdefault
    period = {"number": number, **SEEN_PERIOD}
    licence = catalog.create_licence(
        admin, {"customer_id": customer_id, "kind": "practice", "category_codes": [text[:28]], **period}
    )
    keep("licence_id", []).append(licence.id)
    authorisation = catalog.create_authorisation(admin, {"grantor": text, "product_ids": [product_id], **period})
    keep("authorisation_id", []).append(authorisation.id)
    keep("contract_id", []).append(catalog.create_contract(admin, {"customer_id": customer_id, **period}).id)
    award = catalog.create_award(
        admin,
        {
            "title": text,
            "customer_id": customer_id,
            "lines": [{"product_id": product_id, "price_ceiling": "9.00", "committed_qty": 5}],
            **period,
        },
    )
    keep("award_id", []).append(award.id)


def _qualifying(site: Site, admin: Actor) -> None:
    """A supplier whose every text is an attack, with a scan of a licence, under qualification."""
    contact = {"name": SCRIPT, "purpose": "recall", "phone": FORMULAS[0], "email": SCRIPT}
    words = {"name": ATTACK, "name_en": ATTACK, "address": ATTACK, "contacts": [contact], "kind": "manufacturer"}
    supplier = catalog.create_supplier(admin, {"code": f"V{SCRIPT}", **words})
    licence = catalog.create_licence(
        admin, {"supplier_id": supplier.id, "kind": "business", "number": f"V{SCRIPT}", **SEEN_PERIOD}
    )
    paper = Subject("licence", licence.id)
    scan = scanning.file_scan(admin, paper, f"{SCRIPT}.pdf", b"%PDF-" + ATTACK.encode())
    qualification.start(admin, Subject("supplier", supplier.id), applicant=admin.id)
    site.ids |= {"supplier_id": [supplier.id], "scan_id": [scan.id], "about_kind": ["supplier"]}
    site.ids |= {"about_id": [supplier.id], "paper_kind": ["licence"], "paper_id": [licence.id]}


def _inspecting(site: Site, flow: Flow) -> None:
    """A lot under inspection whose every text is an attack, with a result that fails."""
    given = {"lot_no": f"Q{SCRIPT}", "made_on": "2026-06-01", "expires_on": "2028-06-01", "document": SCRIPT}
    who = actor_for(site.users["warehouse"])
    lot = inventory.receive(who, flow.plain, make_warehouse(), {**given, "quantity": 50})
    one = inspections.open_of_lot(lot.id)
    assert one is not None
    checked = {
        "counted": 49,
        "package": "wrong",
        "label": "ok",
        "udi": "ok",
        "certificate": "ok",
        "temperature": "none",
    }
    tested = {"sampled": one.quantity, "defective": 50, "measured": "mass: 9", "instrument": SCRIPT, "reason": ATTACK}
    for doer, answers in ((who, {**checked, "note": ATTACK}), (actor_for(site.users["qa_ra"]), tested)):
        (task,) = open_tasks_of(one.subject)
        deciding.complete(doer, task.id, answers, seen_version=None)
    found = inspections.nonconformance_of(one.id)
    assert found is not None
    site.ids |= {"inspection_id": [one.id], "nonconformance_id": [found.id]}


def _recalling(site: Site, flow: Flow) -> None:
    """A recall whose every text is an attack, with an answer of a consignee."""
    warehouse = make_warehouse()
    given = {"lot_no": f"R{SCRIPT}", "made_on": "2026-06-01", "expires_on": "2028-06-01", "document": SCRIPT}
    lot = inventory.receive(SYSTEM, flow.plain, warehouse, {**given, "quantity": 50})
    inventory.release_lot(SYSTEM, lot, reason=SCRIPT, report_no="R")
    customer = inventory.outside("customer", site.ids["customer_id"][0])
    inventory.take_out(SYSTEM, lot, warehouse, 5, to=customer, reason=SCRIPT)
    words = {"hazard": ATTACK, "source": ATTACK, "instructions": ATTACK}
    head, qa = actor_for(site.users["quality_head"]), actor_for(site.users["qa_ra"])
    case = recalls.open_case(head, {"lot_ids": [lot.id], "jurisdiction": "cn", "mock": False, **words})
    recalls.note_intake(qa, case, {"check_level": "A"})
    recalls.set_level(qa, case, "class_i")
    telling.tell(qa, case)
    (notice,) = recall_queries.notices_of(case)
    telling.send_to(qa, case, notice, "x@x.example")
    counts = {lot.id: {"on_hand": 2}}
    replying.reply(SYSTEM, case, notice, {"submission": SCRIPT, "person": ATTACK, "note": ATTACK, "counts": counts})
    site.ids |= {"recall_id": [case.id], "told_id": [notice.id], "answer_key": [links.token_of(notice.id)]}


def _complaining(site: Site) -> None:
    """A complaint under investigation and a nonconformance from it; every text is an attack."""
    qa = actor_for(site.users["qa_ra"])
    lot = recall_queries.lots_of(recall_queries.get_case(site.ids["recall_id"][0])).popitem()[1]
    names = {"product": lot.product_id, "lot_no": lot.lot_no, "customer": site.ids["customer_id"][0]}
    given = {**names, "serial_no": SCRIPT, "description": ATTACK, "reference": SCRIPT, "harm": "serious"}
    one = vigilance.complain(qa, vigilance_naming.complaint_of(ComplaintGiven().load(given)), "page")
    vigilance.take_up(qa, one)
    vigilance.decide_reporting(qa, one, reportable=True, reason=ATTACK)
    found = vigilance.raise_nonconformance(qa, one, "major", 2, ATTACK)
    site.ids["complaint_id"] = [one.id]
    capa = capas.begin_capa(qa, {"source_kind": "complaint", "source": one.number, "problem": ATTACK})
    day = (clock.today() + timedelta(days=2)).isoformat()
    for _each in range(2):
        capas.plan_action(qa, capa, {"kind": "corrective", "text": ATTACK, "owner": "role-warehouse", "due_on": day})
    (task,) = open_tasks_of(capa.subject)
    file = teamwork.attach(qa, task.id, f"{ATTACK}.txt", ATTACK.encode())
    planned = {"root_cause": ATTACK, "criterion": ATTACK, "check_on": day}
    deciding.complete(qa, task.id, planned, seen_version=None)
    site.ids |= {"capa_id": [capa.id], "action_id": [capa.actions[1].id], "evidence_id": [file.id]}
    site.ids["nonconformance_id"].append(found.id)


def _shipping(site: Site, flow: Flow) -> None:
    """A shipment that was delivered with a refusal, cold and too warm on its way, and one that is to be picked."""
    dock = make_dock(flow)
    _order, gone = dock.release(external_ref=f"sh1{SCRIPT}")
    gone.cold = True
    dock.pick_all(gone)
    dock.leave(gone, logger=SCRIPT, box_celsius=4.5, vehicle=ATTACK)
    delivery.take_readings(SYSTEM, gone, SCRIPT, [Reading(clock.now(), Decimal("5.0"))])
    (goods,) = shipments.carried_by(gone)
    refused = [{"lot_no": goods.lot.lot_no, "quantity": 1, "reason": ATTACK}]
    photo = b"\xff\xd8\xff" + SCRIPT.encode()
    dock.deliver(gone, receiver=ATTACK, celsius=Decimal("5.0"), refused=refused, note=ATTACK, photo=photo)
    _order, waits = dock.release(external_ref=f"sh2{SCRIPT}")
    waits.carrier = SCRIPT[:20]
    site.ids |= {"shipment_id": [waits.id, gone.id]}


def _orders(flow: Flow, admin: Actor, site: Site) -> list[Order]:
    """Waiting, sent back, rejected, cancelled, released and blocked ones, with hostile words in every text."""
    texts = {"note": ATTACK, "external_ref": None, "hospital_po": SCRIPT, "contract_number": None}
    made = [flow.submit(**{**texts, "external_ref": f"{place}{SCRIPT}"}) for place in range(4)]
    _waiting, returned, rejected, cancelled = made
    flow.decide("desk2", returned, "rework", ATTACK)
    flow.decide("desk2", rejected, "reject", ATTACK)
    intake.cancel(flow.actor("ann"), cancelled.id, reason=ATTACK, seen_version=cancelled.version)
    made.append(flow.submit(product=flow.plain))
    for place, product_id in enumerate(site.ids["product_id"]):
        given = given_order(
            "direct",
            customer=site.ids["customer_id"][place],
            product=product_id,
            **{**texts, "note": FORMULAS[place % 4], "external_ref": f"{(ATTACK, *FORMULAS)[place][:60]}"},
        )
        made.append(intake.take_in(admin, given).order)
    made.append(_signed(flow, texts))
    _changing(flow, site, next(order for order in made if order.status == "released"))
    return made


def _changing(flow: Flow, site: Site, order: Order) -> None:
    """A change and a cancellation of released orders, asked for in hostile words; the latter waits for the order desk."""
    ann = flow.actor("ann")
    told = changes.ask(ann, order.id, {"note": SCRIPT}, seen_version=order.version, reason=ATTACK)
    waits = changes.ask(ann, order.id, None, seen_version=orders.version_of(order.id), reason=ATTACK)
    site.ids |= {"change_id": [waits.id, told.id]}


def _signed(flow: Flow, texts: dict[str, Any]) -> Order:
    """Approved by two, the second of whom signed; nothing in it is harmless."""
    order = flow.submit(product=flow.valuable, unit_price="60000.00", **{**texts, "external_ref": f"s{SCRIPT}"})
    flow.users["boss"].name = f"Mona {ATTACK}"
    flow.decide("both", order, "approve", ATTACK)
    teamwork.attach(flow.actor("boss"), flow.task(order).id, f"{ATTACK}.txt", ATTACK.encode())
    return flow.decide("boss", order, "approve", ATTACK)


def _describe_orders(site: Site, made: list[Order], admin: Actor) -> None:
    session = db.session()
    kept = uploads.keep(admin, f"{SCRIPT}.csv", b"a,b\r\n1,2\r\n")
    _rules(admin)
    site.ids |= {
        "order_id": [order.id for order in made],
        "task_id": list(session.scalars(select(Task.id).order_by(Task.status != "open", Task.id))),  # open ones first
        "instance_id": list(session.scalars(select(ProcessInstance.id)))[:4],
        "decision_id": sorted(session.scalars(select(Decision.id)))[:12],
        "rule_set": sorted({"priority", "compliance_gate", "approval_matrix", "stock_gate", "hostile_table"}),
        "number": ["2", "1"],
        "rule": ["A2"],
        "name": ["order.order_type", "order"],
        "key": ["approval"],
        # the kind of the first `subject_id` first: pages of what is not there are 404
        "kind": sorted(set(session.scalars(select(AuditEntry.subject_kind))), key=lambda kind: (kind != "order", kind)),
        "subject_id": [made[0].id, site.users["auditor"].id],
        "upload_id": [kept.id],
        "run_id": ["none"],
        "file_type": ["csv", "xlsx"],
        "code": ["en"],
        "which": ["act", "deliver", "need"],
        "override_id": [_moved(next(order for order in made if order.is_open), admin)],
        "filename": ["logo.svg"],
        "filter_id": [worklist.keep(admin, "all", Wanted(q=ATTACK, sort="due"), name=SCRIPT, role="manager").id],
    }


def _webhooks(site: Site, admin: Actor) -> None:
    """A source whose events failed and wait, a subscription, with hostile words in every text."""
    robot = make_user(login="robot", roles=("integration",), name=SCRIPT)
    values = {"code": "erp", "name": ATTACK, "auth": "signature", "format": "json", "acts_as": robot.id}
    source = hooks.create_source(admin, {**values, "wait_hours": 1, "rate": 1000, "masked": [ATTACK]})
    hooks.new_secret(admin, source)
    fields = {"message": f"'{SCRIPT}'", "business_key": "data.who"}
    rule = {"name": ATTACK[:90], "when": "data.say != null", "action": "message.correlate", "fields": fields}
    mappings.save_draft(admin, source, {"rules": [rule], "otherwise": "fail"}, ATTACK, seen=None)
    mappings.activate(admin, source)
    shape = envelopes.Shape("json", signed=True)
    bodies = [{"type": ATTACK, "say": SCRIPT, "who": FORMULAS[0], ATTACK: ATTACK}, {"type": SCRIPT}]
    for place, body in enumerate(bodies):
        headers = {"webhook-id": f"{place}{SCRIPT}", "user-agent": ATTACK}
        event = envelopes.read(shape, "application/json", headers, jsontext.dumps(body).encode())
        receiving.take_in(receiving.door("erp"), event, headers, SCRIPT)
    processing.run_due()
    wish = {"name": ATTACK, "url": "https://hook.example/'><script>", "filter": f"data.x == '{SCRIPT}'"}
    told, _secret = subscriptions.subscribe(admin, wish)
    delivery = subscriptions.send_test(admin, told)
    db.session().add(
        HookAttempt(id=new_id(), delivery_id=delivery, at=clock.now(), millis=1, status=500, error="", excerpt=ATTACK)
    )
    event_ids = list(db.session().scalars(select(HookEvent.id)))
    site.ids |= {
        "source": ["erp"],
        "source_id": [source.id],
        "event_id": event_ids,
        "proof": [hook_queries.status_key(event_ids[0])],
        "secret_id": [one.id for one in hooks.secrets_of(source.id)],
        "subscription_id": [told.id],
        "delivery_id": [delivery],
        "event_type": ["youxu.order.created"],
    }


def _worked_on_together(site: Site, admin: Actor) -> None:
    """A task with a comment, a file and a copy, each as hostile as it can be."""
    task = site.ids["task_id"][0]
    teamwork.say(admin, task, f"{SCRIPT} @{site.users['sales'].login} {FORMULAS[0]}")
    teamwork.copy_to(admin, task, [site.users["auditor"].login], SCRIPT)
    jobs.run_due()
    told = db.session().scalars(select(Letter.id)).all()
    key = pushing.text_of(pushing.make_key().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    keys = {"p256dh": key, "auth": pushing.text_of(b"0" * 16)}
    device = pushing.subscribe(admin, endpoint="https://push.example/1", label=ATTACK, **keys)
    site.ids |= {"letter_id": list(told), "device_id": [device.id]}
    site.ids["notice_id"] = list(db.session().scalars(select(Notice.id)))
    site.ids["attachment_id"] = [teamwork.attach(admin, task, f"{SCRIPT}.txt", SCRIPT.encode()).id]


def _moved(order: Order, admin: Actor) -> str:
    """A hostile reason to move an order by hand."""
    wish = overriding.Wish(points=5, band=None, cause=next(iter(CAUSES)), reason=ATTACK, hours=4)
    return overriding.set_override(admin, order.id, wish, signed=True).id


def _rules(admin: Actor) -> None:
    """Drafts whose texts are hostile: in a rule, a label and a test; in a decision table."""
    draft = decisions.begin_draft(admin, decision_queries.active_version("approval_matrix"))
    text = editing.put(draft.body, ["rules", 1, "name"], {"en": ATTACK, "zh": SCRIPT})
    text = editing.put(text, ["rules", 1, "reason"], {"en": SCRIPT, "zh": SCRIPT})
    cases = "- " + as_yaml({"case": ATTACK, "facts": {}, "expect": {"route": SCRIPT}}) + "\n"
    decisions.save_draft(admin, draft, 1, text=text, cases=cases)
    for entry in ("1", "2"):
        table = dmn([("x", "string")], [("route", "string")], [[f'"{entry}"', f'"{SCRIPT}"']])
        table = table.replace('id="freight" name="Freight"', f'id="hostile_table" name={quoteattr(ATTACK)}')
        decisions.submit(admin, table, f"{SCRIPT}.dmn", cases="[]")
    begun = simulations.begin(admin, draft)
    simulations.run(begun.id, lambda work, *, write: work())
    assert begun.status == "done", begun.fault


def _processes(site: Site, admin: Actor) -> None:
    """One that waits for everything there is, one that is stuck, a batch, a message, all with hostile words."""
    deploy_all()
    busy = begin(admin, "busy", ATTACK[:60], note=ATTACK, list=[{ATTACK: ATTACK}] * 40)
    stuck = begin(admin, "stuck", SCRIPT, text=ATTACK)
    processes.set_variables(admin, stuck.id, {"more": ATTACK}, reason=ATTACK)
    batch = batches.begin(admin, "suspend", [begin(admin, "stuck", SCRIPT).id, ATTACK[:26]], ATTACK)
    keep_message(admin, name=ATTACK[:60], key=SCRIPT, words=ATTACK)
    keep_message(admin, key=SCRIPT, words=ATTACK)
    newer = processes.deploy(admin, BUSY.replace(b"PT5H", b"PT6H"))
    migration = processes.migrate(admin, busy.id, newer.id, reason=ATTACK)
    now = standing.standing_of(busy.id)
    site.ids["instance_id"] = [busy.id, stuck.id, *site.ids["instance_id"]]
    site.ids |= {
        "element_id": ["s"],
        "act": ["take", "give-back", "hand-over", "decide"],
        "verb": ["suspend", "resume", "cancel", "move", "variable"],
        "job_id": [one.id for one in now.jobs],
        "incident_id": [one.id for one in standing.open_incidents_of(stuck.id)],
        "batch_id": [batch.id],
        "migration_id": [migration],
        "form_key": [SCRIPT],
        "draft_id": [_draft(admin), _draft(admin, SCRIPT[:30])],
        "message_id": list(db.session().scalars(select(ProcessMessage.id))),
    }
    site.ids["key"] = ["busy", "stuck", *site.ids["key"]]


def _draft(admin: Actor, note: str = "") -> str:
    """A draft with hostile words in its title, names, forms and scenarios; with a note in review."""
    xml = BUSY.replace(b'name="Look at it"', f"name={quoteattr(ATTACK)}".encode(), 1)
    form = {
        "components": [
            {"type": "radio", "key": "outcome", "label": ATTACK, "values": [{"label": SCRIPT, "value": SCRIPT}]}
        ]
    }
    made = drafts.begin_with(admin, xml, ATTACK, forms={SCRIPT: form})
    text = "- " + as_yaml({"scenario": {"en": ATTACK, "zh": SCRIPT}, "expect": {"path": [SCRIPT]}}) + "\n"
    drafts.save_scenarios(admin, made.id, 1, text)
    if note:
        approving.send(admin, made.id, 2, note)
    return made.id
