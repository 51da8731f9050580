"""Who may pay for a call, and in which order.

Theory. A call belongs to one *family*: the destination classes of ordinary calls, those of
conference dial-out, and toll-free calls to the tenant. The table says for each family which bucket
of the user's pools it may use, which right opens the wallet, and whether what is left may be
post-paid. From it and from the user's licences of the call's month follow the *purses*: the minute
pools in paying order, then credits, then post-paid (R-312 to R-316).

The purses of a user, month and family are built when first needed and kept with the tenant view,
so a call pays one dictionary look-up for them.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from rating.calendar import month_text
from rating.pools import Pool
from rating.rows import SubscriberRow, UserSettings
from schemas.ledger import Bucket

Family: TypeAlias = Literal[
    "domestic",
    "international",
    "out_of_plan",
    "premium",
    "conference_in_zone",
    "conference",
    "conference_premium",
    "toll_free",
]

CREDIT_RIGHTS: Final = frozenset({"credits", "conference_credits"})
"""What `credits_for_all_users` gives every user (A-09)."""
CONFERENCE_RIGHTS: Final = frozenset(
    {"dial_out_pool", "dial_out_us", "dial_out_per_minute", "conference_credits"}
)
"""Any of these allows conference dial-out; a calling plan does not (D-06)."""


class _Order(NamedTuple):
    """Which purses a family has: a bucket of pools, then credits, then post-paid."""

    bucket: Bucket | None
    credits_right: str | None
    postpaid: bool


FAMILIES: Final[Mapping[Family, _Order]] = {
    "domestic": _Order("domestic", "credits", postpaid=True),
    "international": _Order("international", "credits", postpaid=True),
    "out_of_plan": _Order(None, "credits", postpaid=True),  # R-314, class 5
    "premium": _Order(None, "credits", postpaid=False),  # R-311, D-26
    "conference_in_zone": _Order("dial_out", "conference_credits", postpaid=True),
    "conference": _Order(None, "conference_credits", postpaid=True),
    "conference_premium": _Order(None, "conference_credits", postpaid=False),  # D-34, D-26
    "toll_free": _Order(None, None, postpaid=True),  # no licence needed; D-25
}


class Purses:
    """The purses of one family for one user and month.

    `minutes` in paying order; `others` are the user's pools that are not for this family, by id;
    `may_use_credits` is the user's right, whatever the wallet holds; `postpaid` whether post-paid
    is a purse of the family at all.
    """

    __slots__ = ("may_use_credits", "minutes", "others", "postpaid")

    def __init__(
        self,
        minutes: tuple[Pool, ...],
        others: tuple[Pool, ...],
        *,
        may_use_credits: bool,
        postpaid: bool,
    ) -> None:
        self.minutes: Final = minutes
        self.others: Final = others
        self.may_use_credits: Final = may_use_credits
        self.postpaid: Final = postpaid


class Entitlement:
    """What one user may use in one month: location, policies, rights, pools.

    `user_id` and `subscriber` are whose it is; None for calls without a user, and for users that
    have no row (D-37).
    """

    __slots__ = (
        "_pools",
        "_purses",
        "location",
        "may_call",
        "month",
        "period",
        "rights",
        "settings",
        "subscriber",
        "user_id",
    )

    def __init__(
        self,
        month: int,
        location: str,
        settings: UserSettings,
        *,
        rights: frozenset[str],
        has_plan: bool,
        pools: tuple[Pool, ...],
        subscriber: SubscriberRow | None,
        user_id: str | None,
    ) -> None:
        self.month = month
        self.period = month_text(month)
        self.location = location
        self.settings = settings
        self.rights = rights
        # Any plan, pay-as-you-go or right to credits (R-310c, D-06).
        self.may_call = has_plan or "credits" in rights
        self._pools = pools
        self.subscriber = subscriber
        self.user_id = user_id
        self._purses: dict[Family, Purses] = {}

    @property
    def may_dial_out(self) -> bool:
        """Whether the user may dial out of a conference (D-06)."""
        return not self.rights.isdisjoint(CONFERENCE_RIGHTS)

    def purses(self, family: Family) -> Purses:
        """Return the purses of a family."""
        purses = self._purses.get(family)
        if purses is None:
            purses = self._purses[family] = self._line_up(FAMILIES[family])
        return purses

    def _line_up(self, order: _Order) -> Purses:
        minutes = [pool for pool in self._pools if pool.bucket == order.bucket]
        others = [pool for pool in self._pools if pool.bucket != order.bucket]
        # the user's own bucket first; then D-16.
        minutes.sort(
            key=lambda pool: (pool.purse != "user_pool", pool.drain_order, pool.capability)
        )
        others.sort(key=lambda pool: pool.id)
        right = order.credits_right
        return Purses(
            tuple(minutes),
            tuple(others),
            may_use_credits=right is None or right in self.rights,
            postpaid=order.postpaid,
        )
