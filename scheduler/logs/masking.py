"""Hiding whom a line names: the last door before anything leaves for the log.

What people wrote is quoted wherever our sentences repeat it, “like this” or as Python's repr does; what stands in
such quotes may be anybody's name, and is left out. Double quotes are for our own words, options above all.
"""

from __future__ import annotations

import re

HIDDEN = "•••"
_QUOTED = re.compile(
    r"“[^\n]*”|“[^\n]*"  # to the last closing quote: a title may hold one itself
    r"|(?<!\w)'[^'\n]*'(?!\w)"
    r"|\"[^\"'\n]*'[^\"\n]*\""  # repr's, of what has an apostrophe in it
)
# From the start of a word, and without going back in it: a long one would else take time by the square.
_ADDRESS = re.compile(r"(?<![^\s<>()\[\],;:\"“”'@])[^\s@<>()\[\],;:\"“”']++@[^\s@<>()\[\],;:\"“”']+")
# In E.164 however it is spaced; national, which begins with 0; or more digits in a row than a date has.
_NUMBER = re.compile(
    r"\+\d(?:[ ().\-/]{0,2}\d){5,16}|(?<![\w.:])0\d(?:[ .\-/]?\d){7,12}(?!\w)|(?<!\d)(?<!\d\.)\d{9,15}(?!\d)"
)


def mask(text: str) -> str:
    """``text`` without what names somebody; a number keeps enough to recognise one's own, too little to dial."""
    return _NUMBER.sub(_masked_number, _ADDRESS.sub(HIDDEN, _QUOTED.sub(HIDDEN, text)))


def _masked_number(found: re.Match[str]) -> str:
    digits = re.sub(r"[^\d+]", "", found[0])
    return f"{digits[:-6]}{HIDDEN}{digits[-3:]}"
