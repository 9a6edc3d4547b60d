"""Every movement as an EPCIS 2.0 event that the schema of GS1 accepts; events of others; declarations of errors."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry, Signature
from app.core import clock
from app.core.errors import Conflict, Invalid, NotFound
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.documents import retention
from app.documents import service as documents
from app.documents.content.delivery import DeliveryNote
from app.documents.content.parts import Both, Party
from app.documents.content.parts import Goods as GoodsLine
from app.documents.models import Document
from app.inventory import service as inventory
from app.inventory.models import LedgerEntry, Lot, Serial
from app.inventory.naming import MOVEMENTS as MOVEMENT_NAMES
from app.shipping import service as shipping
from app.traceability import exporting, service
from app.traceability.epcis import names
from app.traceability.epcis.wording import MOVEMENTS
from app.traceability.exporting import Wanted
from app.traceability.models import EventError, EventName, ForeignEvent
from app.traceability.queries import chain_of
from tests.catalog.factories import make_customer, make_product
from tests.inventory.factories import make_lot, make_warehouse
from tests.traceability.test_scope import World

EXAMPLES = Path(__file__).parents[2] / "tests" / "traceability" / "epcis"
SCHEMA = Path(service.__file__).parent / "epcis" / "schema.json"
VALID = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()), validate_formats=True)


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / name).read_text())
    return found


def events_of(**wanted: Any) -> list[dict[str, Any]]:
    """All events, page by page; each page as the schema wants it."""
    found = []
    for document in exporting.pages(Wanted(**wanted), size=7):
        VALID.validate(document)
        found += document["epcisBody"]["eventList"]
    return found


def quantity(event: dict[str, Any]) -> int:
    lists = [value for name, value in event.items() if name.lower().endswith("quantitylist")]
    units = [value for name, value in event.items() if name.lower().endswith(("epclist", "childepcs"))]
    return sum(one["quantity"] for each in lists for one in each) + sum(map(len, units))


def test_every_movement_of_a_random_world_is_one_valid_event(tx: Session) -> None:
    world = World()

    @settings(max_examples=4, deadline=None, derandomize=True, database=None)
    @given(seed=st.integers(0, 2**32))
    def holds(seed: int) -> None:
        with tx.begin_nested() as nested:
            world.live(Random(seed), 40)
            for lot in world.lots:
                rows = tx.scalars(select(LedgerEntry).where(LedgerEntry.lot_id == lot.id)).all()
                told = events_of(lot_id=lot.id)
                assert {one["eventID"] for one in told} == {names.event_id(row.id) for row in rows}
                assert len(told) == len(rows)
                by_id = {names.event_id(row.id): row.quantity for row in rows}
                assert all(quantity(one) == by_id[one["eventID"]] for one in told)
            nested.rollback()

    holds()


def test_kinds_of_movements_are_all_told() -> None:
    assert set(MOVEMENTS) == set(MOVEMENT_NAMES)


@pytest.fixture
def sold(tx: Session) -> dict[str, Any]:
    """Four units of a lot with serial numbers: two picked for an order, shipped in one box and used."""
    product = make_product(serial_controlled=True, issuer="GS1", udi_di="09506000134352")
    customer = make_customer()
    lot_given = {"lot_no": "L/1+ä", "made_on": "2026-10-01", "expires_on": "2028-10-01", "quantity": 4}
    lot = inventory.receive(
        SYSTEM, product, make_warehouse(), {**lot_given, "serials": ["a", "b", "c", "d/1"], "document": "GR-1"}
    )
    inventory.release_lot(SYSTEM, lot, reason="ok", report_no="R1")
    inventory.reserve(SYSTEM, "order-1", "line-1", product, 2, arrives_on=lot.made_on.replace(year=2027))
    kept = tx.execute(text("SELECT id FROM reservations WHERE order_id = 'order-1'")).scalar_one()
    picked = inventory.pick(SYSTEM, kept, 2, serials=("a", "b"), document="PL-1")
    box = shipping.give_sscc(SYSTEM, Subject("order", "order-1"))
    at = inventory.outside("customer", customer.id)
    inventory.ship(SYSTEM, picked.id, at, serials=("a", "b"), document="DN-1")
    used = inventory.outside("used", customer.id)
    inventory.hand_over(SYSTEM, "use", inventory.Goods(lot, 1, ("a",)), at, used)
    return {"lot": lot, "product": product, "box": box, "customer": customer}


def test_what_was_sold_is_told(tx: Session, sold: dict[str, Any]) -> None:
    told = events_of(lot_id=sold["lot"].id)
    steps = [(one["type"], one["bizStep"], one.get("disposition")) for one in told]
    assert steps[0] == ("ObjectEvent", "receiving", "sellable_not_accessible")
    assert ("ObjectEvent", "storing", "available") in steps
    assert steps.count(("TransactionEvent", "picking", "reserved")) == 2
    assert steps.count(("AggregationEvent", "packing", "in_progress")) == 2
    assert steps[-1] == ("ObjectEvent", "dispensing", "dispensed")
    packed = [one for one in told if one["type"] == "AggregationEvent"]
    assert {one["parentID"] for one in packed} == {f"https://id.gs1.org/00/{sold['box'].sscc}"}
    assert [one["childEPCs"] for one in packed] == [
        ["https://id.gs1.org/01/09506000134352/21/a"],
        ["https://id.gs1.org/01/09506000134352/21/b"],
    ]
    shipped = next(one for one in told if one["bizStep"] == "shipping")
    assert {one["type"] for one in shipped["bizTransactionList"]} == {"po", "desadv"}
    party = f"urn:youxu:party:customer:{sold['customer'].code}"
    assert {"type": "possessing_party", "destination": party} in shipped["destinationList"]
    assert "bizLocation" not in shipped
    assert shipped["eventTimeZoneOffset"] == "+08:00"
    again = events_of(lot_id=sold["lot"].id)
    assert again == told
    assert {one["eventID"] for one in events_of(order_id="order-1")} < {one["eventID"] for one in told}
    by_time = events_of(since=clock.now() - timedelta(minutes=1), until=clock.now() + timedelta(minutes=1))
    assert {one["eventID"] for one in told} == {one["eventID"] for one in by_time}
    assert events_of(until=clock.now() - timedelta(minutes=1)) == []


def test_kits_are_transformations(tx: Session) -> None:
    warehouse, kit, part = make_warehouse(), make_product(), make_lot()
    inventory.set_parts(SYSTEM, kit, {part.product_id: 2})
    home = inventory.home_bin(warehouse, part)
    parts = [inventory.Part(part, home, 6)]
    made = inventory.assemble(SYSTEM, kit, warehouse, {"lot_no": "KIT-1", "quantity": 3, "document": "K-1"}, parts)
    (into,) = [one for one in events_of(lot_id=part.id) if one["type"] == "TransformationEvent"]
    (out,) = events_of(lot_id=made.id)
    assert into["transformationID"] == out["transformationID"]
    assert into["inputQuantityList"][0]["quantity"] == 6
    assert out["outputQuantityList"][0]["quantity"] == 3
    assert out["ilmd"]["cbvmda:lotNumber"] == "KIT-1"
    inventory.release_lot(SYSTEM, made, reason="ok", report_no="R2")
    inventory.put_away(SYSTEM, made, warehouse, reason="ok")
    parts = [inventory.Part(part, home, 2)]
    inventory.take_apart(SYSTEM, made, inventory.home_bin(warehouse, made), 1, parts, reason="one too many")
    back = [one for one in events_of(lot_id=part.id) if one["type"] == "TransformationEvent"][-1]
    undone = events_of(lot_id=made.id)[-1]
    assert back["transformationID"] == undone["transformationID"] != into["transformationID"]
    assert (back["outputQuantityList"][0]["quantity"], undone["inputQuantityList"][0]["quantity"]) == (2, 1)


@pytest.mark.parametrize(
    ("identifier", "meant"),
    [
        ("urn:epc:id:sgtin:4012345.011122.25", ("serial", "04012345111224", "25")),
        ("urn:epc:class:lgtin:4012345.012345.998877", ("lot", "04012345123456", "998877")),
        ("https://id.gs1.org/01/09506000134352/10/AB%2F1", ("lot", "09506000134352", "AB/1")),
        ("https://example.com/shop/01/09506000134352/10/AB/21/7?17=280101", ("serial", "09506000134352", "7")),
        ("urn:epc:id:sscc:0614141.1234567890", ("sscc", "", "106141412345678908")),
        ("https://id.gs1.org/00/106141412345678908", ("sscc", "", "106141412345678908")),
        ("urn:youxu:lot:SKU%3A1:L1", ("lot", "SKU:1", "L1")),
        ("urn:epc:idpat:sgtin:4012345.098765.*", None),
        ("urn:epc:id:sgtin:401234.011122.25", None),
        ("https://id.gs1.org/01/09506000134352", None),
        ("nonsense", None),
    ],
)
def test_identifiers_are_read(identifier: str, meant: tuple[str, str, str] | None) -> None:
    assert names.read(identifier) == meant


@given(st.binary(min_size=16, max_size=16))
def test_an_event_id_leads_back(number: bytes) -> None:
    shown = number.hex()
    key = names.entry_id(f"urn:uuid:{shown[:8]}-{shown[8:12]}-{shown[12:16]}-{shown[16:20]}-{shown[20:]}")
    assert key is not None
    assert names.event_id(key).replace("-", "").endswith(shown)


def test_the_examples_of_gs1_come_in_once(tx: Session) -> None:
    files = sorted(EXAMPLES.glob("*.jsonld"))
    assert len(files) == 8
    for file in files:
        document = json.loads(file.read_text())
        first = service.take_in(SYSTEM, document)
        assert first.taken, file.name
        second = service.take_in(SYSTEM, document)
        assert (second.taken, second.declared) == ([], [])
        assert second.known == first.taken
    stored = tx.scalar(select(func.count()).select_from(ForeignEvent))
    assert stored == sum(len(json.loads(file.read_text())["epcisBody"]["eventList"]) for file in files)
    wrong = tx.scalars(select(EventError)).one()
    assert wrong.reason == "incorrect_data"
    assert wrong.corrective == ["urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8"]
    assert tx.scalar(select(func.count()).select_from(EventName).where(EventName.kind == "lot")) >= 2


def test_a_wrong_document_is_refused_with_paths(tx: Session) -> None:
    good = example("Example_9.6.3-AggregationEvent.jsonld")
    event = good["epcisBody"]["eventList"][0]
    changes: list[tuple[dict[str, Any], str, str]] = [
        ({"action": "FOO"}, "epcisBody.eventList.0.action", "OBSERVE"),
        ({"action": None}, "epcisBody.eventList.0", "“action” is missing"),
        ({"bizStep": "nonsense"}, "epcisBody.eventList.0.bizStep", "accepting"),
        ({"foo": 1}, "epcisBody.eventList.0", "“foo” is no field"),
        ({"eventTime": "yesterday"}, "epcisBody.eventList.0.eventTime", "date-time"),
        ({"eventTime": "0001-01-01T00:00:00+14:00"}, "epcisBody.eventList.0.eventTime", "date-time"),
        ({"childEPCs": None, "childQuantityList": None}, "epcisBody.eventList.0", "childEPCs"),
        ({"childQuantityList": [{"epcClass": "urn:a:b", "quantity": "5"}]}, "childQuantityList.0.quantity", "number"),
        ({"example:n": 2**70}, "epcisBody.eventList.0", "53 bits"),
        ({"example:n": "a\x00b"}, "epcisBody.eventList.0", "null character"),
    ]
    for change, path, said in changes:
        bad = copy.deepcopy(good)
        bad["epcisBody"]["eventList"][0] = {k: v for k, v in {**event, **change}.items() if v is not None}
        with pytest.raises(Invalid) as error:
            service.take_in(SYSTEM, bad)
        fields = error.value.details["fields"]
        assert any(key.endswith(path) and said in " ".join(reasons) for key, reasons in fields.items()), fields
    for nonsense in ([], "x", None, {}, {"type": "ObjectEvent"}, {"type": "EPCISDocument"}):
        with pytest.raises(Invalid):
            service.take_in(SYSTEM, nonsense)
    assert tx.scalar(select(func.count()).select_from(ForeignEvent)) == 0


def test_an_event_of_others_is_in_the_chain_and_never_changes(tx: Session, sold: dict[str, Any]) -> None:
    document = example("Example_9.6.3-AggregationEvent.jsonld")
    event = document["epcisBody"]["eventList"][0]
    event["childEPCs"] = ["https://id.gs1.org/01/09506000134352/21/b"]
    event["childQuantityList"] = [{"epcClass": f"https://id.gs1.org/01/09506000134352/10/{'OTHER'}", "quantity": 1}]
    event["eventID"] = "urn:uuid:00000000-0000-4000-8000-000000000001"
    service.take_in(SYSTEM, document)
    units = {one.serial_no: one.id for one in tx.scalars(select(Serial).where(Serial.lot_id == sold["lot"].id))}
    for start, shown in (
        (Subject("serial", units["b"]), True),
        (Subject("serial", units["a"]), False),
        (Subject("lot", sold["lot"].id), True),
    ):
        assert any(step.code == "epcis" for step in chain_of(start).steps) is shown, start
    early = make_lot(sold["product"], on_hand=1, lot_no="OTHER")  # goods that came after the event
    assert any(step.code == "epcis" for step in chain_of(Subject("lot", early.id)).steps)
    event["action"] = "ADD"
    with pytest.raises(Invalid, match="eventID"):
        service.take_in(SYSTEM, document)
    event["action"] = "OBSERVE"
    event["errorDeclaration"] = {"declarationTime": "2026-11-23T00:00:00Z", "reason": "did_not_occur"}
    assert service.take_in(SYSTEM, document).declared == [event["eventID"]]


def test_a_mistaken_event_of_ours_is_declared_wrong(tx: Session, sold: dict[str, Any]) -> None:
    first, second = (one["eventID"] for one in events_of(lot_id=sold["lot"].id)[:2])
    given: dict[str, Any] = {"reason": "incorrect_data", "comment": "two were damaged"}
    for wrong in ({"reason": "mood"}, {"comment": " "}, {"corrective": ["urn:a:b"]}, {"corrective": [first]}):
        with pytest.raises(Invalid):
            service.declare_wrong(SYSTEM, first, **{**given, **wrong})
    with pytest.raises(NotFound):
        service.declare_wrong(SYSTEM, "urn:uuid:00000000-0000-4000-8000-000000000001", **given)
    later = clock.now() + timedelta(hours=1)
    with clock.moved(later):
        service.declare_wrong(SYSTEM, first, **given, corrective=[second])
        with pytest.raises(Conflict):
            service.declare_wrong(SYSTEM, first, **given)
    told = events_of(lot_id=sold["lot"].id)[0]["errorDeclaration"]
    assert (told["reason"], told["correctiveEventIDs"]) == ("incorrect_data", [second])
    since = events_of(since=later)  # who asks only for what is new hears of the declaration
    assert [one["eventID"] for one in since] == [first]
    document = {**example("Example_9.6.3-AggregationEvent.jsonld"), "epcisBody": {"eventList": since}}
    with pytest.raises(Invalid, match="eventID"):
        service.take_in(SYSTEM, document)


def test_no_record_of_goods_can_be_deleted(tx: Session, sold: dict[str, Any]) -> None:
    service.take_in(SYSTEM, example("ErrorDeclarationAndCorrectiveEvent.jsonld"))
    words = Both(zh="甲", en="A")
    line = GoodsLine(sku="S", name=words, quantity=1, uom="EA", lot_no="L", expires_on=sold["lot"].expires_on)
    party = Party(name=words)
    note = DeliveryNote(party, party, "DN", ("SO",), clock.today(), (line,))
    paper = documents.issue_document(SYSTEM, "delivery_note", Subject("lot", sold["lot"].id), note)
    assert paper.retain_until >= retention.years_after(sold["lot"].expires_on, 2)
    documents.sign_document(SYSTEM, paper, meaning="review", method="password")
    kept = (Document, Signature, AuditEntry)
    for table in (LedgerEntry, Lot, Serial, ForeignEvent, EventName, EventError, *kept):
        with pytest.raises(DBAPIError), tx.begin_nested():
            tx.execute(delete(table))
    for table in (LedgerEntry, ForeignEvent, EventName, EventError):
        column = next(iter(table.__table__.primary_key.columns)).name
        with pytest.raises(DBAPIError), tx.begin_nested():
            tx.execute(update(table).values({column: "x"}))


def test_a_longer_page_needs_no_more_statements(tx: Session, sold: dict[str, Any], statements: list[str]) -> None:
    counted = []
    for more in (0, 9):
        for _number in range(more):
            make_lot()
        statements.clear()
        exporting.page(Wanted(), size=500)
        counted.append(len(statements))
    assert counted[0] == counted[1] <= 10
