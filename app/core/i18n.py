"""Languages: English message ids, complete Chinese (zh_Hans). Every text a user reads passes through here.

Texts in code: `_("…")`, lazily `_l("…")`, plural `_n("…", "…", n)`. Texts in data (rule names, diagram labels): a
mapping `{"en": …, "zh": …}` read with `pick`. Catalogues: `app/translations/zh_Hans/LC_MESSAGES/<slice>.po`, compiled
to `.mo` by `compile_catalogues` when they are newer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import LazyProxy, NullTranslations, Translations

from app.core import clock

LANGUAGES = {"zh_Hans": "中文", "en": "English"}
DEFAULT = "zh_Hans"
FOLDER = Path(__file__).parents[1] / "translations"

LazyString = LazyProxy
_language: ContextVar[str] = ContextVar("language", default="en")
_catalogues: dict[str, Any] = {}


def compile_catalogues() -> None:
    """Bring every `.mo` up to date with its `.po`."""
    for po in FOLDER.glob("*/LC_MESSAGES/*.po"):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        with po.open("rb") as source:
            catalogue = read_po(source, locale=po.parts[-3])
        partial = mo.with_suffix(f".{clock.ticks()}.tmp")
        with partial.open("wb") as target:
            write_mo(target, catalogue)
        partial.replace(mo)
    _catalogues.clear()


def _catalogue(language: str) -> Any:
    found: Any = _catalogues.get(language)
    if found is None:
        found = NullTranslations()
        for mo in sorted((FOLDER / language / "LC_MESSAGES").glob("*.mo")):
            with mo.open("rb") as source:
                loaded = Translations(source)
            found = loaded if type(found) is NullTranslations else found.merge(loaded)
        _catalogues[language] = found
    return found


def language() -> str:
    """The reader's language: `zh_Hans` or `en`."""
    return _language.get()


def use_language(code: str) -> None:
    """Read everything from here on in this language (one request, one command)."""
    _language.set(code if code in LANGUAGES else DEFAULT)


@contextmanager
def reading(code: str) -> Iterator[None]:
    """Within the block texts are in this language."""
    token = _language.set(code)
    try:
        yield
    finally:
        _language.reset(token)


def _(text: str, **values: Any) -> str:
    """The text in the reader's language, with %(name)s filled from `values`."""
    found = _catalogue(language()).ugettext(text) if text else ""
    return str(found % values if values else found)


def _n(one: str, many: str, count: int, **values: Any) -> str:
    """The plural form for `count`, which is also available as %(num)s."""
    return str(_catalogue(language()).ungettext(one, many, count) % {"num": count, **values})


def _l(text: str, **values: Any) -> LazyString:
    """A text translated when it is shown; for class-level and module-level texts, and for readers not known yet."""
    return LazyProxy(_, text, enable_cache=False, **values)


def pick(texts: Mapping[str, Any] | str | None) -> str:
    """The reader's text of a two-language mapping `{"en", "zh"}`; plain text passes through."""
    if texts is None:
        return ""
    if isinstance(texts, str):
        return texts
    first, second = ("zh", "en") if language().startswith("zh") else ("en", "zh")
    return str(texts.get(first) or texts.get(second) or "")


def named(thing: Any) -> str:
    """The name of a product, a customer …: for an English reader its `name_en`, where it has one."""
    return str((language() == "en" and thing.name_en) or thing.name)


def _locale() -> Locale:
    return Locale.parse(language())


def show_date(value: date | datetime | None) -> str:
    """A calendar day as the reader writes it; a moment counts in the business zone."""
    if value is None:
        return ""
    day = clock.local_date(value) if isinstance(value, datetime) else value
    return dates.format_date(day, "medium", locale=_locale())


def show_month(value: date) -> str:
    """The month and year of a day."""
    return str(dates.format_skeleton("yMMMM", value, locale=_locale()))


def show_weekdays() -> list[str]:
    """Monday to Sunday, short."""
    names = dates.get_day_names("abbreviated", context="stand-alone", locale=_locale())
    return [str(names[number]) for number in range(7)]


def show_time(value: datetime | None) -> str:
    """A moment as the reader writes it, in the business zone, to the minute."""
    if value is None:
        return ""
    text = "y-MM-dd HH:mm"
    return dates.format_datetime(clock.local(value), text, tzinfo=clock.BUSINESS_ZONE, locale=_locale())


def listed(parts: Iterable[object]) -> str:
    """Several things one after the other, as the reader writes them: “a, b”, “甲、乙”."""
    return _(", ").join(str(part) for part in parts)


def show_ago(value: datetime | None) -> str:
    """How long ago, or in how long, in words."""
    if value is None:
        return ""
    return dates.format_timedelta(value - clock.now(), add_direction=True, locale=_locale())


def show_number(value: int | Decimal | None) -> str:
    """A number with the reader's separators."""
    return "" if value is None else numbers.format_decimal(value, locale=_locale())


def show_money(value: Decimal | None, currency: str = "CNY") -> str:
    """An amount with its currency."""
    return "" if value is None else numbers.format_currency(value, currency, locale=_locale())
