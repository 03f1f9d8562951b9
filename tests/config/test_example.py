"""config.example.toml: a start that loads, and shows every option with its default."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from scheduler.config import read_config, read_gateway_config
from scheduler.config.model import DaemonFile
from scheduler.config.values import Secret, Table

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
# "#option = …", "#[table]" and the lines of a list are TOML that is commented out; "# …" is prose.
OPENED_TEXT = re.sub(r'^#(?=[a-z_0-9]+ = |\[|\]|    ")', "", TEXT, flags=re.MULTILINE)
OPENED = tomllib.loads(OPENED_TEXT)
ACTIVE = tomllib.loads(TEXT)

Option = tuple[str, ...]


def test_the_daemon_starts_from_the_example() -> None:
    config = read_config(EXAMPLE, secrets=False)
    assert [calendar.name for calendar in config.calendars] == ["sales"]


def test_the_gateway_starts_from_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret_acme").write_text("not-a-real-secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    settings, log = read_gateway_config(EXAMPLE)
    assert (settings.clients[0].client_secret, settings.port, log.level) == ("not-a-real-secret", 8471, "INFO")


def test_the_example_shows_every_option() -> None:
    missing = [".".join(option) for option in _options(DaemonFile) if not _values(OPENED, option)]
    assert missing == []


def test_every_option_that_is_commented_out_shows_its_default() -> None:
    opened = _opened()
    commented = [option for option in _options(DaemonFile) if not _values(ACTIVE, option)]
    shown = {option: _values(opened, option)[0] for option in commented if _default(option) is not None}
    assert shown == {option: _default(option) for option in shown}
    assert len(shown) > 40


def test_every_active_option_that_has_a_default_tells_it_above() -> None:
    active = [option for option in _options(DaemonFile) if _values(ACTIVE, option) and _has_default(option)]
    told = {option: _told_default(option[-1], _values(ACTIVE, option)[0]) for option in active}
    assert told == {option: _default(option) for option in active}
    assert told != {}


def _options(model: type[Table], above: Option = ()) -> Iterator[Option]:
    """Every option, tables walked through."""
    for name, field in model.model_fields.items():
        inner = _table_in(field.annotation)
        yield from _options(inner, (*above, name)) if inner else [(*above, name)]


def _table_in(annotation: Any) -> type[Table] | None:
    """The table that a field is, or is an array of; a secret is one value."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return None if annotation is Secret else annotation
    return next(filter(None, map(_table_in, get_args(annotation))), None)


def _default(option: Option) -> Any:
    """None where there is none."""
    model: type[Table] | None = DaemonFile
    for name in option[:-1]:
        assert model is not None
        model = _table_in(model.model_fields[name].annotation)
    assert model is not None
    field = model.model_fields[option[-1]]
    return None if field.is_required() else field.get_default(call_default_factory=True)


def _has_default(option: Option) -> bool:
    return _default(option) is not None


def _values(data: Any, option: Option) -> list[Any]:
    """The option's values in all tables of its kind, of parsed TOML or of the model."""
    tables: Sequence[Any] = [data]
    for name in option:
        found = [_get(table, name) for table in tables]
        tables = [one for value in found for one in (value if isinstance(value, tuple | list) else [value])]
        if name == option[-1]:
            return [value for value in found if value is not None]
        tables = [table for table in tables if table is not None]
    return []


def _get(table: Any, name: str) -> Any:
    return table.get(name) if isinstance(table, Mapping) else getattr(table, name)


def _opened() -> DaemonFile:
    """The whole file with all its comments opened; of a calendar's sources and logins one each is left."""
    others = ("url", "file", "password", "token")
    calendar = _without(OPENED["calendar"][0], others)
    contacts = [_without(table, ("password", "token")) for table in OPENED["contacts"]]
    return DaemonFile.model_validate(
        {**OPENED, "calendar": [calendar], "contacts": contacts}, context={"region": "BE"}
    )


def _without(table: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name not in names}


def _told_default(name: str, value: str) -> str:
    """What ``Default:`` says in the comment before the option; only texts are told so."""
    found = re.search(rf'Default: "(.*)"\n{name} = "{re.escape(value)}"$', TEXT, re.MULTILINE)
    assert found, f"no comment before {name} tells its default"
    return found[1]
