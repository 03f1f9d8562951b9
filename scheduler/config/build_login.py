"""From the checked options of a login to what logs in; certificates are loaded once, to find their faults now."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from scheduler.config.login_model import LoginTable, OAuthTable
from scheduler.config.problems import Key, Problems
from scheduler.config.secrets import Secrets
from scheduler.kept_token import KeptToken
from scheduler.login import Login
from scheduler.oauth import TokenSettings
from scheduler.tls import Tls


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPlaces:
    """Where secrets and files are found, and where refresh tokens are kept."""

    folder: Path  # where relative paths start
    tokens: Path
    secrets: Secrets
    problems: Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltLogin:
    login: Login
    locked: bool  # it has a secret that this user can't read


def build_login(table: LoginTable, key: Key, places: LoginPlaces, *, name: str) -> BuiltLogin:
    """:param name: whose refresh token it keeps; ``key`` is where the table stands in the file."""
    secrets = places.secrets
    password = secrets.reveal(table.password, (*key, "password"))
    token = secrets.reveal(table.token, (*key, "token"))
    oauth = _oauth(table.oauth, (*key, "oauth"), places, name) if table.oauth else None
    tls = _tls(table, key, places)
    locked = (
        (table.password is not None and not password)
        or (table.token is not None and not token)
        or (table.oauth is not None and _lacks_a_secret(table.oauth, oauth))
        or (table.certificate_key is not None and tls.key is None)
    )
    login = Login(username=table.username, password=password, token=token, oauth=oauth, tls=tls)
    return BuiltLogin(login=login, locked=locked)


def _oauth(table: OAuthTable, key: Key, places: LoginPlaces, name: str) -> TokenSettings:
    refresh_token = places.secrets.reveal(table.refresh_token, (*key, "refresh_token"))
    return TokenSettings(
        url=table.token_url,
        client_id=table.client_id,
        client_secret=places.secrets.reveal(table.client_secret, (*key, "client_secret")),
        scope=table.scope,
        refresh=KeptToken(path=places.tokens / f"{quote(name, safe='')}.json", given=refresh_token)
        if refresh_token
        else None,
        tls=Tls(ca_bundle=_bundle(table.ca_bundle, key, places)) if table.ca_bundle else None,
    )


def _lacks_a_secret(table: OAuthTable, built: TokenSettings | None) -> bool:
    return built is None or (
        (table.client_secret is not None and not built.client_secret)
        or (table.refresh_token is not None and built.refresh is None)
    )


def _tls(table: LoginTable, key: Key, places: LoginPlaces) -> Tls:
    bundle = _bundle(table.ca_bundle, key, places)
    if table.certificate is None:
        return Tls(ca_bundle=bundle)
    certificate = places.folder / table.certificate
    private_key = places.secrets.place(table.certificate_key, (*key, "certificate_key"))
    if table.certificate_key is None or private_key is not None:
        _try_certificate(certificate, private_key, (*key, "certificate"), places)
    return Tls(ca_bundle=bundle, certificate=certificate, key=private_key)


def _try_certificate(certificate: Path, private_key: Path | None, key: Key, places: LoginPlaces) -> None:
    if not places.secrets.needed:
        return
    try:
        # The password, which is none, keeps OpenSSL from asking the terminal for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, private_key, password="")
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        files = " and ".join(str(path) for path in (certificate, private_key) if path)
        places.problems.add(key, f"{files} can't be used: {_said(error)}")


def _bundle(path: Path | None, key: Key, places: LoginPlaces) -> Path | None:
    if path is None:
        return None
    whole = places.folder / path
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(whole)
    except OSError as error:
        if places.secrets.needed:
            places.problems.add((*key, "ca_bundle"), f"{whole} can't be used: {_said(error)}")
    return whole


def _said(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not a certificate (and key) in PEM that OpenSSL reads: {error.reason or error}"
    return getattr(error, "strerror", "") or str(error)
