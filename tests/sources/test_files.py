from __future__ import annotations

import os
from pathlib import Path

import pytest

from scheduler.errors import SourceUnreachable
from scheduler.sources.files import FileStamp, read_if_changed


def stamp_of(path: Path) -> FileStamp:
    found = read_if_changed(path, None)
    assert found
    return found[1]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "contacts.csv"
    path.write_bytes(b"Ann Example")
    return path


def test_a_file_not_seen_before_is_read(file: Path) -> None:
    found = read_if_changed(file, None)
    assert found
    assert found[0] == b"Ann Example"


def test_a_file_as_it_was_is_not_read_again(file: Path) -> None:
    assert read_if_changed(file, stamp_of(file)) is None


def test_a_file_of_another_length_is_read_again(file: Path) -> None:
    stamp = stamp_of(file)
    file.write_bytes(b"Bob")
    os.utime(file, ns=(stamp.mtime_ns, stamp.mtime_ns))
    assert read_if_changed(file, stamp)


def test_a_file_written_later_is_read_again(file: Path) -> None:
    stamp = stamp_of(file)
    os.utime(file, ns=(stamp.mtime_ns + 1_000, stamp.mtime_ns + 1_000))
    assert read_if_changed(file, stamp)


def test_a_file_replaced_by_another_of_the_same_age_and_length_is_read_again(file: Path) -> None:
    stamp = stamp_of(file)
    new = file.with_suffix(".new")
    new.write_bytes(b"Bob Example")
    os.utime(new, ns=(stamp.mtime_ns, stamp.mtime_ns))
    new.rename(file)
    assert read_if_changed(file, stamp)


def test_a_missing_file_is_unreachable_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "nobody.vcf"
    with pytest.raises(SourceUnreachable, match=r"nobody\.vcf: No such file"):
        read_if_changed(path, None)


def test_a_pipe_that_nobody_writes_to_is_unreachable_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe.vcf"
    os.mkfifo(path)
    with pytest.raises(SourceUnreachable, match="isn't a file"):
        read_if_changed(path, None)
