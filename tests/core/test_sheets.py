"""Tables in and out: safe for spreadsheet programs, and every fault named by row and column."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from app.core import sheets
from app.core.sheets import Fault, SheetRefused, export, read_rows

COLUMNS = {"sku": ("SKU", "产品编码"), "quantity": ("Quantity", "数量"), "note": ("Note", "备注")}
STEADY = settings(max_examples=80, derandomize=True, deadline=None)


def at(*parts):
    """A moment as a workbook keeps it: without zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def book(*rows, sheet=None):
    made = Workbook()
    for row in rows:
        made.active.append(row)
    if sheet:
        sheet(made.active)
    return saved(made)


def saved(made):
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def refused(filename, content, **over):
    with pytest.raises(SheetRefused) as caught:
        read_rows(filename, content, **{"columns": COLUMNS, **over})
    return caught.value


def cells(filename, content, **over):
    return [row.cells for row in read_rows(filename, content, **{"columns": COLUMNS, **over})]


TABLE = "产品编码,数量,备注\r\nSTENT-1,2,心脏支架\r\n\r\nSTENT-2,3,\r\n"
ROWS = [{"sku": "STENT-1", "quantity": "2", "note": "心脏支架"}, {"sku": "STENT-2", "quantity": "3"}]


@pytest.mark.parametrize("form", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_csv_loads_in_every_form_chinese_excel_writes(form):
    assert cells("orders.csv", TABLE.encode(form)) == ROWS


def test_excels_unicode_text_with_tabs_loads():
    assert cells("orders.txt", TABLE.replace(",", "\t").encode("utf-16")) == ROWS
    assert cells("orders.csv", TABLE.replace(",", ";").encode("gbk")) == ROWS


def test_rows_are_counted_as_the_spreadsheet_shows_them():
    assert [row.number for row in read_rows("a.csv", TABLE.encode())] == [2, 4]
    found = read_rows("a.csv", b'sku,note\r\nA,"two\r\nlines"\r\nB,x\r\n', columns=COLUMNS)
    assert [(row.number, row.cells["sku"]) for row in found] == [(2, "A"), (3, "B")]
    assert found[0].letters == {"sku": "A", "note": "B"}


def test_headers_may_be_chinese_or_english_and_spelled_freely():
    assert cells("a.csv", " Quantity* ,ＳＫＵ\n1,A\n".encode()) == [{"quantity": "1", "sku": "A"}]


def test_xlsx_values_come_as_text():
    content = book(
        ["SKU", "数量", "Note"],
        [643169007222, 2.0, at(2026, 12, 1)],
        ["A", 2.5, at(2026, 12, 1, 8, 30)],
        [None, None, None],
        ["007", True, date(2026, 12, 1)],
    )
    assert cells("a.xlsx", content) == [
        {"sku": "643169007222", "quantity": "2", "note": "2026-12-01"},
        {"sku": "A", "quantity": "2.5", "note": "2026-12-01T08:30"},
        {"sku": "007", "quantity": "TRUE", "note": "2026-12-01"},
    ]


def test_a_formula_is_refused_and_its_cell_named():
    content = book(["SKU", "Quantity"], ["A", "=1+1"], ["=HYPERLINK(1)", 2])
    assert [fault.place for fault in refused("a.xlsx", content).faults] == ["B2", "A3"]
    error = refused("a.csv", b"sku,quantity\nA,=1+1\n")
    assert error.details["fields"] == {"B2": ["This cell holds a formula. Replace it by its value."]}


def test_an_error_value_and_a_rounded_number_are_refused():
    content = book(["SKU", "Quantity"], [20643169007226123, "#N/A"])
    assert {fault.place for fault in refused("a.xlsx", content).faults} == {"A2", "B2"}


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"", "file", "empty"),
        (b"\n\n", "file", "empty"),
        (b"sku,quantity\n", "file", "no row below the header"),
        (b"sku,colour\nA,red\n", "B1", "no column called"),
        (b"sku,SKU\nA,B\n", "B1", "there twice"),
        (b"sku\nA,B\n", "B2", "without header"),
        (b'sku,note\nA,"open\n', "row 2", "quotation marks"),
        (b"sku,note\nA," + b"x" * 4001, "B2", "Too long"),
        (b"sku" + b",x" * 60 + b"\n", "row 1", "Too many columns"),
        (b"sku\n" + b"A\n" * 5001, "row 5002", "Too many rows: at most 5000"),
        (b"\xff\xff\xff\x00", "file", "cannot be read"),
        ("sku\nA".encode("utf-16-le"), "file", "cannot be read"),
        (b"sku\n\x80\x81", "file", "cannot be read"),
        (b"sku\nA\x00B", "file", "cannot be read"),
    ],
)
def test_each_fault_of_a_csv_is_named(content, place, words):
    (fault,) = refused("a.csv", content).faults
    assert fault.place == place
    assert words in fault.reason


def test_a_missing_column_is_named():
    (fault,) = refused("a.csv", b"sku\nA\n", required=["sku", "quantity"]).faults
    assert fault.reason == "The column “Quantity” is missing."


@pytest.mark.parametrize(
    ("filename", "content", "words"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0rest", "old .xls"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0rest", "password"),
        ("a.pdf", b"%PDF", "Only .csv and .xlsx"),
        ("a.xlsx", b"no zip at all", "no readable"),
        ("a.xlsx", b"PK\x03\x04 broken", "no readable"),
        ("a.csv", b"x" * (sheets.LARGEST_FILE + 1), "too large"),
    ],
)
def test_what_is_no_table_is_refused(filename, content, words):
    (fault,) = refused(filename, content).faults
    assert words in fault.reason


def packed(**parts):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return target.getvalue()


def with_part(content, name, data):
    target = io.BytesIO(content)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, data)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("xl/vbaProject.bin", b"x", "macros"),
        ("xl/externalLinks/externalLink1.xml", b"<x/>", "links to other files"),
        ("xl/embeddings/oleObject1.bin", b"x", "embedded"),
        ("xl/bomb.xml", b"\0" * (25 * 1024 * 1024), "Unpacked"),
        ("xl/entities.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "no readable"),
        ("xl/hidden.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'.encode("utf-16"), "no readable"),
    ],
)
def test_dangerous_workbooks_are_refused_before_they_are_opened(name, data, words):
    content = with_part(book(["SKU"], ["A"]), name, data)
    (fault,) = refused("a.xlsx", content).faults
    assert words in fault.reason


def test_a_workbook_cut_short_or_without_sheets_is_refused():
    whole = book(["SKU"], ["A"])
    for cut in range(10, len(whole), 97):
        refused("a.xlsx", whole[:cut])
    refused("a.xlsx", packed(**{"xl/workbook.xml": b"<workbook/>"}))


def test_a_cell_far_out_costs_nothing():
    def far(sheet):
        sheet["XFD1048576"] = "far"

    found = cells("a.xlsx", book(["SKU"], ["A"], sheet=far))
    assert found == [{"sku": "A"}]
    wide = book(["SKU", *[f"c{i}" for i in range(60)]], ["A"])
    assert "Too many columns" in refused("a.xlsx", wide).faults[0].reason


def test_too_many_rows_of_a_workbook_are_refused():
    content = book(["SKU"], *[["A"]] * 5001)
    (fault,) = refused("a.xlsx", content).faults
    assert fault == Fault(5002, None, "Too many rows: at most 5000.")


@STEADY
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx"]))
def test_any_bytes_are_read_or_refused(content, filename):
    try:
        rows = read_rows(filename, content)
    except SheetRefused as error:
        faults = error.faults
    else:
        faults = [Fault(None, None, "none")]
        assert rows
    assert faults


DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠1", "  =1", "\u3000=1"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_text_that_looks_like_a_formula_is_neutralised(text):
    (_head, line) = csv.reader(io.StringIO(export("csv", ["x"], [[text]]).decode("utf-8-sig"), newline=""))
    assert line[0].startswith("'")
    sheet = load_workbook(io.BytesIO(export("xlsx", ["x"], [[text]]))).active
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].value.startswith("'")


def test_a_header_is_neutralised_too():
    assert export("csv", ["=1"], []).decode("utf-8-sig") == "'=1\r\n"


def test_numbers_and_dates_stay_numbers_and_dates():
    row = [-5, Decimal("-1.50"), 2.5, date(2026, 12, 1), datetime(2026, 12, 1, 0, 30, tzinfo=UTC), None, True, "文"]
    text = export("csv", ["x"] * 8, [row]).decode("utf-8-sig")
    assert text.splitlines()[1] == "-5,-1.50,2.5,2026-12-01,2026-12-01 08:30,,TRUE,文"
    sheet = load_workbook(io.BytesIO(export("xlsx", ["x"] * 8, [row]))).active
    assert [cell.value for cell in sheet[2]] == [
        -5,
        -1.5,
        2.5,
        at(2026, 12, 1),
        at(2026, 12, 1, 8, 30),
        None,
        True,
        "文",
    ]


SHOWN = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="_\ufeff"), min_size=1, max_size=30
)


@STEADY
@given(st.lists(SHOWN.filter(str.strip), min_size=1, max_size=4), st.sampled_from(["csv", "xlsx"]))
def test_whatever_is_exported_runs_nothing_and_comes_back(texts, kind):
    (row,) = read_rows(f"a.{kind}", export(kind, [f"c{place}" for place in range(len(texts))], [texts]))
    kept = list(row.cells.values())
    assert not any(text.startswith(("=", "＝")) for text in kept)
    assert kept == [sheets.safe_text(text).strip() for text in texts]
