"""The compiled metadata of the release is that of the pinned package."""

import subprocess
import sys

import phonenumbers
import pytest

from streams.numbering_metadata import (
    COMPILED_FILE,
    MetadataVersionError,
    PhonenumbersLibrary,
    compile_metadata,
    decode_compiled,
    encode_compiled,
    load_numbering,
)


def test_the_compiled_file_is_that_of_the_installed_package() -> None:
    """Whoever upgrades the package compiles anew: `python -m streams.numbering_metadata`."""
    assert encode_compiled(compile_metadata()) == COMPILED_FILE.read_bytes()


def test_compiled_metadata_is_read_as_written() -> None:
    """Nothing is lost in the file."""
    raw = COMPILED_FILE.read_bytes()
    assert encode_compiled(decode_compiled(raw)) == raw


def test_the_version_is_the_packages() -> None:
    """D-81: `numbering` names the pinned edition of the metadata."""
    assert load_numbering().version == "9.0.43" == phonenumbers.__version__


def test_another_edition_of_the_library_is_never_asked() -> None:
    """An answer of another edition would change charges unnoticed, so it stops the worker."""
    library = PhonenumbersLibrary("0.0.1")
    with pytest.raises(MetadataVersionError):
        library.facts("+44x")
    with pytest.raises(MetadataVersionError):
        library.is_emergency("9-9-9", "GB")


def test_loading_imports_no_library() -> None:
    """A command starts without paying for the import of `phonenumbers`."""
    program = (
        "import sys; from streams.numbering_metadata import load_numbering;"
        "load_numbering().facts('+442079460018'); sys.exit('phonenumbers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
