"""The options of a login, in the same words for calendars and for address books."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import model_validator

from scheduler.config.values import Secret, Table, Url


class OAuthTable(Table):
    token_url: Url
    client_id: str
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    scope: str = ""
    ca_bundle: Path | None = None

    @model_validator(mode="after")
    def _something_to_show(self) -> Self:
        if self.client_secret is None and self.refresh_token is None:
            raise ValueError("give client_secret, refresh_token or both: without them nobody gets a token")
        return self


class LoginTable(Table):
    username: str = ""
    password: Secret | None = None
    token: Secret | None = None
    oauth: OAuthTable | None = None
    certificate: Path | None = None
    certificate_key: Secret | None = None
    ca_bundle: Path | None = None

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        if sum(way is not None for way in (self.password, self.token, self.oauth)) > 1:
            raise ValueError("name one way to log in: password, token or oauth")
        if self.password is not None and not self.username:
            raise ValueError("username: say whose password it is")
        if self.certificate_key is not None and self.certificate is None:
            raise ValueError("certificate: say to which certificate the key belongs")
        return self
