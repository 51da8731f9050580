"""Where the local broker keeps its files: in the user's cache, nowhere else."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return tollstream's folder in the user's cache (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG rule: a relative path in the variable counts as not set.
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return root / "tollstream"


def default_home() -> Path:
    """Return the home of the broker that `tollstream broker start` runs."""
    return cache_folder() / "broker"


def jars_folder() -> Path:
    """Return the folder with Kafka's jars, shared by all brokers of this user."""
    return cache_folder() / "jars"
