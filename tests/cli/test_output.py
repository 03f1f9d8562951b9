"""What people are shown."""

from __future__ import annotations

import pytest

from scheduler.cli.output import print_table


def test_a_table_of_more_rows_than_a_screen_has_is_a_line_each_in_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [(f"+322816025{n % 10}\n→ +32468373901", "電話" if n % 2 else "Call", "why " * 60) for n in range(600)]
    print_table("Calls", ("origin → destination", "event", "why"), rows)
    title, header, *lines = capsys.readouterr().out.splitlines()
    assert (title, len(lines)) == ("Calls", 600)
    assert header.index("why") == lines[0].index("why") == lines[1].index("why") + 2  # two letters, each two wide
    assert lines[0].startswith("+3228160250 → +32468373901  Call   why why")
    assert lines[0].count("why") == 60
