"""The one error of the local broker."""


class BrokerError(Exception):
    """The broker cannot do what was asked; the text is one line that says why and what helps."""
