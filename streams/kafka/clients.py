"""The arguments of every Kafka client: brokers, TLS, SASL, in one place.

Certificates and host names are always verified, TLS is at least 1.2 (X1), and nothing falls back
to plain text: what the settings say is what is used or the connection fails.
"""

import ssl
from typing import Any, Final

from streams.settings import Settings, SettingsError

REQUEST_TIMEOUT_MS: Final = 40_000
"""A request that got no answer in this time is repeated. Longer than the default session timeout
(30 s) because the group protocol holds a join request as long as that."""

RETRY_BACKOFF_MS: Final = 50
"""Pause before a request is repeated; a leader election takes a few of these."""

METADATA_MAX_AGE_MS: Final = 60_000
"""New partitions leaders are learnt from errors at once; this is only the background refresh."""

HEADERS: Final = (("content-type", b"application/cloudevents+json"),)
"""What every event and every ledger record carries in Kafka (contracts sections 1 and 3)."""


def client_arguments(settings: Settings) -> dict[str, Any]:
    """Return what every aiokafka client of this process gets; secrets included, so never log it.

    Raises SettingsError if a certificate file cannot be used.
    """
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "client_id": f"{settings.app_id}-{settings.worker_id}",
        "security_protocol": settings.security_protocol,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "retry_backoff_ms": RETRY_BACKOFF_MS,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
    }
    context = tls_context(settings)
    if context is not None:
        arguments["ssl_context"] = context
    if settings.security_protocol.startswith("SASL_"):
        arguments |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password,
        }
    return arguments


def producer_arguments(settings: Settings) -> dict[str, Any]:
    """Return what a producer gets on top: acknowledged by all, never doubled by a retry."""
    return client_arguments(settings) | {
        "acks": "all",
        "enable_idempotence": True,
        "max_batch_size": BATCH_BYTES_MAX,
        "max_request_size": REQUEST_BYTES_MAX,
        "compression_type": None if settings.compression == "none" else settings.compression,
    }


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context of the settings, None where the protocol is not encrypted."""
    if settings.security_protocol not in {"SSL", "SASL_SSL"}:
        return None
    try:
        context = ssl.create_default_context(
            cafile=None if settings.tls_ca_file is None else str(settings.tls_ca_file)
        )
        if settings.tls_cert_file is not None:
            context.load_cert_chain(
                certfile=settings.tls_cert_file,
                keyfile=settings.tls_key_file,
                password=settings.tls_key_password,
            )
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"TOLLSTREAM_TLS_*: the certificates cannot be used ({error})"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise SettingsError("TLS without verification is not offered")
    return context


BATCH_BYTES_MAX: Final = 900_000
"""Bytes of one record batch. Below the brokers' default `message.max.bytes` of 1 MiB, which counts
the batch; one record larger than this stands in a batch of its own."""

REQUEST_BYTES_MAX: Final = 4 << 20
"""Bytes of one produce request; room for the largest dead letter (2 MiB) beside other batches."""
