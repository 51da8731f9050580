"""The page of settings says what the code reads."""

import re
from pathlib import Path

from streams import settings

PAGE = Path(settings.__file__).with_name("README.md")


def test_every_setting_stands_on_the_page() -> None:
    """No variable is missing, none is made up."""
    told = set(
        re.findall(r"`TOLLSTREAM_([A-Z_]+)`", PAGE.read_text("utf-8").split("## Settings")[1])
    )
    assert {name.upper() for name in settings._READERS} == told
