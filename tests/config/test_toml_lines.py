"""Every key of a TOML text is found at the line where it stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.config.toml_lines import Path, TomlLines

TEXT = """\
# a comment, [not.a.table]
title = "[[not]] a = b"
[gateway]
listen = "x"
"quoted.key" = 1
dotted . 'in' . "three" = 2

[[gateway.client]]   # the first
id = "a"
numbers = [
    "one",  # key = value
    [ "two" ],
]
  [[gateway.client]]
  id = "b"
  secret = { file = "f", inner = { deep = 1 } }
[gateway.client.more]
text = '''
[gateway]
id = "no key"
'''
last = 3
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("gateway",), 3),
        (("gateway", "listen"), 4),
        (("gateway", "quoted.key"), 5),
        (("gateway", "dotted", "in", "three"), 6),
        (("gateway", "client", 0), 8),
        (("gateway", "client", 0, "id"), 9),
        (("gateway", "client", 0, "numbers", 1), 10),
        (("gateway", "client", 1), 14),
        (("gateway", "client", 1, "id"), 15),
        (("gateway", "client", 1, "secret", "inner", "deep"), 16),
        (("gateway", "client", 1, "more", "text"), 18),
        (("gateway", "client", 1, "more", "last"), 22),
    ],
)
def test_a_key_is_found_at_its_line(path: Path, line: int) -> None:
    assert TomlLines(TEXT).line_of(path) == line


def test_a_key_that_is_missing_is_told_at_the_table_that_lacks_it() -> None:
    assert TomlLines(TEXT).line_of(("gateway", "client", 1, "numbers")) == 14
    assert TomlLines(TEXT).line_of(("gateway", "line")) == 3


def test_a_table_that_is_missing_has_no_line() -> None:
    assert TomlLines(TEXT).line_of(("company", "owned")) is None


_NAMES = st.sampled_from(["a", "b", '"c d"', "'e.f'", '"[g]"', '"#"'])
_KEYS = st.lists(_NAMES, min_size=1, max_size=3).map(".".join)
_VALUES = st.sampled_from(
    [
        "1",
        '"[x]"',
        "[1, [2]]",
        "[\n  1,\n  # ]\n  [2],\n]",
        '"""\n[a]\nb = 1\n"""',
        "{ a = 1, b.c = [2] }",
        "'\u2028'",
    ]
)
_LINES = st.one_of(
    st.builds("{} = {}".format, _KEYS, _VALUES),
    st.builds("[{}]".format, _KEYS),
    st.builds("[[{}]]".format, _KEYS),
    st.sampled_from(["", "# [a]", "  # b = 1"]),
)


@st.composite
def toml_texts(draw: st.DrawFn) -> str:
    """Texts that tomllib reads: a line that contradicts those before it is left out."""
    text = ""
    for line in draw(st.lists(_LINES, max_size=12)):
        longer = f"{text}{line}\n"
        try:
            tomllib.loads(longer)
        except tomllib.TOMLDecodeError:
            continue
        text = longer
    return text


@given(toml_texts())
def test_whatever_tomllib_reads_each_key_stands_where_it_first_appears(text: str) -> None:
    lines = TomlLines(text)
    ends = [end for end in range(text.count("\n") + 1) if _loads(text, end) is not None]
    for path in _paths(tomllib.loads(text)):
        line = lines.line_of(path)
        assert line is not None
        assert path not in set(_paths(_loads(text, line - 1)))
        assert path in set(_paths(_loads(text, next(end for end in ends if end >= line))))


def _loads(text: str, count: int) -> Any:
    """What the first ``count`` lines say; None where they stop within a value."""
    try:
        return tomllib.loads("\n".join(text.split("\n")[:count]) + "\n")
    except tomllib.TOMLDecodeError:
        return None


def _paths(value: Any, above: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*above, key)
        yield from _paths(one, (*above, key))
