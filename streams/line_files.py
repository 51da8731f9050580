r"""Files of lines: reading inputs with their positions, writing outputs all or nothing.

A line is what stands between two `\n`; a `\r` before it is taken off, so a file from another
system rates like the same events sent to Kafka. Blank lines are ignored (D-55), yet line
numbers count them.
Bytes are never decoded here: whether they are an event is the codec's business.

Outputs are written beside their target and renamed when the whole run has succeeded, so a target
is the old file or the complete new one, never a part. What cannot be renamed over (`-`, a pipe, a
device) is written directly.
"""

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Final, NamedTuple, Self

from schemas.dead_letter import FilePosition

STANDARD: Final = "-"
"""Names standard input or output in place of a file."""
WRITE_BUFFER_BYTES: Final = 1 << 20
"""Ledger lines are under 2 KiB; a mebibyte makes one system call of several hundred."""


class FilesError(Exception):
    """A mistake in the files the user named, said in one line; `details` are further lines."""

    def __init__(self, message: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.details = details


class InputLine(NamedTuple):
    """One line of an input file that is not blank. `end` counts the bytes of the file up to it."""

    raw: bytes
    position: FilePosition
    end: int


def read_lines(name: str) -> Iterator[InputLine]:
    """Yield the lines of one file, `-` for standard input.

    Raises FilesError where it cannot be opened or read.
    """
    end = 0
    shown = "standard input" if name == STANDARD else shown_name(name)
    try:
        with _open_input(name) as file:
            for number, line in enumerate(file, 1):
                end += len(line)
                raw = line.removesuffix(b"\n").removesuffix(b"\r")
                if raw.strip():
                    yield InputLine(raw, FilePosition(shown, number), end)
    except OSError as error:
        raise FilesError(f"cannot read {shown}: {error.strerror or error}") from error


def shown_name(name: str) -> str:
    """Return a file's name as text; bytes in it that are no UTF-8 are shown in hexadecimal."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def read_files(names: Iterable[str]) -> Iterator[InputLine]:
    """Yield the lines of several files in the order given, line by line (D-61)."""
    for name in names:
        yield from read_lines(name)


def check_readable(names: Iterable[str]) -> None:
    """Raise FilesError now, not in the middle of a run, for a file that cannot be read."""
    for name in names:
        if name == STANDARD:
            continue
        try:
            with Path(name).open("rb") as file:
                file.read(0)
        except OSError as error:
            raise FilesError(f"cannot read {name}: {error.strerror or error}") from error


def total_bytes(names: Iterable[str]) -> int | None:
    """Return the size of all files together, None where one has no size (a pipe)."""
    total = 0
    for name in names:
        if name == STANDARD:
            return None
        status = Path(name).stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        total += status.st_size
    return total


def read_reference(name: str) -> bytes:
    """Return the bytes of a catalogue or deck; FilesError where it cannot be read."""
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise FilesError(f"cannot read {name}: {error.strerror or error}") from error


def check_outputs(outputs: Iterable[str], inputs: Iterable[str]) -> None:
    """Raise FilesError where an output is an input, or two outputs are one file."""
    read = {_identity(name) for name in inputs if name != STANDARD}
    written: set[tuple[object, ...]] = set()
    for name in outputs:
        identity = _identity(name)
        if identity in read:
            raise FilesError(f"{name} is an input of this run, it is not overwritten")
        if identity in written:
            raise FilesError(f"{name} would be written twice")
        written.add(identity)


def _identity(name: str) -> tuple[object, ...]:
    """Tell whether two names are one file, also through links and other spellings."""
    if name == STANDARD:
        return (STANDARD,)
    path = Path(name)
    try:
        status = path.stat()
    except OSError:
        return (str(path.resolve()),)
    if not stat.S_ISREG(status.st_mode):
        return (name, object())  # a device such as /dev/null may be named often
    return (status.st_dev, status.st_ino)


def _open_input(name: str) -> contextlib.AbstractContextManager[BinaryIO]:
    if name == STANDARD:
        return contextlib.nullcontext(sys.stdin.buffer)
    return Path(name).open("rb")


class OutputFile:
    """One output of a run; `commit` puts it in place, leaving without it keeps the old file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._temporary: str | None = None
        self._target = Path(name)
        self._file: IO[bytes] = self._open()

    def write_line(self, line: bytes) -> None:
        """Append one line; the newline is added here."""
        try:
            self._file.write(line)
            self._file.write(b"\n")
        except OSError as error:
            raise self._failed(error) from error

    def commit(self) -> None:
        """Make what was written the file. Raises FilesError where the disk refuses."""
        try:
            self._file.flush()
            if self._temporary is None:
                self._close()
                return
            # On disk before the name points to it: after a power cut old or new, never empty.
            os.fsync(self._file.fileno())
            self._file.close()
            Path(self._temporary).replace(self._target)
            self._temporary = None
        except OSError as error:
            raise self._failed(error) from error

    def discard(self) -> None:
        """Close and leave no trace of what was not committed."""
        with contextlib.suppress(OSError):
            self._close()
        if self._temporary is not None:
            Path(self._temporary).unlink(missing_ok=True)
            self._temporary = None

    def _open(self) -> IO[bytes]:
        if self.name == STANDARD:
            return sys.stdout.buffer
        target = Path(self.name)
        try:
            if target.exists() and not stat.S_ISREG(target.stat().st_mode):
                if target.is_dir():
                    raise FilesError(f"cannot write {self.name}: it is a folder")
                return target.open("wb", buffering=WRITE_BUFFER_BYTES)
            target = target.resolve()  # through a link: the file is replaced, not the link
            self._target = target
            handle, self._temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
            _permit_as_usual(handle)
            return os.fdopen(handle, "wb", buffering=WRITE_BUFFER_BYTES)
        except OSError as error:
            raise self._failed(error) from error

    def _close(self) -> None:
        if self._file is not sys.stdout.buffer:
            self._file.close()

    def _failed(self, error: OSError) -> FilesError:
        return FilesError(f"cannot write {self.name}: {error.strerror or error}")


def _permit_as_usual(handle: int) -> None:
    """Give a temporary file, made for the owner alone, the rights a plain new file has."""
    mask = os.umask(0)
    os.umask(mask)
    os.fchmod(handle, 0o666 & ~mask)


class OutputFiles:
    """Several outputs of one run: committed together at the end of the block, or none is."""

    def __init__(self) -> None:
        self._files: list[OutputFile] = []

    def open(self, name: str) -> OutputFile:
        """Start writing `name`; raises FilesError where its folder cannot be written."""
        file = OutputFile(name)
        self._files.append(file)
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                for file in self._files:
                    file.commit()
        finally:
            for file in self._files:
                file.discard()
