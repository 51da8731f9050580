"""Settings: what the environment says, checked once, as one frozen value (contracts section 4).

Every setting is an environment variable `TOLLSTREAM_<NAME>`; the table `_READERS` names them all.
A wrong value raises `SettingsError` with one clear line that never holds a secret.
"""

import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

TimerMode: TypeAlias = Literal["clock", "log", "off"]
SecurityProtocol: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
Compression: TypeAlias = Literal["none", "gzip", "lz4", "zstd"]

_PREFIX: Final = "TOLLSTREAM_"
# Kafka allows 249 characters in a topic name; `<app id>-subscribers-changelog` must fit.
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}", re.ASCII)
_BROKER = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", re.ASCII)


class SettingsError(ValueError):
    """A setting has a wrong value; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process. Times are seconds, sizes bytes; secrets never show in repr."""

    brokers: tuple[str, ...] = ("127.0.0.1:9092",)
    data_dir: Path = field(default_factory=lambda: _default_data_dir(os.environ))
    events_topic: str = "tollstream.events"
    ledger_topic: str = "tollstream.ledger"
    dead_letter_topic: str = "tollstream.dead-letter"
    reference_topic: str = "tollstream.reference"
    timer: TimerMode = "clock"
    timer_events_per_second: int = 2000
    forfeit_delay_hours: int = 24
    app_id: str = "tollstream"
    worker_id: str = field(default_factory=socket.gethostname)
    web_host: str = "127.0.0.1"
    web_port: int = 6066
    partitions: int = 8
    replication: int = 1
    session_timeout_seconds: int = 30
    compression: Compression = "none"
    security_protocol: SecurityProtocol = "PLAINTEXT"
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    tls_ca_file: Path | None = None
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_key_password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _check_security(self)
        topics = (
            self.events_topic,
            self.ledger_topic,
            self.dead_letter_topic,
            self.reference_topic,
        )
        if len(set(topics)) < len(topics):
            raise SettingsError(f"the topics must differ from each other: {', '.join(topics)}")

    @property
    def bootstrap(self) -> str:
        """The brokers as Kafka clients want them, `host:port,host:port`."""
        return ",".join(self.brokers)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read every `TOLLSTREAM_` variable; raises SettingsError with one line for the first bad.

        An empty value counts as not set. Secrets may also come from files:
        `TOLLSTREAM_SASL_PASSWORD_FILE` and `TOLLSTREAM_TLS_KEY_PASSWORD_FILE`.
        """
        values: dict[str, Any] = {}
        for name, read in _READERS.items():
            variable = _PREFIX + name.upper()
            text = environment.get(variable, "")
            if not text and name in _SECRETS:
                text = _secret_from_file(variable + "_FILE", environment)
            if not text:
                continue
            try:
                values[name] = read(text)
            except ValueError as error:
                shown = "" if name in _SECRETS else f"={text!r}"
                raise SettingsError(f"{variable}{shown}: {error}") from None
        values.setdefault("data_dir", _default_data_dir(environment))
        return cls(**values)


def _default_data_dir(environment: Mapping[str, str]) -> Path:
    """Return the user's state folder, where local copies of the tables may lie."""
    base = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "tollstream"


def _secret_from_file(variable: str, environment: Mapping[str, str]) -> str:
    path = environment.get(variable, "")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}={path!r}: cannot be read ({error})") from None


def _check_security(settings: Settings) -> None:
    sasl = settings.security_protocol.startswith("SASL_")
    if sasl and not (settings.sasl_username and settings.sasl_password):
        raise SettingsError(
            f"TOLLSTREAM_SECURITY_PROTOCOL={settings.security_protocol} needs "
            "TOLLSTREAM_SASL_USERNAME and TOLLSTREAM_SASL_PASSWORD (or its _FILE)"
        )
    if settings.security_protocol == "SASL_PLAINTEXT" and settings.sasl_mechanism == "PLAIN":
        raise SettingsError(
            "TOLLSTREAM_SASL_MECHANISM=PLAIN sends the password in clear; use it with SASL_SSL"
        )
    if settings.tls_key_file and not settings.tls_cert_file:
        raise SettingsError("TOLLSTREAM_TLS_KEY_FILE needs TOLLSTREAM_TLS_CERT_FILE")


def _brokers(text: str) -> tuple[str, ...]:
    brokers = tuple(part.strip() for part in text.split(","))
    for broker in brokers:
        match = _BROKER.fullmatch(broker)
        if match is None or not 0 < int(match.group(2)) < 1 << 16:
            raise ValueError(f"{broker!r} is not host:port")
    return brokers


def _name(text: str) -> str:
    if not _NAME.fullmatch(text) or text in {".", ".."}:
        raise ValueError("1 to 200 of A-Z a-z 0-9 . _ -")
    return text


def _text(text: str) -> str:
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return text

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return read


_SECRETS: Final = frozenset({"sasl_password", "tls_key_password"})

_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "brokers": _brokers,
    "data_dir": _path,
    "events_topic": _name,
    "ledger_topic": _name,
    "dead_letter_topic": _name,
    "reference_topic": _name,
    "timer": _one_of("clock", "log", "off"),  # D-80
    "timer_events_per_second": _whole(1, 1_000_000),  # D-80
    "forfeit_delay_hours": _whole(0, 10_000),  # D-09
    "app_id": _name,
    "worker_id": _name,
    "web_host": _text,
    "web_port": _whole(0, 65_535),
    "partitions": _whole(1, 10_000),
    "replication": _whole(1, 100),
    # Brokers accept 6 s to 30 min by default; tests lower their broker's own bound.
    "session_timeout_seconds": _whole(1, 1_800),
    "compression": _one_of("none", "gzip", "lz4", "zstd"),
    "security_protocol": _one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "sasl_mechanism": _one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    "sasl_username": _text,
    "sasl_password": _text,
    "tls_ca_file": _path,
    "tls_cert_file": _path,
    "tls_key_file": _path,
    "tls_key_password": _text,
}
