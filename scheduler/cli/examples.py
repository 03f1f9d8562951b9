"""What ``--help`` shows at its end: how each command is used, in lines that can be copied."""

from __future__ import annotations

from collections.abc import Sequence

import click

# By the command's words: its lines, each with what it does. Tests read them as the command line would be.
EXAMPLES: dict[str, Sequence[tuple[str, str]]] = {
    "init": (
        ("call-scheduler init", "as root"),
        ("call-scheduler init --config ~/calls.toml", "your own"),
        ("call-scheduler init --config ~/calls.toml --gateway", "no real calls"),
    ),
    "run": (("call-scheduler run --config ~/calls.toml", "until you press Ctrl-C"),),
    "check": (
        ("call-scheduler check", "what would stop or spoil calls"),
        ("call-scheduler check --wait '2 min'", "once a daemon has read it all"),
        ("call-scheduler check --acknowledge", "you have seen the alerts"),
    ),
    "sync": (
        ("call-scheduler sync", "fetch every calendar now"),
        ("call-scheduler sync --accept sales", "what vanished was deleted on purpose"),
    ),
    "plan": (
        ("call-scheduler plan", "what comes, and what will not ring"),
        ("call-scheduler plan --to '+1 d' --json", "the coming day, for a program"),
    ),
    "calls": (
        ("call-scheduler calls", "the last seven days"),
        ("call-scheduler calls --from 2026-11-01 --to 2026-12-01", ""),
    ),
    "calls resolve": (
        ("call-scheduler calls resolve 17 --outcome answered", "you asked them"),
        ("call-scheduler calls resolve 17 --again --at '+1 h'", "ring once more"),
    ),
    "why": (
        ("call-scheduler why Anna", "an event with that word in its title"),
        ("call-scheduler why 4711@example.com", "by its UID"),
    ),
    "place": (
        ("call-scheduler place --origin 028160258 --destination 0468373901", ""),
    ),
    "pause": (
        ("call-scheduler pause --until '+2 h' --reason 'the line is moved'", ""),
        ("call-scheduler pause --manager 'Ann Peeters'", "her phone alone"),
    ),
    "resume": (
        ("call-scheduler resume", "everybody's"),
        ("call-scheduler resume --manager 'Ann Peeters'", "her phone alone"),
    ),
    "page": (("call-scheduler page hash", "asks for a password"),),
    "page hash": (("call-scheduler page hash", "asks for a password"),),
    "feed-url": (("call-scheduler feed-url", "one for all, one a manager"),),
    "backup": (
        ("call-scheduler backup /var/backups/call-scheduler/ledger.db", ""),
        ("call-scheduler backup --replace /var/backups/call-scheduler/ledger.db", ""),
    ),
    "restore": (("call-scheduler restore /var/backups/call-scheduler/ledger.db", ""),),
    "export": (("call-scheduler export --number '0468 37 39 02'", "all that is kept"),),
    "erase": (
        ("call-scheduler erase --number '0468 37 39 02'", "asks once more"),
        ("call-scheduler erase --number +32468373902 --yes", "for scripts"),
    ),
    "gateway": (("call-scheduler gateway --config ~/calls.toml", "until you press Ctrl-C"),),
    "demo": (
        ("call-scheduler demo", "two minutes, on this machine alone"),
        ("call-scheduler demo --keep ~/demo", "its files stay"),
    ),
}  # fmt: skip


def show_examples(group: click.Group, above: str = "") -> None:
    """Put them at the end of the help of every command below ``group``."""
    for name, command in group.commands.items():
        words = f"{above} {name}".strip()
        command.epilog = _text(EXAMPLES[words])
        if isinstance(command, click.Group):
            show_examples(command, words)


def _text(examples: Sequence[tuple[str, str]]) -> str:
    width = max((len(line) for line, what in examples if what), default=0)
    told = (f"  {line.ljust(width)}  # {what}" if what else f"  {line}" for line, what in examples)
    # \b keeps click from filling the paragraph.
    return "\n".join(("\b", "Example:" if len(examples) == 1 else "Examples:", *told))
