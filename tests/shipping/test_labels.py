"""Labels are read back by another library than the one that draws them; SSCCs are given once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pypdfium2
import pytest
import zxingcpp

from app.catalog import udi
from app.catalog.udi import gs1
from app.core import db
from app.core.permissions import SYSTEM
from app.core.subject import Subject
from app.documents.content.parts import Both
from app.shipping import labels, service
from tests.catalog.factories import make_product
from tests.identity.factories import make_user, sign_in
from tests.inventory.factories import make_lot

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
BOX = Subject("labels", "0" * 26)


def codes(pdf: bytes) -> list[str]:
    """What a scanner reads from each page, printed at 300 dpi."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        assert len({page.get_size() for page in document}) == 1
        pictures = [page.render(scale=300 / 72).to_pil() for page in document]
    finally:
        document.close()
    return [
        found.text for picture in pictures for found in zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.HRI)
    ]


def assert_inside(page) -> None:
    """Every sign lies on the label."""
    words = page.get_textpage()
    width, height = page.get_size()
    boxes = [words.get_charbox(place) for place in range(words.count_chars())]
    assert all(left >= 0 and right <= width and low >= 0 and high <= height for left, low, right, high in boxes)


def test_a_unit_label_is_read_back():
    given = {
        "name": Both(zh="一次性使用无菌人工心脏瓣膜（二叶式机械瓣）含经导管输送系统", en="Sterile heart valve"),
        "sku": "YX-001",
    }
    dates = {"made_on": date(2026, 6, 1), "expires_on": date(2028, 6, 30)}
    told = [
        labels.UnitLabel(**given, **dates, di="06912345000017", lot_no="L2026/A-1", serial=serial, storage="2–8 °C")
        for serial in ("SN0001", "SN(0002)+x", "")
    ]
    pdf = labels.unit_labels(told, AT)
    assert pdf == labels.unit_labels(told, AT)
    page = pypdfium2.PdfDocument(pdf)[0]
    assert [round(side * 25.4 / 72) for side in page.get_size()] == [70, 40]
    assert_inside(page)
    for text, one in zip(codes(pdf), told, strict=True):
        said = udi.read(text.replace("SN(", "SN\\("))
        assert said.elements == one.elements()
        assert (said.di, said.lot_no, said.serial, said.expires_on) == (one.di, one.lot_no, one.serial, one.expires_on)


def test_the_longest_udi_fits():
    one = labels.UnitLabel(
        Both(zh="瓣" * 200),
        "REF" * 20,
        "06912345000017",
        "L" * 20,
        date(2026, 6, 1),
        date(2028, 6, 30),
        "S" * 20,
        "2–8 °C",
    )
    pdf = labels.unit_labels([one], AT)
    assert_inside(pypdfium2.PdfDocument(pdf)[0])
    (text,) = codes(pdf)
    assert udi.read(text).elements == one.elements()


def test_a_logistic_label_is_read_back():
    one = labels.LogisticLabel(
        gs1.with_check_digit("39521234000000001"), sender="有序医疗", ship_to="上海市第一示范人民医院"
    )
    (text,) = codes(labels.logistic_labels([one], AT))
    assert udi.read(text).sscc == one.sscc


def test_numbers_are_given_once_in_order_to_many_at_once(live):
    def give(_place: int) -> str:
        with db.transaction():
            return service.give_sscc(SYSTEM, Subject("labels", f"{_place:026d}")).sscc

    with ThreadPoolExecutor(4) as pool:
        given = sorted(pool.map(give, range(12)))
    assert given == [gs1.with_check_digit(f"09521234{number:09d}") for number in range(12)]


def test_no_number_without_a_prefix_nor_beyond_the_last(tx, monkeypatch):
    monkeypatch.setattr(service, "next_of", lambda _name: 10**9 + 1)
    assert service.give_sscc(SYSTEM, BOX).sscc == gs1.with_check_digit("19521234000000000"), (
        "the extension digit counts on"
    )
    monkeypatch.setattr(service, "next_of", lambda _name: 10**10 + 1)
    with pytest.raises(service.OutOfNumbers):
        service.give_sscc(SYSTEM, BOX)
    monkeypatch.setattr(service, "_prefix", "")
    with pytest.raises(service.NoCompanyPrefix):
        service.give_sscc(SYSTEM, BOX)


def test_on_the_pages(tx, client):
    product = make_product(udi_di="06912345000017", issuer="GS1")
    lot = make_lot(product, lot_no="L1")
    sign_in(client, make_user(roles=("warehouse",)))
    client.set_cookie("language", "en")
    assert f"/lots/{lot.id}/labels" in client.get(f"/lots/{lot.id}").get_data(as_text=True)
    assert "One a line" in client.get(f"/lots/{lot.id}/labels").get_data(as_text=True)
    printed = client.post(f"/lots/{lot.id}/labels", data={"copies": "1", "serials": "S1\nS2"})
    assert [udi.read(text).serial for text in codes(printed.data)] == ["S1", "S2"]
    for data in ({"copies": "0"}, {"copies": "9999"}, {"serials": "中"}, {"serials": "S" * 21}):
        assert client.post(f"/lots/{lot.id}/labels", data=data).status_code == 422
    product.issuer = "HIBCC"
    tx.flush()
    assert client.post(f"/lots/{lot.id}/labels").status_code == 422
    assert client.post("/labels/logistic", data={"count": "x"}).status_code == 422
    page = client.post("/labels/logistic", data={"count": "2"}, follow_redirects=True).get_data(as_text=True)
    path = page.split('href="/labels/logistic/')[1].split('"')[0]
    label = client.get(f"/labels/logistic/{path}?ship_to=Ward+3")
    assert udi.read(codes(label.data)[0]).sscc in page
