"""Phone numbers: read once, at the edge, into E.164 (ITU-T E.164: ``+`` and at most 15 digits).

Only here: phonenumbers (phonenumberslite).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

import phonenumbers
from phonenumbers import shortnumberinfo

from scheduler.errors import NumberError


class NumberType(StrEnum):
    """What kind of subscriber a number belongs to, as libphonenumber tells it."""

    FIXED = "fixed"
    MOBILE = "mobile"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    VOIP = "voip"
    PERSONAL = "personal"
    PAGER = "pager"
    UAN = "uan"
    VOICEMAIL = "voicemail"
    UNKNOWN = "unknown"


_TYPES = {
    phonenumbers.PhoneNumberType.FIXED_LINE: NumberType.FIXED,
    phonenumbers.PhoneNumberType.MOBILE: NumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberType.FIXED_OR_MOBILE,
    phonenumbers.PhoneNumberType.TOLL_FREE: NumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE: NumberType.PREMIUM,
    phonenumbers.PhoneNumberType.SHARED_COST: NumberType.SHARED_COST,
    phonenumbers.PhoneNumberType.VOIP: NumberType.VOIP,
    phonenumbers.PhoneNumberType.PERSONAL_NUMBER: NumberType.PERSONAL,
    phonenumbers.PhoneNumberType.PAGER: NumberType.PAGER,
    phonenumbers.PhoneNumberType.UAN: NumberType.UAN,
    phonenumbers.PhoneNumberType.VOICEMAIL: NumberType.VOICEMAIL,
}

# =+32…, 4.68E+10, 468373901.0, #NAME?, ####: what is left of a number after a spreadsheet had it.
_SPREADSHEET = re.compile(r"=.*|\d+([.,]\d+)?E\+?\d+|\d+\.0|#+|#[A-Z].*", re.IGNORECASE)
_SERVICE_CODE = re.compile(r"[*#0-9]+")
_DIALLED_LATER = re.compile(r"[,pw]\s*\d|[;#*]|ext|x\s*\d", re.IGNORECASE)
# Digits and what people put between them, dashes of word processors and "(0)" included.
_NUMBER_TEXT = re.compile(r"\(?\+?[0-9\s().\-/\u2010-\u2015\u2212]+")
_TEL_URI = re.compile(r"tel:([^;]*)(?:;phone-context=([^;]*))?(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class PhoneNumber:
    """A valid number in E.164, ``+32468373901``. Make one with :func:`read_number` only."""

    e164: str

    def __str__(self) -> str:
        return self.e164

    @property
    def region(self) -> str:
        """ISO 3166 region, ``BE``; ``001`` for numbers of no country."""
        return phonenumbers.region_code_for_number(_parsed(self.e164)) or ""

    @property
    def home(self) -> str:
        """The main region of its country code, also where the rest belongs to nobody."""
        return phonenumbers.region_code_for_country_code(_parsed(self.e164).country_code or 0)

    @property
    def type(self) -> NumberType:
        return _TYPES.get(phonenumbers.number_type(_parsed(self.e164)), NumberType.UNKNOWN)

    @property
    def national_digits(self) -> str:
        """What is dialled after the country code; leading zeros aside."""
        return str(_parsed(self.e164).national_number)

    @property
    def masked(self) -> str:
        """``+32468•••901``: enough to recognise one's own, too little to dial."""
        return f"{self.e164[:-6]}•••{self.e164[-3:]}"


def _parsed(e164: str) -> phonenumbers.PhoneNumber:
    return phonenumbers.parse(e164, None)


def read_number(text: str, region: str) -> PhoneNumber:
    """Read one whole number: E.164, national for ``region``, ``00…``, or a ``tel:`` URI (RFC 3966).

    :raises NumberError: emergency or short (told by the raw digits, before parsing: "112" parses as
        +32112), several numbers, an extension or pause, letters, a spreadsheet's mangling, not valid.
    """
    try:
        bare = _bare(text)
        _refuse_what_is_no_number(bare, region)
        return _parse_valid(_digits(bare), region)
    except ValueError as fault:
        raise NumberError(text, str(fault)) from fault


def is_region(region: str) -> bool:
    """Whether it is a region that numbers can belong to: ISO 3166, ``GB`` and not ``UK``."""
    return phonenumbers.country_code_for_region(region) != 0


def looks_like_number(text: str) -> bool:
    """Whether somebody meant ``text`` as a whole as a phone number: its fault is then worth telling.

    A number with an extension, pause or PIN is the dial-in of a meeting, and isn't meant.
    """
    bare = _without_marks(text)
    if bare[:4].lower() == "tel:":
        return not _DIALLED_LATER.search(re.sub(r";phone-context=[^;]*", "", bare[4:]))
    return bool(_NUMBER_TEXT.fullmatch(bare)) and len(re.sub(r"\D", "", bare)) >= 3


def is_emergency_or_short(text: str, region: str) -> bool:
    """Whether the raw digits of ``text`` are a short or emergency number of ``region``."""
    digits = _digits(text)
    if shortnumberinfo.is_emergency_number(digits.removeprefix("+"), region):
        return True
    if digits.startswith("+") or not 1 <= len(digits) <= 6:
        return False
    return len(digits) <= 4 or _is_known_short(digits, region)


def _without_marks(text: str) -> str:
    """Without the invisible marks (Unicode category Cf) that come along when a number is copied."""
    return "".join(char for char in text if unicodedata.category(char) != "Cf").strip()


def _bare(text: str) -> str:
    """The number without the ``tel:`` around it; a local one gets its context (RFC 3966, 5.1.5)."""
    bare = _without_marks(text)
    uri = _TEL_URI.fullmatch(bare)
    if uri is None:
        return bare
    number, context, more = (unquote(part or "").strip() for part in uri.groups())
    if context and not context.startswith("+"):
        raise ValueError("a number of a private exchange, which nobody outside can dial")
    return (context if not number.startswith("+") else "") + number + more


def _refuse_what_is_no_number(bare: str, region: str) -> None:
    if not bare:
        raise ValueError("empty")
    if _SPREADSHEET.fullmatch(bare):
        raise ValueError("mangled by a spreadsheet: format the column as text and enter the number again")
    is_number = _NUMBER_TEXT.fullmatch(bare)
    if (is_number or _SERVICE_CODE.fullmatch(bare)) and is_emergency_or_short(bare, region):
        raise ValueError("an emergency or short number is never called")
    if _DIALLED_LATER.search(bare):
        raise ValueError("has an extension, pause or PIN, which a call can't dial")
    if not is_number:
        raise ValueError("not a phone number")


def _parse_valid(digits: str, region: str) -> PhoneNumber:
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException as error:
        raise ValueError("not one phone number") from error
    home = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if shortnumberinfo.is_emergency_number(str(number.national_number), home):
        raise ValueError("an emergency or short number is never called")
    if not phonenumbers.is_valid_number(number):
        raise ValueError("not a valid phone number")
    return PhoneNumber(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _digits(text: str) -> str:
    """The digits, after a plus where there is one."""
    return ("+" if "+" in text else "") + re.sub(r"[^0-9]", "", text)


def _is_known_short(digits: str, region: str) -> bool:
    country = phonenumbers.country_code_for_region(region)
    number = phonenumbers.PhoneNumber(country_code=country, national_number=int(digits))
    return shortnumberinfo.is_valid_short_number_for_region(number, region)
