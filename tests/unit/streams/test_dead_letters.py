"""What a screen shows of a refused input."""

import pytest

from streams.dead_letters import shown_input


@pytest.mark.parametrize(
    "raw",
    [
        b"\x1b[2J\x00 not JSON \xff",
        b'{"a":"\\u001b[2J\\ud800\xe2\x80\xae"}',
        b"[" * 5000 + b"]" * 5000,
        b"[" * 700 + b"]" * 700,
        b'{"a":' + b"9" * 5000 + b"}",
        b"",
    ],
)
def test_any_bytes_can_be_shown(raw: bytes) -> None:
    """Hostile bytes neither stop the command nor command the terminal."""
    text = shown_input(raw)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert text.encode().decode() == text


def test_numbers_are_masked_wherever_they_stand() -> None:
    """In the members made for them and in any other text; nothing else is hidden."""
    raw = b'{"data":{"caller":"+12065550100","callee":12065550123,"x":["call +33142680000"],"n":7}}'
    text = shown_input(raw)
    assert "5550" not in text
    assert "4268" not in text
    assert '"n": 7' in text
