"""From the answers to the text of config.toml, and the secrets that stand beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from scheduler.cli.first.answers import CALENDAR_NAME, CONTACTS_NAME, Answers, ProviderAnswer, SourceAnswer

# As the units' LoadCredential= names them.
SECRETS = PurePosixPath("secrets")
GATEWAY_SECRETS = PurePosixPath("gateway-secrets")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFile:
    """``path`` is within the folder of the configuration."""

    path: PurePosixPath
    secret: str = field(repr=False)


def secret_files(answers: Answers) -> tuple[SecretFile, ...]:
    return tuple(_secret_files(answers))


def config_text(answers: Answers, *, credentials: bool, hint: str = "") -> str:
    """:param credentials: secrets reach the program through systemd; otherwise it reads their files itself.
    :param hint: where every other option is shown.
    """
    place = _credential if credentials else _file
    parts = [_company(answers, hint), _manager(answers)]
    if answers.calendar:
        parts.append(_calendar(answers.calendar, answers, place(SECRETS / "calendar")))
    if answers.contacts:
        parts.append(_contacts(answers.contacts, place(SECRETS / "contacts")))
    if answers.provider:
        parts.append(_provider(answers.provider, place(SECRETS / "provider")))
    if not credentials:
        parts.append('[ledger]\npath = "ledger.db"\n')
    if answers.provider and answers.provider.ours:
        parts.append(_gateway(answers, place(GATEWAY_SECRETS / answers.provider.client_id), credentials))
    return "\n".join(filter(None, parts))


def _secret_files(answers: Answers) -> Iterator[SecretFile]:
    for name, source in (("calendar", answers.calendar), ("contacts", answers.contacts)):
        if source and source.username:
            yield SecretFile(path=SECRETS / name, secret=source.password)
    if answers.provider:
        yield SecretFile(path=SECRETS / "provider", secret=answers.provider.client_secret)
        if answers.provider.ours:
            own = GATEWAY_SECRETS / answers.provider.client_id
            yield SecretFile(path=own, secret=answers.provider.client_secret)


def _credential(path: PurePosixPath) -> str:
    return f"{{ credential = {_quoted(f'secret_{path.name}')} }}"


def _file(path: PurePosixPath) -> str:
    return f"{{ file = {_quoted(str(path))} }}"


def _company(answers: Answers, hint: str) -> str:
    return f"""\
# Written by `call-scheduler init`. {hint or "config.example.toml"} shows every other option.
[company]
# The company's own numbers: only these may be an origin or a CLI, and none of them is ever called.
owned = [{_own_numbers(answers)}]
# What the customer's phone displays.
cli = {_quoted(answers.cli)}
region = {_quoted(answers.region)}
zone = {_quoted(answers.zone)}
"""


def _manager(answers: Answers) -> str:
    if not answers.email:
        return ""
    return f"""\
[[manager]]
name = {_quoted(answers.manager or answers.email)}
emails = [{_quoted(answers.email)}]
origin = {_quoted(answers.origin)}
"""


def _calendar(source: SourceAnswer, answers: Answers, password: str) -> str:
    return f"""\
[[calendar]]
name = "{CALENDAR_NAME}"
{_reached(source, password)}# The phone that rings first where no manager organises or attends the event.
origin = {_quoted(answers.origin)}
"""


def _contacts(source: SourceAnswer, password: str) -> str:
    return f'[[contacts]]\nname = "{CONTACTS_NAME}"\n{_reached(source, password)}'


def _reached(source: SourceAnswer, password: str) -> str:
    lines = [f"{source.kind} = {_quoted(source.address)}"]
    if source.display_name:
        lines.append(f"display_name = {_quoted(source.display_name)}")
    if source.username:
        lines += [f"username = {_quoted(source.username)}", f"password = {password}"]
    return "".join(f"{line}\n" for line in lines)


def _provider(provider: ProviderAnswer, secret: str) -> str:
    return f"""\
[provider]
url = {_quoted(provider.url)}
token_url = {_quoted(provider.token_url)}
client_id = {_quoted(provider.client_id)}
client_secret = {secret}
"""


def _gateway(answers: Answers, secret: str, credentials: bool) -> str:
    assert answers.provider is not None
    database = "" if credentials else '\ndatabase = "gateway.db"'
    return f"""\
# The gateway tells at once how a call ended.
[callback]

# The gateway of this machine, on a simulated line: no telephone rings.
[gateway]
region = {_quoted(answers.region)}{database}

[[gateway.client]]
id = {_quoted(answers.provider.client_id)}
secret = {secret}
numbers = [{_own_numbers(answers)}]
"""


def _own_numbers(answers: Answers) -> str:
    return ", ".join(map(_quoted, dict.fromkeys((answers.cli, answers.origin))))


def _quoted(text: str) -> str:
    """A basic string of TOML, which escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False)
