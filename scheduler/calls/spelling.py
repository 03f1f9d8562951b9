"""One phone number as texts may spell it: in calendars, cards and call records, whoever wrote them."""

from __future__ import annotations

import re

from scheduler.phone import PhoneNumber

ERASED = "(erased)"

# What stands between two digits, in UTF-8: punctuation, spaces and invisible marks, the fold of a long line
# (RFC 5545, 3.1), and how quoted-printable and URLs write such things.
_BETWEEN = (
    rb"(?:[ \t().\-/_]|\r?\n[ \t]|\xc2[\xa0\xad]|\xe2\x80[\x80-\xbf]|\xe2\x81[\xa0-\xaf]|\xe2\x88\x92"
    rb"|=\r?\n|=20|%20|%2D){0,4}"
)
_ESCAPED = re.compile(rb"[%=]2[0D]", re.IGNORECASE)  # of these, what has digits
_NO_DIGITS = bytes(set(range(256)) - set(b"0123456789"))
# A whole number, not the end or the middle of a longer one; %20 before it is no part of one.
_BEGIN, _END = rb"(?:(?<![0-9])|(?<=%[0-9][0-9]))", rb"(?![0-9])"


class Spelling:
    """Finds one number, international or national, with or without its plus and zeros."""

    def __init__(self, number: PhoneNumber) -> None:
        national = number.national_digits
        country = number.e164[1:].removesuffix(national)
        international = rb"(?:(?:\+|%2B|00)" + _BETWEEN + rb")?" + _spaced(country)
        prefix = rb"(?:" + international + _BETWEEN + rb"(?:\(?0\)?" + _BETWEEN + rb")?|0" + _BETWEEN + rb")?"
        self._national = national.encode()
        self._pattern = re.compile(_BEGIN + prefix + _spaced(national) + _END, re.IGNORECASE)

    def is_in(self, text: str | bytes) -> bool:
        data = _bytes(text)
        # Hardly any text has these digits in a row, which is seen much sooner than what stands between them.
        digits = _ESCAPED.sub(b"", data).translate(None, _NO_DIGITS)
        return self._national in digits and self._pattern.search(data) is not None

    def erased_from(self, text: str | bytes) -> str | bytes:
        """The same text, as it came, with a word in each place of the number."""
        left = self._pattern.sub(ERASED.encode(), _bytes(text))
        return left if isinstance(text, bytes) else left.decode("utf-8", "surrogateescape")


def _spaced(digits: str) -> bytes:
    return _BETWEEN.join(digit.encode() for digit in digits)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
