"""What is refused as malformed, field by field; and what is not, because it is a breach to be blocked."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.catalog.models import ProductPackage
from app.core import clock, i18n
from app.core.errors import Invalid
from app.core.ids import new_id
from app.orders.checks import CheckedOrder
from app.orders.references import References
from app.orders.service import check_order
from tests.catalog.factories import make_contract, make_customer, make_product
from tests.orders.factories import given_order

STEADY = settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def faults(given):
    with pytest.raises(Invalid) as refused:
        check_order(given)
    return refused.value.details["fields"]


def with_line(order, **over):
    line = {**order["lines"][0], **over}
    return {**order, "lines": [{name: value for name, value in line.items() if value is not ...}]}


def with_package(product, di="20643169007226", contains=10, **over):
    from app.core.db import session

    values = {"kind": "package", "quantity": contains, "base_quantity": contains, "status": "active", **over}
    package = ProductPackage(id=new_id(), product_id=product.id, di=di, **values)
    session().add(package)
    session().flush()
    return package


@pytest.mark.parametrize("channel", ["direct", "distributor", "tender"])
def test_a_well_formed_order_of_each_channel_passes(channel, tx):
    checked = check_order(given_order(channel))
    assert checked.head["channel"] == channel
    assert checked.head["order_type"] == "normal"
    assert checked.lines[0].quantity == 2
    assert checked.lines[0].unit_price == Decimal("100.00")


@pytest.mark.parametrize(
    ("channel", "field"),
    [
        ("direct", "surgery_at"),
        ("direct", "surgery_number"),
        ("distributor", "authorisation_number"),
        ("tender", "tender_award_number"),
        ("direct", "customer"),
        ("direct", "requested_date"),
        ("direct", "channel"),
    ],
)
@pytest.mark.parametrize("blank", [..., "", None])
def test_each_required_field_is_missed_by_name(channel, field, blank, tx):
    assert list(faults(given_order(channel, **{field: blank}))) == [field]


def test_direct_orders_that_are_for_no_operation_need_no_surgery(tx):
    for order_type in ("consignment", "loaner", "replacement", "sample", "internal"):
        check_order(given_order(order_type=order_type, surgery_at=..., surgery_number=...))
    assert set(faults(given_order(order_type="emergency", surgery_at=..., surgery_number=...))) == {
        "surgery_at",
        "surgery_number",
    }


def test_a_field_of_another_channel_is_refused(tx):
    assert "authorisation_number" in faults(given_order("tender", authorisation_number="A-1"))
    assert "tender_award_number" in faults(given_order(tender_award_number="A-1"))
    assert "lines.0.price_ceiling" in faults(with_line(given_order(), price_ceiling="1.00"))
    assert "lines.0.price_ceiling" in faults(with_line(given_order("tender"), price_ceiling=...))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("channel", "web", "Must be one of"),
        ("channel", 3, "Must be one of"),
        ("order_type", "urgent", "Must be one of"),
        ("customer", "nobody", "There is no customer nobody."),
        ("customer", 5, "Must be text."),
        ("customer", "x" * 65, "Must have 1 to 64 characters."),
        ("requested_date", "2026-11-22", "This lies in the past."),
        ("requested_date", "2028-11-25", "This is more than two years ahead."),
        ("requested_date", "tomorrow", "Must be a date"),
        ("requested_date", 20261201, "Must be a date"),
        ("surgery_at", "2026-11-23T11:59:00+08:00", "This lies in the past."),
        ("surgery_at", "2029-01-01T08:00:00+08:00", "This is more than two years ahead."),
        ("surgery_at", "soon", "Must be a moment"),
        ("contract_number", "HT-none", "This customer has no contract HT-none."),
        ("currency", "USD", "Must be one of"),
        ("note", "x" * 2001, "Must have 0 to 2000 characters."),
        ("note", "a\x00b", "Contains a character that cannot be shown."),
        ("note", "\ud800", "Contains a character that cannot be shown."),
        ("external_ref", ["a"], "Must be text."),
        ("lines", [], "An order needs at least one line."),
        ("lines", "many", "Must be a list."),
        ("lines", [{}] * 201, "An order has at most 200 lines."),
        ("priority", "P0", "There is no such field."),
    ],
)
def test_each_wrong_field_is_named_with_its_reason(field, value, reason, tx):
    found = faults(given_order(**{field: value}))
    assert list(found) == [field]
    assert reason in found[field][0]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("quantity", 0, "Must be a whole number from 1 to 1,000,000."),
        ("quantity", -3, "Must be a whole number from 1 to 1,000,000."),
        ("quantity", 1_000_001, "Must be a whole number from 1 to 1,000,000."),
        ("quantity", 1.5, "Must be a whole number."),
        ("quantity", True, "Must be a whole number."),
        ("quantity", "two", "Must be a whole number."),
        ("quantity", ..., "This is required."),
        ("product", "no-such", "There is no product no-such."),
        ("product", ..., "This is required."),
        ("uom", "KG", "This product is sold by EA."),
        ("uom", "BX", "This product is sold by EA."),
        ("unit_price", "-1", "Must be an amount"),
        ("unit_price", "1.001", "Must be an amount"),
        ("unit_price", "NaN", "Must be an amount"),
        ("unit_price", "1e30", "Must be an amount"),
        ("unit_price", ..., "This is required."),
        ("weight", 4, "There is no such field."),
    ],
)
def test_each_wrong_field_of_a_line_is_named_with_its_reason(field, value, reason, tx):
    found = faults(with_line(given_order(), **{field: value}))
    assert list(found) == [f"lines.0.{field}"]
    assert reason in found[f"lines.0.{field}"][0]


def test_all_faults_of_all_fields_come_at_once(tx):
    order = given_order("distributor", authorisation_number="", requested_date="2020-01-01", customer="nobody")
    good = order["lines"][0]
    order["lines"] = [good, {**good, "quantity": 0, "uom": "KG"}, 7, {**good, "product": "none", "unit_price": "x"}]
    assert set(faults(order)) == {
        "authorisation_number",
        "requested_date",
        "customer",
        "lines.1.quantity",
        "lines.1.uom",
        "lines.2",
        "lines.3.product",
        "lines.3.unit_price",
    }


@pytest.mark.parametrize("given", [None, [], "order", 3])
def test_what_is_no_object_is_refused(given, tx):
    assert faults(given) == {"_schema": ["Must be an object."]}


def test_reasons_come_in_the_readers_language(tx):
    with i18n.reading("zh_Hans"):
        found = faults(given_order(customer="nobody", surgery_at="2020-01-01"))
    assert found["customer"] == ["没有客户 nobody。"]
    assert found["surgery_at"] == ["已是过去的时间。"]


def test_today_counts_in_shanghai_and_the_last_day_is_in(tx):
    late = clock.now().replace(hour=17)  # 2026-11-24 01:00 in Shanghai
    with clock.moved(late):
        check_order(given_order(requested_date="2026-11-24"))
        assert "requested_date" in faults(given_order(requested_date="2026-11-23"))
    last = date(2026, 11, 23) + timedelta(days=731)
    check_order(given_order(requested_date=last.isoformat()))


@pytest.mark.parametrize("number", ["OR-2026-1202-07", "A1B2", "7f3c9e21aa04", "S-12345678901234"])
def test_a_pseudonymous_surgery_number_passes(number, tx):
    assert check_order(given_order(surgery_number=number)).head["surgery_number"] == number


@pytest.mark.parametrize(
    "number",
    [
        "张三",
        "ZhangSan",
        "ZhangSan-1980",
        "zhangsan1",
        "ABCD",
        "OR 2026 1",
        "OR_2026",
        "A1",
        "A" * 32 + "1",
        "110101199003074258",
        "11010119900307425X",
        "1101-0119-9003-0742-5x",
        "110101900307425",
        "13800138000",
        "P-13800138000",
        "<b>1234</b>",
    ],
)
def test_a_surgery_number_that_could_tell_who_the_patient_is_is_refused(number, tx):
    assert list(faults(given_order(surgery_number=number))) == ["surgery_number"]


def test_a_product_is_found_by_id_sku_and_udi(tx):
    product = make_product(udi_di="00643169007222")
    for text in (product.id, product.sku, "00643169007222", "643169007222"):
        assert check_order(given_order(product=text)).lines[0].product is product


def test_a_customer_is_found_by_id_and_code(tx):
    customer = make_customer()
    for text in (customer.id, customer.code):
        assert check_order(given_order(customer=text)).customer is customer


def test_a_package_di_counts_what_the_package_contains(tx):
    product = make_product()
    with_package(product)
    order = given_order(product="20643169007226", quantity=3)
    for uom in ("BX", "盒", "", None, ...):
        line = check_order(with_line(order, uom=uom)).lines[0]
        assert (line.product, line.quantity, line.ordered_quantity) == (product, 30, 3)
    assert "a package of 10 EA" in faults(with_line(order, uom="EA"))["lines.0.uom"][0]
    assert "lines.0.quantity" in faults(with_line(order, uom=..., quantity=100_001))


def test_a_package_unit_needs_no_di_when_there_is_only_one_package(tx):
    product = make_product()
    with_package(product)
    order = with_line(given_order(product=product, quantity=3), uom="箱")
    assert check_order(order).lines[0].quantity == 30
    with_package(product, di="30643169007223", contains=40)
    tx.refresh(product)
    assert list(faults(order)) == ["lines.0.uom"]


def test_a_part_of_the_sales_unit_cannot_be_ordered(tx):
    with_package(make_product(), di="00643169000001", kind="unit_of_use", contains=1)
    assert "part of the sales unit" in faults(given_order(product="00643169000001"))["lines.0.product"][0]


@pytest.mark.parametrize("status", ["draft", "discontinued"])
def test_what_is_not_sold_cannot_be_ordered(status, tx):
    assert list(faults(given_order(product=make_product(status=status)))) == ["lines.0.product"]


def test_a_contract_must_be_the_customers_own(tx):
    customer = make_customer()
    own, other = make_contract(customer), make_contract()
    check_order(given_order(customer=customer, contract_number=own.number))
    assert list(faults(given_order(customer=customer, contract_number=other.number))) == ["contract_number"]


def test_a_breach_of_licence_authorisation_or_award_is_not_malformed(tx):
    unlicensed = make_customer(licensed=False, status="suspended")
    check_order(given_order("distributor", customer=unlicensed, authorisation_number="unknown"))
    check_order(given_order("tender", tender_award_number="unknown", unit_price="999.00"))


def test_a_total_beyond_the_column_is_refused(tx):
    order = with_line(given_order(), quantity=1_000_000, unit_price="999999999.99")
    assert faults(order)["lines"] == ["The total is too large: at most 999,999,999,999.99."]


def test_many_orders_are_looked_up_with_few_statements(tx, statements):
    products = [make_product() for _ in range(30)]
    orders = [given_order(product=product, customer=make_customer()) for product in products]
    known = References()
    statements.clear()
    known.learn_customers(order["customer"] for order in orders)
    known.learn_products(line["product"] for order in orders for line in order["lines"])
    for order in orders:
        check_order(order, references=known)
    assert len(statements) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = {
    "channel",
    "order_type",
    "customer",
    "external_ref",
    "requested_date",
    "hospital_po",
    "contract_number",
    "authorisation_number",
    "tender_award_number",
    "surgery_at",
    "surgery_number",
    "note",
    "currency",
    "lines",
}
LINE_FIELDS = ["product", "quantity", "uom", "unit_price", "price_ceiling"]


def blamed(given):
    """The fields refused; nothing else than Invalid may come out of a check."""
    try:
        checked = check_order(given)
    except Invalid as refused:
        return {path.partition(".")[0] for path in refused.details["fields"]}
    assert isinstance(checked, CheckedOrder)
    return set()


@STEADY
@given(field=st.sampled_from(sorted(FIELDS)), value=JSON, channel=st.sampled_from(["direct", "distributor", "tender"]))
def test_any_value_in_any_field_is_taken_or_refused_by_name(field, value, channel, tx):
    assert blamed(given_order(channel, **{field: value})) <= FIELDS


@STEADY
@given(line=st.dictionaries(st.sampled_from(LINE_FIELDS), JSON) | JSON)
def test_any_value_in_any_field_of_a_line_is_taken_or_refused_by_name(line, tx):
    assert blamed({**given_order(), "lines": [line]}) <= {"lines"}
