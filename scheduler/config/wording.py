"""What pydantic finds wrong with an option, in words for whoever wrote the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_NUMBER = "write a whole number, without quotes"
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is missing",
        "too_short": "is empty: give at least one",
        "tuple_type": 'it is a list: write [[name]] with two brackets for a table of it, or ["…", "…"] for values',
        "model_type": "it is a table: write its options below [name], or as { option = … }",
        "dict_type": "it is a table: write { … = … }",
        "string_type": 'write a text, as in "…"',
        "path_type": 'write the path of a file, as in "…"',
        "int_type": _NUMBER,
        "int_parsing": _NUMBER,
        "int_from_float": _NUMBER,
        "bool_type": "write true or false, without quotes",
        "bool_parsing": "write true or false, without quotes",
    }
)


def words_of(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """:param model: of the whole file, whose options are proposed where one is misspelt."""
    kind, facts = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(fault["loc"], model)
    if kind in ("enum", "literal_error"):
        return f"write {facts['expected']}"
    if kind == "greater_than_equal":
        return f"write at least {facts['ge']}"
    if kind == "less_than_equal":
        return f"write at most {facts['le']}"
    return _WORDS.get(kind, fault["msg"].removeprefix("Value error, "))


def _unknown(key: Sequence[str | int], model: type[BaseModel]) -> str:
    *path, option = key
    like = get_close_matches(str(option).lower(), _options(model, path), n=1)
    return f"there is no such option{f': did you mean {like[0]}?' if like else ' (see config.example.toml)'}"


def _options(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Of the table at ``path``; none where that isn't a table of ours."""
    table: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, str):
            field = table.model_fields.get(part) if table else None
            table = next(_tables_in(field.annotation), None) if field else None
    return list(table.model_fields) if table else []


def _tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The table that an annotation such as ``tuple[Table, ...]`` or ``Table | None`` is about."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _tables_in(inner)
