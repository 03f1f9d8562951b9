"""`--help`: every command shows how it is used, in lines that work."""

from __future__ import annotations

import shlex

import click
import pytest
from click.testing import CliRunner

from scheduler.cli import cli
from scheduler.cli.examples import EXAMPLES

LINES = [(words, line) for words, lines in EXAMPLES.items() for line, _ in lines]


def command_of(words: str) -> click.Command:
    command: click.Command = cli
    for word in words.split():
        assert isinstance(command, click.Group)
        command = command.commands[word]
    return command


@pytest.mark.parametrize("words", EXAMPLES)
def test_the_help_of_every_command_ends_with_examples_that_fit_a_narrow_terminal(words: str) -> None:
    result = CliRunner().invoke(cli, [*words.split(), "--help"])
    assert result.exit_code == 0
    shown = result.output.partition("Example")[2].splitlines()
    assert [line for line, _ in EXAMPLES[words] if line not in result.output] == []
    assert max(map(len, shown)) <= 80


@pytest.mark.parametrize(("words", "line"), LINES)
def test_every_example_is_understood_by_its_command(words: str, line: str) -> None:
    program, *arguments = shlex.split(line)
    assert program == "call-scheduler"
    with command_of(words).make_context(words, arguments[len(words.split()) :]):
        pass
