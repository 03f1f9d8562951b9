"""What ``check`` found of one thing that calls depend on."""

from __future__ import annotations

from dataclasses import dataclass

import click

from scheduler.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was looked at, whether it is well, and what to do where it isn't."""

    subject: str
    fine: bool
    text: str


def with_remedy(text: str, remedy: str) -> str:
    return f"{text} ({remedy})" if remedy else text


def finding_of(problem: Problem, *, in_the_daemon: bool = False) -> Finding:
    """:param in_the_daemon: it is the daemon's own view, which may differ from the command's."""
    where = f"{problem.where}, in the daemon" if in_the_daemon else problem.where
    return Finding(subject=where, fine=False, text=with_remedy(problem.what, problem.remedy))


def print_finding(finding: Finding) -> None:
    # Padded before it is coloured: the codes of the colours count as letters.
    mark = click.style("ok     ", fg="green") if finding.fine else click.style("PROBLEM", fg="red")
    click.echo(f"{mark} {finding.subject}: {finding.text}")
