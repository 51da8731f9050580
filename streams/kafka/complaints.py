"""Why Kafka cannot be reached: aiokafka raises only that, and writes the reason into its log."""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

_REFUSALS: Final = (
    ssl.SSLError,
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
"""What shows that somebody answered, and that one of the two does not trust the other."""
_LOST: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""What only shows that a connection ended, as when a broker goes away in the middle of it."""


class Complaints(logging.Handler):
    """Keeps the newest exception that a client's log names."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.newest: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one entry."""
        named = record.args[-1] if isinstance(record.args, tuple) and record.args else None
        if isinstance(named, BaseException):
            self.newest = named

    @property
    def is_refusal(self) -> bool:
        """Whether trust is the reason: a password, a certificate."""
        return isinstance(self.newest, _REFUSALS) and not isinstance(self.newest, _LOST)

    def refusal_by(self, bootstrap: str) -> str:
        """Return the one line for it."""
        return (
            f"Kafka at {bootstrap} cannot be used: {self.newest}; see "
            "TOLLSTREAM_SECURITY_PROTOCOL, TOLLSTREAM_SASL_ and TOLLSTREAM_TLS_"
        )


@contextmanager
def complaints() -> Iterator[Complaints]:
    """Listen to aiokafka's log for the length of the block."""
    listener, log = Complaints(), logging.getLogger("aiokafka")
    log.addHandler(listener)
    try:
        yield listener
    finally:
        log.removeHandler(listener)
