"""A small real file system as a worker's data folder, so that a full disk is a full disk.

It is a tmpfs in a mount namespace of its own: a holder process makes both, workers enter it with
`nsenter`, tests look into it through the holder's `/proc/<id>/root`. So it needs no root where the
kernel lets users have namespaces, nobody else sees it, and it is gone with its last process,
whatever happens to the test.
"""

import errno
import os
import subprocess
from pathlib import Path
from typing import Final

WAYS: Final = (("--mount",), ("--user", "--map-root-user", "--mount"))
"""As root, and as anybody else."""
MOUNT: Final = 'mount -t tmpfs -o size="$1" tmpfs "$0" && echo mounted && exec sleep infinity'
BLOCK_BYTES: Final = 4096
PIECE_BYTES: Final = 1 << 20
BALLAST: Final = "ballast"
"""The file that takes the space."""


class NoSmallDiskError(Exception):
    """This machine lets nobody here mount a tmpfs; the message is what it said."""


class SmallDisk:
    """A tmpfs of some MiB at `place`, for the processes started with `prefix` only."""

    def __init__(self, place: Path, size_mib: int = 48) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        self._flags, self._holder = _mounted(place, size_mib)

    @property
    def prefix(self) -> tuple[str, ...]:
        """Words before a command that let it see the disk, in the folder where this runs."""
        flags = [flag for flag in self._flags if flag != "--map-root-user"]
        keep = ("--preserve-credentials",) if "--user" in flags else ()
        return ("nsenter", *keep, *flags, "--wd", "--target", str(self._holder.pid))

    @property
    def seen_from_outside(self) -> Path:
        """The folder as other processes reach it."""
        return Path(f"/proc/{self._holder.pid}/root") / self.place.relative_to("/")

    @property
    def _ballast(self) -> Path:
        return self.seen_from_outside / BALLAST

    @property
    def full(self) -> bool:
        """Whether it was filled and not freed since."""
        return self._ballast.exists()

    def fill(self) -> None:
        """Take the last free byte."""
        fill(self._ballast)

    def free(self) -> None:
        """Give the space back."""
        self._ballast.unlink(missing_ok=True)

    def end(self) -> None:
        """Let it go; what is on it is lost with the last process that sees it."""
        if self._holder.poll() is None:
            self._holder.kill()
            self._holder.wait()
        if self._holder.stdout is not None:
            self._holder.stdout.close()


def fill(ballast: Path) -> None:
    """Let a file take the last free byte of its disk."""
    with ballast.open("ab", buffering=0) as file:
        for size_bytes in (PIECE_BYTES, BLOCK_BYTES, 1):
            while _written(file.fileno(), bytes(size_bytes)):
                pass


def _written(file: int, content: bytes) -> bool:
    """Write at the end; say whether there was room."""
    try:
        os.write(file, content)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return False
        raise
    return True


def _mounted(place: Path, size_mib: int) -> tuple[tuple[str, ...], "subprocess.Popen[str]"]:
    """Start the holder; return how its namespace was made, and the process."""
    words = ""
    for flags in WAYS:
        command = ["unshare", *flags, "sh", "-c", MOUNT, str(place), f"{size_mib}m"]
        try:
            holder = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise NoSmallDiskError("there is no unshare(1)") from None
        assert holder.stdout is not None
        words = holder.stdout.readline().strip()
        if words == "mounted":
            return flags, holder
        holder.stdout.close()
        holder.kill()
        holder.wait()
    raise NoSmallDiskError(words)
