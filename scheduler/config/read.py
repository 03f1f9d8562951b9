"""Reading the file: parse, check every table, then build; what is wrong is gathered, not met one by one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from scheduler.config.build import build_config
from scheduler.config.build_gateway import build_gateway
from scheduler.config.model import DaemonFile, GatewayFile
from scheduler.config.problems import Key, Problems
from scheduler.config.settings import Config
from scheduler.config.toml_lines import TomlLines
from scheduler.config.wording import words_of
from scheduler.errors import ConfigError, Problem
from scheduler.gateway.settings import GatewaySettings
from scheduler.logs import LogSettings

M = TypeVar("M", bound=BaseModel)
B = TypeVar("B")


def read_config(path: Path, *, secrets: bool = True) -> Config:
    """The daemon's configuration; without ``secrets`` those that can't be read stay empty.

    :raises ConfigError: with every problem, each with its line.
    """
    return _read(path, DaemonFile, ("company",), partial(build_config, secrets=secrets))


def read_gateway_config(path: Path) -> tuple[GatewaySettings, LogSettings]:
    """The gateway's settings, and how it logs.

    :raises ConfigError: with every problem, each with its line.
    """
    return _read(path, GatewayFile, ("gateway",), build_gateway)


def _read(path: Path, model: type[M], region_at: Sequence[str], build: Callable[[M, Path, Problems], B]) -> B:
    text = _text(path)
    data = _parse(path, text)
    problems = Problems(path, TomlLines(text))
    region = _region(data, region_at)
    checked = _validate(model, data, region, problems)
    if checked is None:
        raise problems.error()
    built = build(checked, path.absolute().parent, problems)
    problems.stop_if_any()
    return built


def _validate(model: type[M], data: Mapping[str, Any], region: str, problems: Problems) -> M | None:
    """The checked tables, for what shows only between them as well; None where too little of them is left."""
    try:
        return model.model_validate(data, context={"region": region})
    except ValidationError as error:
        faults = _own_faults(error)
    for fault in faults:
        problems.add(fault["loc"], words_of(fault, model))
    try:
        rest = _without(data, [fault["loc"] for fault in faults])
        return model.model_validate(rest, context={"region": region})
    except (KeyError, ValidationError):
        return None


def _own_faults(error: ValidationError) -> list[ErrorDetails]:
    """Without "too few items" where they are too few only since pydantic dropped a faulty one."""
    faults = error.errors(include_url=False, include_input=False)
    return [
        fault
        for fault in faults
        if fault["type"] != "too_short" or not any(_is_within(other["loc"], fault["loc"]) for other in faults)
    ]


def _is_within(inner: Key, outer: Key) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _without(data: Mapping[str, Any], keys: Sequence[Key]) -> dict[str, Any]:
    """A copy without the options at ``keys``.

    :raises KeyError: one of them is no option of a table, so that what comes after it can't be judged.
    """
    rest: dict[str, Any] = deepcopy(dict(data))
    for *path, option in keys:
        table: Any = rest
        for part in path:
            table = table[part]
        if not isinstance(table, dict):
            raise KeyError(option)
        del table[option]
    return rest


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # editors on Windows begin a file with a mark
    except OSError as error:
        raise ConfigError(
            (Problem(where=str(path), what=error.strerror or str(error), remedy="name the file with --config"),)
        ) from None
    except UnicodeDecodeError:
        raise ConfigError((Problem(where=str(path), what="is not UTF-8 text"),)) from None


def _parse(path: Path, text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((Problem(where=str(path), what=f"is not TOML: {error}"),)) from None


def _region(data: Any, table: Sequence[str]) -> str:
    """Numbers are read in the region that the file itself names."""
    for key in table:
        data = data.get(key) if isinstance(data, Mapping) else None
    region = data.get("region") if isinstance(data, Mapping) else None
    return region.upper() if isinstance(region, str) and len(region) == 2 else "BE"
