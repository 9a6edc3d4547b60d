"""GUDID files: a small one always, the real sample where it is present."""

from __future__ import annotations

import gzip
import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.catalog import queries
from app.catalog.models import Product, ProductPackage
from app.core import clock
from app.core.db import session, transaction
from app.core.permissions import SYSTEM
from app.imports.gudid import CannotRead, celsius, devices
from app.imports.models import ImportRun
from app.imports.service import Summary, load_gudid
from config import ROOT, Settings
from tests.catalog.factories import make_product
from tests.conftest import NOON

SAMPLE = ROOT.parent / "shared" / "data" / "gudid-2016-08-sample.xml.gz"


def identifier(di: str, kind: str = "Primary", agency: str = "GS1", contains: str = "", quantity: str = "") -> str:
    return (
        f"<identifier><deviceId>{di}</deviceId><deviceIdType>{kind}</deviceIdType>"
        f"<deviceIdIssuingAgency>{agency}</deviceIdIssuingAgency><containsDINumber>{contains}</containsDINumber>"
        f"<pkgQuantity>{quantity}</pkgQuantity><pkgStatus>In Commercial Distribution</pkgStatus></identifier>"
    )


def storage(low: str, high: str, unit: str, kind: str = "Storage Environment Temperature", text: str = "") -> str:
    return (
        f"<storageHandling><storageHandlingType>{kind}</storageHandlingType>"
        f"<storageHandlingHigh><unit>{unit}</unit><value>{high}</value></storageHandlingHigh>"
        f"<storageHandlingLow><unit>{unit}</unit><value>{low}</value></storageHandlingLow>"
        f"<storageHandlingSpecialConditionText>{text}</storageHandlingSpecialConditionText></storageHandling>"
    )


def device(*identifiers: str, brand: str = "Acme Stent", conditions: str = "", lot: str = "true") -> str:
    return (
        '<device xmlns="http://www.fda.gov/cdrh/gudid"><identifiers>' + "".join(identifiers) + "</identifiers>"
        f"<brandName>{brand}</brandName><versionModelNumber>M1</versionModelNumber><catalogNumber>C1</catalogNumber>"
        f"<companyName>ACME &amp; SONS</companyName><deviceCount>1</deviceCount>"
        f"<deviceDescription>A  stent</deviceDescription><lotBatch>{lot}</lotBatch><serialNumber>false</serialNumber>"
        "<expirationDate>true</expirationDate><gmdnTerms><gmdn><gmdnPTName>Coronary stent</gmdnPTName></gmdn></gmdnTerms>"
        "<productCodes><fdaProductCode><productCode>MAF</productCode></fdaProductCode></productCodes>"
        f"<environmentalConditions>{conditions}</environmentalConditions>"
        "<sterilization><deviceSterile>true</deviceSterile></sterilization></device>"
    )


def load(*records: str) -> Summary:
    text = "<?xml version='1.0' encoding='utf-8'?><data>" + "".join(records) + "</data>"
    return load_gudid(SYSTEM, devices(io.BytesIO(text.encode())), file_name="test.xml", sha256="0" * 64)


GOOD = "00844588018923"


@pytest.mark.usefixtures("tx")
def test_a_device_becomes_a_draft_product() -> None:
    summary = load(device(identifier(GOOD), conditions=storage("36", "46", "Degrees Fahrenheit")))
    assert summary.counts["new"] == 1
    product = queries.find_product(GOOD)
    assert product is not None
    assert (product.name, product.manufacturer) == ("Acme Stent, Coronary stent, C1", "ACME & SONS")
    assert (product.storage_min_c, product.storage_max_c) == (Decimal("2.2"), Decimal("7.8"))
    assert product.cold_chain
    assert product.sterile
    assert product.lot_controlled
    assert (product.status, product.risk_class, product.registration_id) == ("draft", None, None)
    assert product.source_data["fda_product_codes"] == ["MAF"]


@pytest.mark.usefixtures("tx")
def test_packages_are_linked_with_their_size_in_base_units() -> None:
    box, case = "10844588018920", "20844588018927"
    load(
        device(
            identifier(case, "Package", contains=box, quantity="4"),
            identifier(GOOD),
            identifier(box, "Package", contains=GOOD, quantity="5"),
            identifier("M204518020AB0", "Secondary", "HIBCC"),
        )
    )
    product = queries.find_product(case)
    assert product is not None
    assert product.udi_di == GOOD
    rows = {package.di: (package.kind, package.contains_di, package.base_quantity) for package in product.packages}
    assert rows == {
        box: ("package", GOOD, 5),
        case: ("package", box, 20),
        "M204518020AB0": ("secondary", None, 1),
    }
    assert queries.search_products(case) == [product]


@pytest.mark.usefixtures("tx")
@pytest.mark.parametrize(
    ("bad", "devices_refused", "reason"),
    [
        (device(identifier("00844588018924")), 1, "check digit is 4, should be 3"),
        (device(identifier("844588A18923")), 1, "8, 12, 13 or 14 digits"),
        (device(identifier(GOOD, agency="ACME")), 1, "unknown issuing agency"),
        (device(), 1, "no primary"),
        (device(identifier(GOOD), identifier("10844588018921", "Package", contains=GOOD, quantity="5")), 0, "check"),
        (device(identifier(GOOD), identifier("10844588018920", "Package", contains="1", quantity="5")), 0, "contains"),
        (device(identifier(GOOD), identifier("M204518020AB0X", "Secondary", "HIBCC")), 0, "check character"),
        (device(identifier(GOOD)) + device(identifier(GOOD)), 1, "earlier in the file"),
    ],
)
def test_bad_identifiers_are_refused_with_the_reason(bad: str, devices_refused: int, reason: str) -> None:
    other = device(identifier("00844588018879"))
    summary = load(bad, other)
    assert summary.refused == devices_refused
    assert [reason in refusal.reason for refusal in summary.refusals] == [True]
    assert queries.find_product("00844588018879") is not None


@pytest.mark.usefixtures("tx")
def test_again_changes_nothing_and_a_change_is_taken() -> None:
    first = device(identifier(GOOD), conditions=storage("2", "8", "Degrees Celsius"))
    load(first)
    product = queries.find_product(GOOD)
    assert product is not None
    product.name, product.risk_class = "冠脉支架", 3
    session().flush()
    version = product.version
    assert load(first).counts | {"packages": 0} == {
        "new": 0,
        "changed": 0,
        "unchanged": 1,
        "kept": 0,
        "refused": 0,
        "packages": 0,
        "refused_identifiers": 0,
    }
    session().refresh(product)
    assert product.version == version
    assert load(device(identifier(GOOD), brand="Acme Stent 2")).changed == 1
    session().refresh(product)
    assert (product.name, product.brand, product.risk_class) == ("冠脉支架", "Acme Stent 2", 3)
    assert product.version == version + 1


@pytest.mark.usefixtures("tx")
def test_a_product_entered_by_hand_is_kept() -> None:
    mine = make_product(udi_di=GOOD, name="ours")
    make_product(sku="00844588018879")
    summary = load(device(identifier(GOOD)), device(identifier("00844588018879")))
    assert (summary.kept, summary.new) == (1, 1)
    session().refresh(mine)
    assert mine.name == "ours"
    found = queries.get_product(session().scalar(select(Product.id).where(Product.udi_di == "00844588018879")) or "")
    assert found.sku == "GUDID-00844588018879"


@pytest.mark.usefixtures("tx")
def test_ranges_are_narrowed_and_other_conditions_kept_as_text() -> None:
    conditions = (
        storage("50", "86", "Degrees Fahrenheit")
        + storage("15", "40", "Degrees Celsius")
        + storage("", "", "", "Special Storage Condition, Specify", "Keep dry")
        + storage("-10", "50", "Degrees Celsius", "Handling Environment Temperature")
    )
    load(device(identifier(GOOD), conditions=conditions))
    product = queries.find_product(GOOD)
    assert product is not None
    assert (product.storage_min_c, product.storage_max_c) == (Decimal("15.0"), Decimal("30.0"))
    assert "Special Storage Condition, Specify: Keep dry" in product.source_data["conditions"]


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("46", "Degrees Fahrenheit", "7.8"),
        ("-4", "Degrees Fahrenheit", "-20.0"),
        ("300", "Degrees Kelvin", "26.9"),
        ("25", "Degrees Celsius", "25.0"),
        ("25", "Furlongs", None),
        ("", "Degrees Celsius", None),
        ("NaN", "Degrees Celsius", None),
        ("1e9", "Degrees Celsius", None),
    ],
)
def test_degrees(value: str, unit: str, expected: str | None) -> None:
    assert celsius(value, unit) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not xml",
        b"<data></data>",
        b"<data><device><identifiers>",
        b"<!DOCTYPE data [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><data><device><brandName>&b;</brandName></device></data>",
        b"<!DOCTYPE data [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><data><device><brandName>&x;</brandName></device></data>",
        b"<data><device><brandName>\xff\xfe</brandName></device></data>",
    ],
)
def test_broken_or_hostile_files_are_refused(text: bytes) -> None:
    with pytest.raises(CannotRead):
        list(devices(io.BytesIO(text)))


def test_the_command_prints_a_summary_and_a_broken_file_changes_nothing(
    app: Flask, live: Settings, tmp_path: Path
) -> None:
    records = device(identifier(GOOD)) + device(identifier("00844588018924"))
    good = tmp_path / "good.xml.gz"
    good.write_bytes(gzip.compress(f"<data>{records}</data>".encode()))
    broken = tmp_path / "broken.xml.gz"
    broken.write_bytes(good.read_bytes()[:-40])
    runner = app.test_cli_runner()
    refused = runner.invoke(args=["import", "gudid", str(broken)])
    assert refused.exit_code == 1
    assert "cannot be read" in refused.output
    with transaction(write=False):
        assert session().scalar(select(func.count()).select_from(Product)) == 0
    done = runner.invoke(args=["import", "gudid", str(good)])
    assert done.exit_code == 0
    assert "00844588018924 (primary): check digit is 4, should be 3" in done.output
    with transaction(write=False):
        assert session().scalar(select(func.count()).select_from(Product)) == 1


@pytest.mark.skipif(not SAMPLE.exists(), reason="the GUDID sample is not at ../shared/data")
def test_the_real_sample(app: Flask, live: Settings) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["import", "gudid", str(SAMPLE)]).exit_code == 0
    with transaction(write=False):
        run = session().scalars(select(ImportRun)).one()
        assert run.counts["new"] == 9_997
        assert {row["identifier"] for row in run.refused} == {"00817470002098", "00815612020043", "00729000000006"}
        linked = select(func.count()).select_from(ProductPackage).where(ProductPackage.kind == "package")
        assert session().scalar(linked) == 1_274  # one more belongs to a refused device
        before = session().execute(select(Product.id, Product.version, Product.updated_at)).all()
        hot = select(func.max(Product.storage_max_c))
        assert session().scalar(hot) < 100  # no °F left
    with clock.moved(NOON + timedelta(hours=1)):
        assert runner.invoke(args=["import", "gudid", str(SAMPLE)]).exit_code == 0
    with transaction(write=False):
        again = session().scalars(select(ImportRun).order_by(ImportRun.at.desc())).first()
        assert again is not None
        assert (again.counts["unchanged"], again.counts["new"], again.counts["changed"]) == (9_997, 0, 0)
        assert session().execute(select(Product.id, Product.version, Product.updated_at)).all() == before
