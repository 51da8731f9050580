"""A broker that speaks TLS: to users with passwords (SASL) and to clients with certificates.

Beside its usual listener, which the rig itself uses, it has one of each, with certificates made for
the run by an authority of its own, and one whose certificate has expired.
"""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from streams.local_broker import LocalBroker, free_port
from streams.local_broker.files import Node
from streams.local_broker.folders import jars_folder
from streams.local_broker.jars import class_path, locked_jars
from streams.local_broker.java import find_java

HOST: Final = "127.0.0.1"
USER: Final = "rating"
PASSWORD: Final = "correct horse"  # noqa: S105 - of this run's broker only
KEY_PASSWORD: Final = "battery staple"  # noqa: S105 - of this run's key only
SCRAM: Final = ("SCRAM-SHA-256", "SCRAM-SHA-512")
SECONDS_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Pems:
    """Files of the broker and of a client: the authority, certificates, keys."""

    authority: Path
    broker: Path
    expired: Path
    client_certificate: Path
    client_key: Path


def make_pems(folder: Path) -> Pems:
    """Make an authority, a broker's certificate for the loopback address, and a client's."""
    folder.mkdir(parents=True)
    authority = trustme.CA()
    client = authority.issue_cert("client@example.org")
    names = ("ca.pem", "broker.pem", "expired.pem", "client.pem", "key.pem")
    made = Pems(*(folder / name for name in names))
    authority.cert_pem.write_to_path(made.authority)
    made.broker.write_bytes(_key_store(authority.issue_cert(HOST)))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    made.expired.write_bytes(_key_store(authority.issue_cert(HOST, not_after=yesterday)))
    made.client_certificate.write_bytes(b"".join(pem.bytes() for pem in client.cert_chain_pems))
    key = load_pem_private_key(client.private_key_pem.bytes(), None)
    locked = BestAvailableEncryption(KEY_PASSWORD.encode())
    made.client_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    return made


def _key_store(broker: trustme.LeafCert) -> bytes:
    """Return key and certificates as a broker reads them: it takes keys in PKCS #8 only."""
    key = load_pem_private_key(broker.private_key_pem.bytes(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + b"".join(
        pem.bytes() for pem in broker.cert_chain_pems
    )


class SecuredBroker:
    """One such broker of a home; `start` it first, then `end` it."""

    def __init__(self, home: Path) -> None:
        port = free_port(4)
        self._sasl, self._tls, self._expired = port + 1, port + 2, port + 3
        self.pems: Final = make_pems(home / "pems")
        self.plain: Final = LocalBroker(
            home / "kafka", port, 1, short_lived=True, more=self._settings
        )

    def start(self) -> None:
        """Start it and make its user."""
        self.plain.start()
        for mechanism in SCRAM:
            self._add_user(mechanism)

    def end(self) -> None:
        """Stop it and remove its data."""
        self.plain.stop(clean=True)

    def with_password(self, mechanism: str, password: str = PASSWORD) -> dict[str, str]:
        """Return the settings of a user over TLS."""
        return {
            "TOLLSTREAM_BROKERS": f"{HOST}:{self._sasl}",
            "TOLLSTREAM_SECURITY_PROTOCOL": "SASL_SSL",
            "TOLLSTREAM_SASL_MECHANISM": mechanism,
            "TOLLSTREAM_SASL_USERNAME": USER,
            "TOLLSTREAM_SASL_PASSWORD": password,
            "TOLLSTREAM_TLS_CA_FILE": str(self.pems.authority),
        }

    def with_certificate(self) -> dict[str, str]:
        """Return the settings of a client that shows its certificate."""
        return {
            "TOLLSTREAM_BROKERS": f"{HOST}:{self._tls}",
            "TOLLSTREAM_SECURITY_PROTOCOL": "SSL",
            "TOLLSTREAM_TLS_CA_FILE": str(self.pems.authority),
            "TOLLSTREAM_TLS_CERT_FILE": str(self.pems.client_certificate),
            "TOLLSTREAM_TLS_KEY_FILE": str(self.pems.client_key),
            "TOLLSTREAM_TLS_KEY_PASSWORD": KEY_PASSWORD,
        }

    def with_expired_certificate(self) -> dict[str, str]:
        """Return the settings that lead to the listener whose certificate has expired."""
        return self.with_certificate() | {"TOLLSTREAM_BROKERS": f"{HOST}:{self._expired}"}

    def under_another_name(self) -> dict[str, str]:
        """Return the settings that lead to the broker by a name that is not in its certificate."""
        return self.with_certificate() | {"TOLLSTREAM_BROKERS": f"localhost:{self._tls}"}

    def _settings(self, node: Node) -> Mapping[str, object]:
        clients = {"PLAINTEXT": node.port, "SASL_SSL": self._sasl, "SSL": self._tls}
        listeners = [f"{name}://{HOST}:{port}" for name, port in clients.items()]
        listeners.append(f"EXPIRED://{HOST}:{self._expired}")
        protocols = [f"{name}:{name}" for name in clients]
        protocols += ["CONTROLLER:PLAINTEXT", "EXPIRED:SSL"]
        login, sasl = "org.apache.kafka.common.security", "listener.name.sasl_ssl"
        return {
            "listeners": ",".join([*listeners, f"CONTROLLER://{HOST}:{node.controller_port}"]),
            "advertised.listeners": ",".join(listeners),
            "listener.security.protocol.map": ",".join(protocols),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.pems.broker,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.pems.authority,
            "listener.name.ssl.ssl.client.auth": "required",
            "listener.name.expired.ssl.keystore.location": self.pems.expired,
            "sasl.enabled.mechanisms": ",".join(["PLAIN", *SCRAM]),
            f"{sasl}.plain.sasl.jaas.config": f"{login}.plain.PlainLoginModule required "
            f'user_{USER}="{PASSWORD}";',
            **{
                f"{sasl}.{mechanism.lower()}.sasl.jaas.config": f"{login}.scram.ScramLoginModule "
                "required;"
                for mechanism in SCRAM
            },
        }

    def _add_user(self, mechanism: str) -> None:
        jars = class_path(jars_folder(), locked_jars())
        command = [str(find_java().executable), "-cp", jars, "kafka.admin.ConfigCommand"]
        command += ["--bootstrap-server", self.plain.bootstrap, "--alter"]
        command += ["--add-config", f"{mechanism}=[password={PASSWORD}]"]
        command += ["--entity-type", "users", "--entity-name", USER]
        subprocess.run(
            command, check=True, capture_output=True, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL
        )
