"""Who is never called. The API bars nobody: "this should be part of your application logic"."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from scheduler.phone import NumberType, PhoneNumber, is_emergency_or_short

CALLABLE_TYPES = frozenset(
    {
        NumberType.FIXED,
        NumberType.MOBILE,
        NumberType.FIXED_OR_MOBILE,
        NumberType.VOIP,
        NumberType.TOLL_FREE,
        NumberType.UAN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Barring:
    """Which destinations are refused; emergency and short numbers always are."""

    region: str
    countries: frozenset[str]  # ISO 3166 regions that may be called
    types: frozenset[NumberType] = CALLABLE_TYPES
    prefixes: tuple[str, ...] = ()  # E.164 beginnings, "+3270"
    numbers: frozenset[PhoneNumber] = frozenset()
    owned: frozenset[PhoneNumber] = frozenset()
    do_not_call: frozenset[PhoneNumber] = frozenset()  # of the file, which changes more often than the rest


def barred_by(destination: PhoneNumber, barring: Barring) -> str:
    """The rule that bars ``destination``, in words; empty where none does."""
    kind = _kind(destination)
    if _is_emergency_or_short(destination, frozenset({barring.region, kind.home})):
        return "emergency or short number"
    if destination in barring.owned:
        return "one of the company's own numbers"
    if destination in barring.do_not_call:
        return "on the do-not-call list"
    if destination in barring.numbers:
        return "on the list of barred numbers"
    for prefix in barring.prefixes:
        if destination.e164.startswith(prefix):
            return f"numbers that begin with {prefix} are barred"
    if kind.type not in barring.types:
        return f"{kind.type.value.replace('_', ' ')} numbers are barred"
    if kind.region not in barring.countries:
        return f"country {kind.region or 'unknown'} isn't among the allowed ones"
    return ""


def not_owned(origin: PhoneNumber, cli: PhoneNumber | None, barring: Barring) -> str:
    """Which of a call's own numbers isn't the company's, in words; empty where both are."""
    for name, number in (("origin", origin), ("CLI", cli)):
        if number is not None and number not in barring.owned:
            return f"its {name} isn't one of the company's own numbers (company.owned)"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What libphonenumber knows of a number."""

    type: NumberType
    region: str
    home: str


# Asked again right before every request; libphonenumber takes 50 µs to say what kind of number it is.
@lru_cache(maxsize=10_000)
def _kind(number: PhoneNumber) -> _Kind:
    return _Kind(type=number.type, region=number.region, home=number.home)


@lru_cache(maxsize=10_000)
def _is_emergency_or_short(number: PhoneNumber, regions: frozenset[str]) -> bool:
    return any(is_emergency_or_short(number.national_digits, region) for region in regions)
