"""Identifiers and their check characters: GS1 (mod 10), HIBC (mod 43), USCC (统一社会信用代码).

Each `check_…` answers the normalised identifier or raises BadIdentifier with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from biip.checksums import gs1_standard_check_digit
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from app.core.errors import DomainError
from app.core.i18n import _, _l

GTIN_LENGTHS = (8, 12, 13, 14)
HIBC_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
_HIBC = re.compile(r"[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9]")
_HIBC_CHECKED = re.compile(r"[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9][0-9A-Z. $/+%-]")
_ICCBBA = re.compile(r"[A-Z0-9=&-]{6,32}")


class BadIdentifier(DomainError):
    """The identifier cannot be one; `reason` says why."""

    message = _l("%(identifier)s is not a valid identifier: %(reason)s")


def check_gtin(text: str) -> str:
    """A GTIN as 14 digits (GS1 General Specifications, 7.9). Raises BadIdentifier."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in GTIN_LENGTHS:
        raise BadIdentifier(identifier=digits, reason=_("a GTIN has 8, 12, 13 or 14 digits"))
    expected = gs1_standard_check_digit(digits[:-1])
    if int(digits[-1]) != expected:
        raise BadIdentifier(
            identifier=digits,
            reason=_("check digit is %(found)s, should be %(expected)s", found=digits[-1], expected=expected),
        )
    return digits.zfill(14)


def hibc_check_character(data: str) -> str:
    """The modulo 43 check character of HIBC data with its leading `+` (ANSI/HIBC 2.6, appendix B)."""
    return HIBC_ALPHABET[sum(HIBC_ALPHABET.index(character) for character in data) % 43]


def check_hibc(text: str) -> str:
    """An HIBC device identifier without `+`; registries store it with or without its check character.

    One that ends in its right check character passes; so does one that ends in a digit, which can be the unit of
    measure. Any other ending is a wrong check character. Raises BadIdentifier.
    """
    found = text.strip().upper().removeprefix("+")
    if _HIBC_CHECKED.fullmatch(found) and hibc_check_character(f"+{found[:-1]}") == found[-1]:
        return found
    if _HIBC.fullmatch(found):
        return found
    if _HIBC_CHECKED.fullmatch(found):
        expected = hibc_check_character(f"+{found[:-1]}")
        raise BadIdentifier(
            identifier=found,
            reason=_("check character is %(found)s, should be %(expected)s", found=found[-1], expected=expected),
        )
    raise BadIdentifier(identifier=found, reason=_("not built like an HIBC identifier"))


def check_iccbba(text: str) -> str:
    """An ICCBBA (ISBT 128) device identifier: form only, it has no check character. Raises BadIdentifier."""
    found = text.strip().upper()
    if not _ICCBBA.fullmatch(found):
        raise BadIdentifier(identifier=found, reason=_("not built like an ISBT 128 identifier"))
    return found


ISSUERS: dict[str, Callable[[str], str]] = {"GS1": check_gtin, "HIBCC": check_hibc, "ICCBBA": check_iccbba}


def check_di(text: str, issuer: str) -> str:
    """A device identifier of one of the issuing agencies. Raises BadIdentifier."""
    if issuer not in ISSUERS:
        raise BadIdentifier(identifier=text, reason=_("unknown issuing agency %(issuer)s", issuer=issuer))
    return ISSUERS[issuer](text)


def check_uscc(text: str) -> str:
    """A unified social credit code, 18 characters (GB 32100-2015). Raises BadIdentifier."""
    try:
        return str(uscc.validate(text.strip()))
    except ValidationError as error:
        raise BadIdentifier(identifier=text.strip(), reason=_("wrong length, character or check digit")) from error
