"""Phone numbers: read once, at the edge, into E.164 (ITU-T E.164: ``+`` and at most 15 digits).

Only here: phonenumbers (phonenumberslite).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

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

_SPREADSHEET = re.compile(r"^=|^\d+([.,]\d+)?E\+?\d+$", re.IGNORECASE)
_SERVICE_CODE = re.compile(r"[*#\d]+")
_DIALLED_LATER = re.compile(r"[,;pw]\s*\d|#|\*", re.IGNORECASE)
# Digits and what people put between them; "(0)" and a leading "+" included. U+00A0 comes from web pages.
_NUMBER_TEXT = re.compile(r"\+?[\d\s().\-/\u00a0\u2010-\u2013]+")


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
    def type(self) -> NumberType:
        return _TYPES.get(phonenumbers.number_type(_parsed(self.e164)), NumberType.UNKNOWN)

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
    bare = text.strip()
    if bare[:4].lower() == "tel:":
        bare = bare[4:]
        bare = bare.split(";phone-context=")[0]
    if not bare:
        raise NumberError(text, "empty")
    if _SPREADSHEET.search(bare):
        raise NumberError(
            text, "mangled by a spreadsheet: format the column as text and enter the number again"
        )
    if (_NUMBER_TEXT.fullmatch(bare) or _SERVICE_CODE.fullmatch(bare)) and is_emergency_or_short(
        bare, region
    ):
        raise NumberError(text, "an emergency or short number is never called")
    if _DIALLED_LATER.search(bare) or re.search(r";|ext|x\s*\d", bare, re.IGNORECASE):
        raise NumberError(text, "has an extension, pause or PIN, which a call can't dial")
    if not _NUMBER_TEXT.fullmatch(bare):
        raise NumberError(text, "not a phone number")
    try:
        number = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException as error:
        raise NumberError(text, "not one phone number") from error
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if _is_short(str(number.national_number), bare, phonenumbers.region_code_for_number(number) or region):
        raise NumberError(text, "an emergency or short number is never called")
    if not phonenumbers.is_valid_number(number):
        raise NumberError(text, "not a valid phone number")
    return PhoneNumber(e164)


def looks_like_number(text: str) -> bool:
    """Whether somebody meant ``text`` as a whole as a phone number: its fault is then worth telling."""
    bare = text.strip()
    if bare[:4].lower() == "tel:":
        return True
    return bool(_NUMBER_TEXT.fullmatch(bare)) and len(re.sub(r"\D", "", bare)) >= 3


def is_emergency_or_short(text: str, region: str) -> bool:
    """Whether the raw digits of ``text`` are a short or emergency number of ``region``."""
    return _is_short(re.sub(r"\D", "", text), text, region)


def _is_short(digits: str, text: str, region: str) -> bool:
    if not digits:
        return False
    if shortnumberinfo.is_emergency_number(digits, region):
        return True
    if "+" in text or len(digits) > 6:
        return False
    return len(digits) <= 4 or shortnumberinfo.is_valid_short_number_for_region(
        phonenumbers.PhoneNumber(
            country_code=phonenumbers.country_code_for_region(region), national_number=int(digits)
        ),
        region,
    )
