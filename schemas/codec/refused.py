"""How the codec's own functions say no; it never leaves the codec (`decode` returns a Refusal)."""

from schemas.dead_letter import Reason


class Refused(Exception):  # noqa: N818 - it is a verdict on the input, not an error of ours
    """The input is refused.

    `detail` is fixed text of ours and never quotes the input: it cannot hold a phone number.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
