"""What ``check`` found of one thing that calls depend on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import click

from scheduler.cli.output import counted
from scheduler.errors import Problem


class Severity(StrEnum):
    """How bad it is; the worst one comes last, where people look."""

    OK = "ok"
    WARNING = "warning"  # calls are placed all the same, for now
    PROBLEM = "problem"


_MARKS = {
    # Padded before they are coloured: the codes of the colours count as letters.
    Severity.OK: click.style("ok     ", fg="green"),
    Severity.WARNING: click.style("WARNING", fg="yellow"),
    Severity.PROBLEM: click.style("PROBLEM", fg="red"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was looked at, whether it is well, and what to do where it isn't."""

    subject: str
    fine: bool
    text: str
    warns: bool = False  # fine, and may not stay so

    @property
    def severity(self) -> Severity:
        if not self.fine:
            return Severity.PROBLEM
        return Severity.WARNING if self.warns else Severity.OK


def with_remedy(text: str, remedy: str) -> str:
    return f"{text} ({remedy})" if remedy else text


def finding_of(problem: Problem, *, in_the_daemon: bool = False) -> Finding:
    """:param in_the_daemon: it is the daemon's own view, which may differ from the command's."""
    where = f"{problem.where}, in the daemon" if in_the_daemon else problem.where
    return Finding(subject=where, fine=False, text=with_remedy(problem.what, problem.remedy))


def print_finding(finding: Finding) -> None:
    click.echo(f"{_MARKS[finding.severity]} {finding.subject}: {finding.text}")


def print_by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What is well as soon as it is found, then the warnings, then the problems, and how many; returns all."""
    told = []
    for finding in findings:
        told.append(finding)
        if finding.severity is Severity.OK:
            print_finding(finding)
    warnings = [one for one in told if one.severity is Severity.WARNING]
    problems = [one for one in told if one.severity is Severity.PROBLEM]
    for one in (*warnings, *problems):
        print_finding(one)
    if warnings or problems:
        click.echo(f"{counted(len(problems), 'problem')}, {counted(len(warnings), 'warning')}")
    return tuple(told)
