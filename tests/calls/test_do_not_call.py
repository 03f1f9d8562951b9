"""What a do-not-call file bars, and what is said of lines that bar nobody."""

from __future__ import annotations

import pytest

from scheduler.calls.do_not_call import DoNotCall, read_do_not_call


def read(text: str, encoding: str = "utf-8") -> DoNotCall:
    return read_do_not_call(text.encode(encoding), name="list.csv", region="BE")


@pytest.mark.parametrize(
    "text",
    [
        "+32468373901\n",
        "0468 37 39 01",
        "\ufeff0468373901\r\n",
        "Number\n+32468373901\n",
        "# who asked us\n+32468373901  # in May\n\n",
        'name;number\n"Maes, Bea";"0468 37 39 01"\n',
        "number,since\n+32468373901,2026-05-01\n",
        "number\tnote\n+32468373901\tcafé\n",
        "+32468373901 Bea Maes\n",
        "0468 37 39 01 Élodie, since May\n",
        "0468/37.39.01 (Bea)\n",
    ],
)
def test_a_number_counts_however_the_file_is_written(text: str) -> None:
    found = read(text)
    assert ({str(one) for one in found.numbers}, found.problems) == ({"+32468373901"}, ())


def test_an_old_encoding_is_read() -> None:
    assert len(read("nom;numéro\nAndré;+32468373901\n", "cp1252").numbers) == 1


def test_a_line_without_a_number_is_named_and_costs_no_other() -> None:
    found = read("+32468373901\n4.68E+10\nBea Maes\n+442079460123\n")
    assert len(found.numbers) == 2
    assert [problem.where for problem in found.problems] == ["list.csv, line 2", "list.csv, line 3"]
    assert "mangled by a spreadsheet" in found.problems[0].what
