"""Files in, files out: every line with its place, every output whole or not at all."""

import os
from pathlib import Path

import pytest

from streams.line_files import FilesError, OutputFiles, check_outputs, read_files, total_bytes


def test_blank_lines_are_ignored_but_counted(tmp_path: Path) -> None:
    """D-55: a blank line is no input, yet line numbers are those an editor shows."""
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"one\r\n\n \t\r\ntwo\nthree")
    lines = list(read_files([str(file)]))
    assert [(line.raw, line.position.line) for line in lines] == [
        (b"one", 1),
        (b"two", 4),
        (b"three", 5),
    ]
    assert lines[-1].end == total_bytes([str(file)])


def test_files_are_read_in_the_order_given(tmp_path: Path) -> None:
    """D-61: neither names nor times decide the order."""
    first, second = tmp_path / "b", tmp_path / "a"
    first.write_bytes(b"1\n2\n")
    second.write_bytes(b"3\n")
    names = [str(first), str(second)]
    assert [line.raw for line in read_files(names)] == [b"1", b"2", b"3"]


def test_an_output_appears_only_when_the_run_succeeds(tmp_path: Path) -> None:
    """A run that breaks off leaves the old file and no rubbish."""
    target = tmp_path / "ledger.jsonl"
    target.write_bytes(b"old\n")
    with pytest.raises(RuntimeError), OutputFiles() as outputs:  # noqa: PT012 - the block is it
        outputs.open(str(target)).write_line(b"new")
        raise RuntimeError("broken off")
    assert target.read_bytes() == b"old\n"
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.jsonl"]


def test_an_output_replaces_the_old_file_as_a_whole(tmp_path: Path) -> None:
    """A run that succeeds leaves the new file, with the rights of any new file."""
    target, plain = tmp_path / "ledger.jsonl", tmp_path / "plain"
    plain.touch()
    with OutputFiles() as outputs:
        outputs.open(str(target)).write_line(b"new")
    assert target.read_bytes() == b"new\n"
    assert target.stat().st_mode == plain.stat().st_mode


def test_an_output_through_a_link_replaces_the_file_behind_it(tmp_path: Path) -> None:
    """The link stays a link."""
    target, link = tmp_path / "real", tmp_path / "link"
    target.touch()
    link.symlink_to(target)
    with OutputFiles() as outputs:
        outputs.open(str(link)).write_line(b"new")
    assert (link.is_symlink(), target.read_bytes()) == (True, b"new\n")


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    """Also not through another spelling or a link."""
    events = tmp_path / "events.jsonl"
    events.touch()
    link = tmp_path / "link"
    link.symlink_to(events)
    for name in (str(events), str(link), str(tmp_path / "." / "x" / ".." / "events.jsonl")):
        (tmp_path / "x").mkdir(exist_ok=True)
        with pytest.raises(FilesError, match="is an input"):
            check_outputs([name], [str(events)])


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    """The ledger and the dead letter would write over each other."""
    name = str(tmp_path / "new")
    with pytest.raises(FilesError, match="written twice"):
        check_outputs([name, name], [])
    check_outputs(["/dev/null", "/dev/null"], [])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """One line with the name and the system's reason."""
    missing = str(tmp_path / "missing")
    with pytest.raises(FilesError, match=r"cannot read .*missing: No such file"):
        list(read_files([missing]))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """One line with the name and the system's reason."""
    said = r"cannot write .*: No such file"
    with OutputFiles() as outputs, pytest.raises(FilesError, match=said):
        outputs.open(str(tmp_path / "missing" / "ledger.jsonl"))


def test_a_name_that_is_no_utf8_is_shown_and_never_breaks_an_output(tmp_path: Path) -> None:
    """Linux names are bytes; a dead letter that names the file must be writable all the same."""
    name = os.fsdecode(bytes(tmp_path) + b"/bad\xff.jsonl")
    Path(name).write_bytes(b"no event\n")
    (line,) = read_files([name])
    assert line.position.file.endswith("bad\\xff.jsonl")
    assert line.position.file.isascii()
