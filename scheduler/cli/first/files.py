"""Writing the files of a first configuration: nothing that is there is touched, and secrets are their owner's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from scheduler.cli.first.answers import Answers
from scheduler.cli.first.text import config_text, secret_files
from scheduler.errors import ConfigError, Problem

_NEVER = "init never overwrites: move it away, or name another file with --config"


def refuse_existing(config: Path, answers: Answers | None = None) -> None:
    """:raises ConfigError: a file that is to be written is there already."""
    there = [path for path in _paths(config, answers) if path.exists() or path.is_symlink()]
    if there:
        raise ConfigError(
            tuple(Problem(where=str(path), what="is there already", remedy=_NEVER) for path in there)
        )


def write_files(config: Path, answers: Answers, *, service: bool) -> tuple[Path, ...]:
    """:param service: for the systemd units, whose user reads the configuration, and root alone the secrets.

    :raises ConfigError: a file is there already, or can't be written.
    """
    refuse_existing(config, answers)
    folder = config.absolute().parent
    written = []
    try:
        _make_folder(folder, 0o755 if service else 0o700)
        for one in secret_files(answers):
            _make_folder((folder / one.path).parent, 0o700)
            written.append(_write(folder / one.path, one.secret + "\n", 0o600))
        text = config_text(answers, credentials=service, hint=_example())
        # Last: whoever finds it finds all that it names.
        written.append(_write(config, text, 0o644 if service else 0o600))
    except OSError as error:
        remedy = "run init as root, or name another file with --config"
        where = str(error.filename or config)
        raise ConfigError((Problem(where=where, what=error.strerror or str(error), remedy=remedy),)) from None
    return tuple(written)


def _paths(config: Path, answers: Answers | None) -> Iterator[Path]:
    yield config
    if answers is not None:
        yield from (config.absolute().parent / one.path for one in secret_files(answers))


def _make_folder(folder: Path, mode: int) -> None:
    """One that is there stays as it is."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(mode)


def _write(path: Path, text: str, mode: int) -> Path:
    """A new file: one that somebody makes meanwhile isn't overwritten either."""
    path.touch(0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def _example() -> str:
    """Where the program's own example is installed; a checkout has it at its top."""
    installed = Path(sys.prefix) / "share" / "call-scheduler" / "config.example.toml"
    return str(installed) if installed.exists() else ""
