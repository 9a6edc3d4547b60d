"""Orders from files: a dry run that names row, column and reason, then all or none."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from app.core import i18n
from app.core.db import session
from app.fulfilment import intake, upload
from app.fulfilment.models import OrderUpload
from app.orders import queries as orders
from app.orders.models import Order
from tests.fulfilment.entry_world import make_world
from tests.identity.factories import make_user, sign_in
from tests.orders.factories import given_order

HEAD = "订单标识,渠道,订单类型,客户编码,客户单号,要求日期,授权书编号,手术时间,手术编号,产品编码,数量,单位,单价,备注"
GOOD = f"""{HEAD}
1,直销,普通,H-0001,PO-1,2026/12/1,,2026/12/2 8:30,OR-2026-1202,STENT-1,2,个,"8,900.00",急用
1,,,,,,,,,STENT-1,1,EA,￥10,
,distributor,,D-0001,,2026年12月5日,AUTH-1,,,00643169007222,3,,81.50,<b>x</b>
"""


@pytest.fixture
def world(client):
    found = make_world()
    sign_in(client, found.ann)
    client.set_cookie("language", "en")
    return found


def count(model=Order):
    return session().scalar(select(func.count()).select_from(model))


def sent(client, content, name="orders.csv"):
    return client.post("/orders/upload", data={"file": (io.BytesIO(content), name)})


def workbook(text):
    book = Workbook()
    for row in csv.reader(io.StringIO(text)):
        book.active.append(
            [int(cell) if cell.isdecimal() and not cell.startswith("0") else cell or None for cell in row]
        )
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def faults(text):
    return [(fault.row, fault.column) for fault in upload.dry_run("a.csv", text.encode()).faults]


@pytest.mark.parametrize("form", ["utf-8", "utf-8-sig", "gbk", "utf-16", "xlsx"])
def test_a_good_file_is_checked_then_confirmed(form, client, world):
    content, name = (workbook(GOOD), "a.xlsx") if form == "xlsx" else (GOOD.encode(form), "a.csv")
    answer = sent(client, content, name)
    assert answer.status_code == 302, answer.text
    assert count() == 0
    page = client.get(answer.location).text
    assert "Enter 2 orders" in page
    done = client.post(f"{answer.location}/confirm")
    assert (done.status_code, done.location) == (302, answer.location)
    first, second = session().scalars(select(Order).order_by(Order.number))
    assert [(line.quantity, str(line.unit_price)) for line in first.lines] == [(2, "8900.00"), (1, "10.00")]
    assert (first.channel, first.external_ref, first.note, str(first.requested_date)) == (
        "direct",
        "PO-1",
        "急用",
        "2026-12-01",
    )
    assert first.surgery_at.isoformat() == "2026-12-02T00:30:00+00:00"
    assert (second.channel, second.note) == ("distributor", "<b>x</b>")
    assert second.lines[0].product_id == world.product.id
    page = client.get(answer.location).text
    assert first.number in page
    assert second.number in page


def test_confirming_twice_makes_the_orders_once(client, world):
    address = sent(client, GOOD.encode()).location
    client.post(f"{address}/confirm")
    again = client.post(f"{address}/confirm")
    assert again.status_code == 302
    assert count() == 2
    assert session().scalars(select(OrderUpload)).one().content == b""


def test_every_fault_is_listed_by_row_and_column_and_nothing_is_kept(client, world):
    text = f"""{HEAD}
1,直销,普通,H-0001,PO-1,2020/1/1,,2026/12/2 8:30,张三,STENT-1,0,个,10,
1,,,H-0002,,,,,,NONE,1,KG,x,
,web,,D-0001,,soon,,,,STENT-1,1.5,,1,
"""
    answer = sent(client, text.encode("gbk"))
    assert answer.status_code == 422
    assert count() == count(OrderUpload) == 0
    assert faults(text) == [
        (2, "F"),
        (2, "I"),
        (2, "K"),
        (3, "D"),
        (3, "J"),
        (3, "M"),
        (4, "B"),
        (4, "F"),
        (4, "K"),
    ]
    assert "There is no product NONE." in answer.text
    client.set_cookie("language", "zh_Hans")
    assert "没有产品 NONE。" in sent(client, text.encode("gbk")).text


def test_a_formula_is_refused_and_its_cell_named(client, world):
    content = workbook(GOOD.replace("H-0001", "=A1"))
    assert "This cell holds a formula. Replace it by its value." in sent(client, content, "a.xlsx").text
    assert [(fault.row, fault.column) for fault in upload.dry_run("a.xlsx", content).faults] == [(2, "D")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.xlsx", b"PK\x03\x04"),
        ("a.pdf", b"%PDF"),
        ("a.csv", b"\xff\xfe\x00"),
        ("a.csv", b"Colour\nred\n"),
    ],
)
def test_what_is_no_table_of_orders_is_refused(name, content, client, world):
    assert sent(client, content, name).status_code == 422


def test_no_file_and_too_large_a_file_are_refused(client, world):
    assert client.post("/orders/upload", data={}).status_code == 422
    assert sent(client, b"x" * (1024 * 1024 + 1)).status_code == 413


def test_a_reference_that_is_taken_is_a_fault(world):
    order = intake.take_in(
        world.seller, given_order(product=world.product, customer=world.hospital, external_ref="PO-1")
    ).order
    (fault,) = upload.dry_run("a.csv", GOOD.encode()).faults
    assert (fault.row, fault.column) == (2, "E")
    assert order.number in fault.reason


def test_a_reference_twice_in_the_file_is_a_fault(world):
    text = GOOD + "2,直销,普通,H-0001,PO-1,2026/12/1,,2026/12/2 8:30,OR-2026-1202,STENT-1,2,个,1,\n"
    assert faults(text) == [(5, "E")]


def test_rows_with_one_reference_make_one_order(world):
    text = "Channel,Customer,Customer's reference,Requested date,Authorisation,Product,Qty,Price\n" + (
        "distributor,D-0001,A,2026-12-01,AUTH-1,STENT-1,1,1\n" * 2
        + "distributor,D-0001,B,2026-12-01,AUTH-1,STENT-1,1,1\n"
        + "distributor,D-0001,,2026-12-01,AUTH-1,STENT-1,1,1\n" * 2
    )
    checked = upload.dry_run("a.csv", text.encode())
    assert checked.faults == []
    assert [len(draft.rows) for draft in checked.drafts] == [2, 1, 1, 1]


def test_a_file_of_too_many_orders_is_refused(world):
    text = "Channel,Customer,Requested date,Authorisation,Product,Qty,Price\n" + (
        "distributor,D-0001,2026-12-01,AUTH-1,STENT-1,1,1\n" * 201
    )
    (fault,) = upload.dry_run("a.csv", text.encode()).faults
    assert fault.reason == "Too many orders in one file: at most 200."


def test_what_changed_since_the_dry_run_stops_the_whole_file(client, world):
    address = sent(client, GOOD.encode()).location
    world.product.status = "discontinued"
    session().flush()
    answer = client.post(f"{address}/confirm")
    assert answer.status_code == 409
    assert count() == 0


def test_an_upload_is_its_senders_own(client, world):
    address = sent(client, GOOD.encode()).location
    sign_in(client, world.bob)
    assert client.get(address).status_code == 404
    assert client.post(f"{address}/confirm").status_code == 404
    sign_in(client, make_user(roles=("warehouse",)))
    assert client.get("/orders/upload").status_code == 403


def test_a_large_file_is_checked_with_few_statements(world, statements):
    rows = "distributor,D-0001,2026-12-01,AUTH-1,STENT-1,1,1,{}\n"
    text = "Channel,Customer,Requested date,Authorisation,Product,Qty,Price,Order key\n"
    text += "".join(rows.format(number // 25) for number in range(5000))
    statements.clear()
    checked = upload.dry_run("a.csv", text.encode())
    assert checked.faults == []
    assert (checked.rows, len(checked.drafts)) == (5000, 200)
    assert len(statements) <= 3


@pytest.mark.parametrize("tongue", ["en", "zh_Hans"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_example_is_understood(kind, tongue, client, world):
    from tests.catalog.factories import make_customer, make_product

    make_customer(code="H-0002")
    for sku in ("STENT-3018", "WIRE-014"):
        make_product(sku=sku)
    client.set_cookie("language", tongue)
    content = client.get(f"/orders/upload/template.{kind}").data
    with i18n.reading(tongue):
        checked = upload.dry_run(f"a.{kind}", content)
    reasons = [(fault.row, fault.column, fault.reason) for fault in checked.faults]
    assert len(checked.drafts) == 3
    assert [row for row, _column, _reason in reasons] == [4]  # the third product has no package that BX could mean
    if kind == "xlsx":
        assert load_workbook(io.BytesIO(content)).active["A1"].value == ("Order key" if tongue == "en" else "订单标识")


def test_uploaded_orders_are_audited_and_found(client, world):
    address = sent(client, GOOD.encode()).location
    client.post(f"{address}/confirm")
    kept = session().scalars(select(OrderUpload)).one()
    assert len(orders.orders_by_id(kept.order_ids)) == 2
