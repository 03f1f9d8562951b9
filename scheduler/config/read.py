"""Reading the file: parse, check every table, then build; what is wrong is gathered, not met one by one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from scheduler.config.build import build_config
from scheduler.config.build_gateway import build_gateway
from scheduler.config.model import DaemonFile, GatewayFile
from scheduler.config.problems import Problems
from scheduler.config.settings import Config
from scheduler.config.toml_lines import TomlLines
from scheduler.errors import ConfigError, Problem
from scheduler.gateway.settings import GatewaySettings

M = TypeVar("M", bound=BaseModel)
B = TypeVar("B")


def read_config(path: Path, *, secrets: bool = True) -> Config:
    """The daemon's configuration; without ``secrets`` they stay empty, for commands that only look.

    :raises ConfigError: with every problem, each with its line.
    """
    return _read(path, DaemonFile, ("company",), partial(build_config, secrets=secrets))


def read_gateway_config(path: Path) -> tuple[GatewaySettings, str]:
    """The gateway's settings and the log level.

    :raises ConfigError: with every problem, each with its line.
    """
    return _read(path, GatewayFile, ("gateway",), build_gateway)


def _read(path: Path, model: type[M], region_at: Sequence[str], build: Callable[[M, Path, Problems], B]) -> B:
    text = _text(path)
    data = _parse(path, text)
    problems = Problems(path, TomlLines(text))
    try:
        checked = model.model_validate(data, context={"region": _region(data, region_at)})
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            problems.add(fault["loc"], _words(fault["type"], fault["msg"]))
        raise problems.error() from None
    built = build(checked, path.absolute().parent, problems)
    problems.stop_if_any()
    return built


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
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


def _words(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such option (see config.example.toml)"
    if kind == "missing":
        return "is missing"
    return message.removeprefix("Value error, ")
