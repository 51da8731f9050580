"""Whether the hot path runs as machine code or as Python (see `deploy/compiled.py`)."""

import importlib.util
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Literal


def core_form() -> Literal["compiled", "interpreted"]:
    """Return in which form the rating core runs in this process."""
    spec = importlib.util.find_spec("rating.apply")  # loads nothing
    native = spec is not None and (spec.origin or "").endswith(tuple(EXTENSION_SUFFIXES))
    return "compiled" if native else "interpreted"
