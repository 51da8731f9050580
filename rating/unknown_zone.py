"""The one error of the calendar; a module of its own, for an exception cannot be compiled."""


class UnknownZone(KeyError):  # noqa: N818  a name of the interface; it says what is unknown
    """The name is not a time zone of the pinned `tzdata` package."""
