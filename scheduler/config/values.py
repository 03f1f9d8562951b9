"""The single values of the configuration file, as pydantic reads them: a text in, a checked value out."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidationInfo,
    model_validator,
)

from scheduler.duration import parse_duration
from scheduler.errors import NumberError
from scheduler.phone import PhoneNumber, is_region, read_number


def _read_duration(value: object) -> object:
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError("write a duration as text with its unit, as in '90 s' or '5 min'")


def _read_interval(length: timedelta) -> timedelta:
    if length < timedelta(milliseconds=100):
        raise ValueError("write at least 100 ms: less would be a loop without a pause")
    return length


def _read_grace(length: timedelta) -> timedelta:
    if length < timedelta(seconds=1):
        raise ValueError("write at least 1 s: no call starts before its time, so that with less all are missed")
    return length


def _read_email(text: str) -> str:
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", text.strip()):
        raise ValueError(f"{text!r} is no e-mail address: write one, as in 'ann@example.com'")
    return text.strip()


def _read_zone(name: str) -> str:
    by_lower = {known.lower(): known for known in available_timezones()}
    try:
        return by_lower[name.lower()]
    except KeyError:
        raise ValueError(f"{name!r} is no time zone: write an IANA name, as in 'Europe/Brussels'") from None


def _read_upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _read_address(address: str) -> str:
    host, colon, port = address.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError("write an address and a port, as in '127.0.0.1:8470'")
    return address


def _read_url(url: str) -> str:
    if not url.lower().startswith(("http://", "https://", "webcal://", "webcals://")):
        raise ValueError("write a URL that begins with https:// or http://")
    if "@" in urlsplit(url).netloc:
        raise ValueError("a URL holds no user name and password here: write username and password for them")
    return url


def _read_region(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not (re.fullmatch("[A-Za-z]{2}", value) and is_region(value.upper())):
        raise ValueError("write a country as its two letters in ISO 3166, as in 'BE' or 'GB'")
    return value.upper()


def _read_prefix(text: str) -> str:
    if not re.fullmatch(r"\+[0-9]*", text):
        raise ValueError("write how the numbers begin, with plus and country code, as in '+3270'")
    return text


def _read_domain(text: str) -> str:
    domain = text.strip().lstrip("@").lower()
    if not re.fullmatch(r"[^\s@*./]+(\.[^\s@*./]+)+", domain):
        raise ValueError("write a domain, as in 'example.com'; its subdomains are trusted too")
    return domain


def _read_number(value: object, info: ValidationInfo) -> PhoneNumber:
    """National formats belong to the region that the caller found in the file."""
    if not isinstance(value, str):
        raise ValueError("write a phone number as text, as in '+3228160257'")
    assert info.context is not None
    try:
        return read_number(value, info.context["region"])
    except NumberError as error:
        raise ValueError(f"{value!r} can't be a number here: {error.reason}") from None


Duration = Annotated[timedelta, BeforeValidator(_read_duration)]
Zone = Annotated[str, AfterValidator(_read_zone)]
Address = Annotated[str, AfterValidator(_read_address)]
Url = Annotated[str, AfterValidator(_read_url)]
Number = Annotated[PhoneNumber, PlainValidator(_read_number)]
Region = Annotated[str, BeforeValidator(_read_region)]
Domain = Annotated[str, AfterValidator(_read_domain)]
Prefix = Annotated[str, AfterValidator(_read_prefix)]  # "+" alone is every number
Interval = Annotated[Duration, AfterValidator(_read_interval)]
Grace = Annotated[Duration, AfterValidator(_read_grace)]
Email = Annotated[str, AfterValidator(_read_email)]
Upper = BeforeValidator(_read_upper)


class Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Secret(Table):
    """Where a secret stands: never in the file itself."""

    file: Path | None = None
    env: str | None = None
    credential: str | None = None  # of systemd's LoadCredential=

    @model_validator(mode="before")
    @classmethod
    def _refuse_plain(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            raise ValueError(
                'a secret doesn\'t stand in this file: write { file = "…" }, { env = "…" } or { credential = "…" }'
            )
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("name one place of the secret: file, env or credential")
        return self

    def reveal(self, folder: Path) -> str:
        """The secret itself, without the line's end that editors add; relative files stand in ``folder``.

        :raises ValueError: it can't be read; the message names the place, never the secret.
        """
        if self.env is not None:
            return self._from_environment(self.env)
        path = self.path(folder)
        try:
            secret = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not text"
            raise ValueError(f"the secret's file {path}: {reason}") from None
        if not secret:
            raise ValueError(f"the secret's file {path} is empty")
        return secret

    def path(self, folder: Path) -> Path:
        """The file that it stands in.

        :raises ValueError: it is a variable of the environment, or there are no credentials here.
        """
        if self.env is not None:
            raise ValueError("this one has to be a file: write file or credential instead of env")
        return folder / (self.file or self._credential())

    def _from_environment(self, name: str) -> str:
        if not os.environ.get(name):
            raise ValueError(f"the environment has no variable {name}, or an empty one")
        return os.environ[name]

    def _credential(self) -> Path:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if folder is None or self.credential is None:
            raise ValueError(
                "there are no systemd credentials here: run as the service, set CREDENTIALS_DIRECTORY to its "
                "folder below /run/credentials while it runs, or use file or env"
            )
        return Path(folder) / self.credential
