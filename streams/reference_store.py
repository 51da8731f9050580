"""Catalogues and decks kept on this machine under their hash, for commands over files (D-79).

`reference publish` leaves a copy here, so that a ledger rated with it can be audited without Kafka.
"""

import os
import tempfile
from pathlib import Path

from rating.reference_finding import version_of
from schemas.timers import ReferenceKind
from streams.line_files import FilesError


class LocalReferences:
    """The files of one folder, each named by its version."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "references"

    def find(self, kind: ReferenceKind, version: str) -> bytes | None:
        """Return the bytes kept for a version, None where there are none; not checked here."""
        del kind  # a version is the hash of the bytes, whatever they are
        try:
            return (self._folder / version).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FilesError(f"cannot read {self._folder / version}: {error.strerror}") from error

    def keep(self, raw: bytes) -> None:
        """Store a file; a second time changes nothing."""
        target = self._folder / version_of(raw)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
            Path(temporary).replace(target)
        except OSError as error:
            raise FilesError(f"cannot write {target}: {error.strerror}") from error
