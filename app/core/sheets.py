"""Tables in and out: CSV and XLSX, written so that a spreadsheet program runs nothing, read so that nothing surprises.

Written text that a spreadsheet would take for a formula gets a leading apostrophe (OWASP, CSV injection); numbers and
dates stay what they are. Read: CSV in UTF-8, UTF-16 (with a byte order mark) or GB18030/GBK (Chinese Excel's default),
XLSX without formulas, macros or links. Every fault names its row and column.
"""

from __future__ import annotations

import csv
import io
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError

from lxml.etree import XMLSyntaxError
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from app.core import clock
from app.core.errors import Invalid
from app.core.i18n import _

LARGEST_FILE = 1024 * 1024
LARGEST_UNPACKED = 24 * 1024 * 1024
MOST_PARTS = 200
MOST_ROWS = 5_000
MOST_COLUMNS = 60
MOST_FAULTS = 200
LONGEST_CELL = 4_000
EXACT_DIGITS = 15
"""A number with more digits was rounded by the spreadsheet program."""

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_ACTIVE_PARTS = (
    "vbaproject",
    "externallinks/",
    "activex/",
    "embeddings/",
    "customui",
    "querytables/",
    "connections.xml",
)
_DECLARATIONS = tuple(
    word.encode(form) for word in ("<!DOCTYPE", "<!ENTITY") for form in ("utf-8", "utf-16-le", "utf-16-be")
)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    XMLSyntaxError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)
"""What openpyxl and zipfile raise for a file that is no workbook."""


@dataclass(frozen=True)
class Fault:
    """What is wrong where: `row` counts from 1 as the spreadsheet program shows it, `column` is its letter."""

    row: int | None
    column: str | None
    reason: str

    @property
    def place(self) -> str:
        """As `C5`, `row 5` or `file`, for programs."""
        if self.row is None:
            return "file"
        return f"{self.column}{self.row}" if self.column else f"row {self.row}"


class SheetRefused(Invalid):
    """The file cannot be read as a table; `faults` lists every reason with its place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)[:MOST_FAULTS]
        by_place: dict[str, list[str]] = {}
        for fault in self.faults:
            by_place.setdefault(fault.place, []).append(fault.reason)
        super().__init__(by_place)


@dataclass(frozen=True)
class SheetRow:
    """A row with something in it: `cells` maps column names to trimmed text, blank cells left out."""

    number: int
    cells: dict[str, str]
    letters: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """The letter of each named column."""


def export(kind: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The table as a file: `csv` (UTF-8 with byte order mark, so that Excel shows Chinese) or `xlsx`."""
    return _write_csv(columns, rows) if kind == "csv" else _write_xlsx(columns, rows)


def safe_text(value: Any) -> str:
    """Text that no spreadsheet program takes for a formula, without characters that a cell cannot hold."""
    text = "".join(c for c in str(value) if c in "\t\r\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    starts = text.lstrip(" \u00a0\u3000")
    return f"'{text}" if starts.startswith(_STARTS_FORMULA) else text


def _write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow([safe_text(column) for column in columns])
    writer.writerows([_csv_value(value) for value in row] for row in rows)
    return target.getvalue().encode("utf-8-sig")


def _csv_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return clock.local(value).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else safe_text(value)


def _write_xlsx(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Youxu")
    sheet.freeze_panes = "A2"
    for place in range(1, len(columns) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 18
    heads = [WriteOnlyCell(sheet, safe_text(column)) for column in columns]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    for row in rows:
        sheet.append([_xlsx_value(value) for value in row])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _xlsx_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return clock.local(value).replace(tzinfo=None)
    return value if isinstance(value, date) else safe_text(value)


def read_rows(
    filename: str,
    content: bytes,
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    required: Sequence[str] = (),
) -> list[SheetRow]:
    """The rows of the first sheet, below its header. Raises SheetRefused with every fault.

    `columns` maps each name to the headers it may have (case and spaces do not count); without it the header texts are
    the names. `required` names columns that must be there.
    """
    if len(content) > LARGEST_FILE:
        raise SheetRefused([Fault(None, None, _("The file is too large: at most 1 MiB."))])
    faults: list[Fault] = []
    table = _read_xlsx(content, faults) if _is_workbook(filename, content) else _read_csv(content, faults)
    filled = ((number, cells) for number, cells in table if any(cells))
    number, header = next(filled, (0, []))
    if faults or not header:
        raise SheetRefused(faults or [Fault(None, None, _("The file is empty."))])
    names = _names(number, header, columns, required, faults)
    if faults:
        raise SheetRefused(faults)
    rows = _rows(filled, names, faults)
    if faults:
        raise SheetRefused(faults)
    if not rows:
        raise SheetRefused([Fault(None, None, _("There is no row below the header."))])
    return rows


def _is_workbook(filename: str, content: bytes) -> bool:
    name = filename.lower()
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetRefused([Fault(None, None, _("This is an old .xls file or has a password. Save it as .xlsx."))])
    if content.startswith(b"PK\x03\x04") or name.endswith(".xlsx"):
        return True
    if not name.endswith((".csv", ".txt", ".tsv")):
        raise SheetRefused([Fault(None, None, _("Only .csv and .xlsx files can be read."))])
    return False


def _names(
    number: int,
    header: Sequence[str],
    columns: Mapping[str, Sequence[str]] | None,
    required: Sequence[str],
    faults: list[Fault],
) -> list[str | None]:
    """The name of each column; None for one without a header."""
    known = {_plain(alias): name for name, aliases in (columns or {}).items() for alias in (name, *aliases)}
    names: list[str | None] = []
    for place, text in enumerate(header, start=1):
        letter = get_column_letter(place)
        name = (known.get(_plain(text)) if columns else text) if text else None
        if text and name is None:
            faults.append(Fault(number, letter, _("There is no column called “%(header)s”.", header=text[:60])))
        elif name is not None and name in names:
            faults.append(Fault(number, letter, _("The column “%(header)s” is there twice.", header=text[:60])))
        names.append(name)
    for name in required:
        if name not in names:
            called = (columns or {}).get(name, [name])[0]
            faults.append(Fault(number, None, _("The column “%(header)s” is missing.", header=called)))
    return names


def _plain(text: str) -> str:
    """A header without case, width, spaces and marks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum())


def _rows(table: Iterable[tuple[int, list[str]]], names: list[str | None], faults: list[Fault]) -> list[SheetRow]:
    letters = {name: get_column_letter(place) for place, name in enumerate(names, start=1) if name}
    rows: list[SheetRow] = []
    for number, cells in table:
        if len(rows) == MOST_ROWS:
            faults.append(Fault(number, None, _("Too many rows: at most %(most)s.", most=MOST_ROWS)))
            break
        kept = {}
        for place, text in enumerate(cells):
            if not text:
                continue
            name = names[place] if place < len(names) else None
            letter = get_column_letter(place + 1)
            if name is None:
                faults.append(Fault(number, letter, _("This cell stands in a column without header.")))
            elif len(text) > LONGEST_CELL:
                faults.append(Fault(number, letter, _("Too long: at most %(most)s characters.", most=LONGEST_CELL)))
            else:
                kept[name] = text
        if len(faults) >= MOST_FAULTS:
            break
        rows.append(SheetRow(number, kept, letters))
    return rows


def _read_csv(content: bytes, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(content)
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            faults.append(Fault(number, None, _("The quotation marks of this row do not match.")))
            return
        if len(cells) > MOST_COLUMNS:
            faults.append(Fault(number, None, _("Too many columns: at most %(most)s.", most=MOST_COLUMNS)))
            return
        yield number, [_csv_cell(number, place, cell.strip(), faults) for place, cell in enumerate(cells, start=1)]


def _csv_cell(number: int, place: int, text: str, faults: list[Fault]) -> str:
    if text.startswith(("=", "＝")):
        faults.append(_formula(number, get_column_letter(place)))
    return text


def _formula(number: int, letter: str) -> Fault:
    return Fault(number, letter, _("This cell holds a formula. Replace it by its value."))


def _decoded(content: bytes) -> str:
    """The text, by byte order mark, else UTF-8, else GB18030 (which contains GBK and GB2312)."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        forms: tuple[str, ...] = ("utf-16",)
    else:
        forms = ("utf-8-sig", "gb18030")
    for form in forms:
        try:
            text = content.decode(form)
        except UnicodeDecodeError:
            continue
        wrong = {"Cc", "Cs", "Co"} if form == "gb18030" else {"Cc", "Cs"}  # garbage decodes to private characters there
        if not any(unicodedata.category(c) in wrong and c not in "\t\r\n" for c in text):
            return text
    raise SheetRefused([Fault(None, None, _("The characters cannot be read. Save the file as CSV UTF-8 or as .xlsx."))])


def _read_xlsx(content: bytes, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    try:
        _refuse_dangerous(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield from _first_sheet(content, faults)
    except _BROKEN:
        raise SheetRefused([Fault(None, None, _("This is no readable .xlsx file."))]) from None


def _first_sheet(content: bytes, faults: list[Fault]) -> list[tuple[int, list[str]]]:
    """Rows with something in them, no more than can be used; padding of a sparse sheet is skipped."""
    sheet = load_workbook(io.BytesIO(content), read_only=True, keep_links=False).worksheets[0]
    sheet.reset_dimensions()
    found: list[tuple[int, list[str]]] = []
    rows: Any = sheet.iter_rows(max_col=MOST_COLUMNS + 1)
    before: Any = None
    for number, cells in enumerate(rows, start=1):
        if cells is before:  # the reader makes one row and gives it for each that is missing, up to a million times
            continue
        before = cells
        texts = [_xlsx_cell(number, place, cell, faults) for place, cell in enumerate(cells, start=1)]
        if len(texts) > MOST_COLUMNS and texts[MOST_COLUMNS]:
            faults.append(Fault(number, None, _("Too many columns: at most %(most)s.", most=MOST_COLUMNS)))
            break
        if any(texts):
            found.append((number, texts[:MOST_COLUMNS]))
        if len(found) > MOST_ROWS + 1 or len(faults) >= MOST_FAULTS:
            break
    return found


def _refuse_dangerous(content: bytes) -> None:
    """Measure before unpacking; macros, links to elsewhere and XML that declares entities do not come in."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = packed.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
            raise SheetRefused([Fault(None, None, _("Unpacked, this file is too large."))])
        for part in parts:
            if any(word in part.filename.lower() for word in _ACTIVE_PARTS):
                reason = _("The file contains macros, embedded objects or links to other files. Save a plain table.")
                raise SheetRefused([Fault(None, None, reason)])
            if part.filename.endswith((".xml", ".rels")) and any(word in packed.read(part) for word in _DECLARATIONS):
                raise SheetRefused([Fault(None, None, _("This is no readable .xlsx file."))])


def _xlsx_cell(number: int, place: int, cell: Any, faults: list[Fault]) -> str:
    value = cell.value
    if value is None:
        return ""
    letter = get_column_letter(place)
    if cell.data_type == "f":
        faults.append(_formula(number, letter))
    elif cell.data_type == "e":
        faults.append(Fault(number, letter, _("This cell holds an error (%(error)s).", error=str(value))))
    elif isinstance(value, int | float) and abs(value) >= 10**EXACT_DIGITS:
        reason = _("This number is too long and was rounded by the spreadsheet. Format the cell as text.")
        faults.append(Fault(number, letter, reason))
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()
