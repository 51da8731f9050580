"""The environment is read once, checked, and never shows a secret."""

import pytest

from streams.settings import Settings, SettingsError


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    """Contracts section 4 names them."""
    settings = Settings.from_environment({"XDG_STATE_HOME": "/state"})
    assert ("127.0.0.1:9092",) == settings.brokers
    assert "tollstream.events" == settings.events_topic
    assert ("clock", "tollstream", 6066, 8, 1) == (
        settings.timer,
        settings.app_id,
        settings.web_port,
        settings.partitions,
        settings.replication,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BROKERS", "localhost"),
        ("BROKERS", "localhost:70000"),
        ("TIMER", "sometimes"),
        ("PARTITIONS", "0"),
        ("PARTITIONS", "eight"),
        ("PARTITIONS", "٨"),
        ("WEB_PORT", "70000"),
        ("APP_ID", "two words"),
        ("EVENTS_TOPIC", "tollstream.ledger"),
        ("SECURITY_PROTOCOL", "TLS"),
        ("SECURITY_PROTOCOL", "SASL_SSL"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(name: str, value: str) -> None:
    """Each wrong value is refused with the reason on one line."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({f"TOLLSTREAM_{name}": value})
    assert "\n" not in str(caught.value)


def test_a_plain_password_is_not_sent_in_clear() -> None:
    """X2: SASL PLAIN without TLS is refused, and the message holds no secret."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(
            {
                "TOLLSTREAM_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "TOLLSTREAM_SASL_MECHANISM": "PLAIN",
                "TOLLSTREAM_SASL_USERNAME": "rating",
                "TOLLSTREAM_SASL_PASSWORD": "canary-secret",
            }
        )
    assert "canary-secret" not in str(caught.value)


def test_secrets_do_not_show_in_repr(tmp_path_factory: pytest.TempPathFactory) -> None:
    """X6: also when the secret came from a file."""
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.write_text("canary-secret\n", encoding="utf-8")
    settings = Settings.from_environment(
        {
            "TOLLSTREAM_SECURITY_PROTOCOL": "SASL_SSL",
            "TOLLSTREAM_SASL_USERNAME": "rating",
            "TOLLSTREAM_SASL_PASSWORD_FILE": str(secret),
        }
    )
    assert "canary-secret" == settings.sasl_password
    assert "canary-secret" not in repr(settings)
