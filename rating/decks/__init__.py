"""The reference files that ship with the package, by version (contracts section 5).

A ledger names the versions it was rated under, so a file that has shipped once stays here for
ever, unchanged; a newer default is a further file and another line in `SHIPPED`.
"""

from importlib import resources
from typing import Final

SHIPPED: Final[dict[str, dict[str, str]]] = {
    "catalogue": {
        "7b06830b673d64411c0cf37882a509e2d5f5c8846f6c1b2499d931353d3c30c3": "catalogue-1.toml",
    },
    "rates": {
        "2522b6062e91f585ea27842e38b09b66ee8ddb642f8ad4593927734dc8afa1ed": "rates-1.csv",
    },
}
"""Kind -> version (SHA-256 of the bytes) -> file in this folder."""

CURRENT: Final[dict[str, str]] = {
    "catalogue": "7b06830b673d64411c0cf37882a509e2d5f5c8846f6c1b2499d931353d3c30c3",
    "rates": "2522b6062e91f585ea27842e38b09b66ee8ddb642f8ad4593927734dc8afa1ed",
}
"""Kind -> the version that is the default of this release."""


def shipped(kind: str, version: str) -> bytes | None:
    """Return the bytes of a shipped file, None if no such version of that kind ever shipped."""
    name = SHIPPED[kind].get(version)
    return None if name is None else resources.files(__package__).joinpath(name).read_bytes()
