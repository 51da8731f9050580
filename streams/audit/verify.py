"""Verifying a ledger by itself: is it whole, unaltered and consistent.

Three layers, each on every record: the chain (sequence, canonical bytes, hash; one changed, lost or
moved byte breaks it), the form of one record (`form`), and what a tenant's records say of each
other (`pool_book`, `wallet_book`, `call_book`). No rule is applied again: who pays what is decided
by `audit replay`, which needs the input log. Memory grows with tenants, pools and the calls of the
months still accepted, not with the length of the ledger.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from schemas.codec import FIRST_HASH, LedgerFormatError, decode_record, encode_record
from schemas.ledger import (
    RECORD_TYPES,
    CallDuplicate,
    CallRated,
    CreditsAdded,
    CreditsCorrected,
    CreditsForfeited,
    LedgerData,
    LedgerRecord,
    PoolChanged,
    PoolClosed,
    PoolReopened,
    PoolReset,
    PoolThresholdReached,
    RechargeDue,
    RechargeSettled,
    RulesetChanged,
    WalletEmpty,
)
from streams.audit.call_book import CallBook
from streams.audit.form import form_faults, pool_month
from streams.audit.pool_book import PoolBook
from streams.audit.wallet_book import WalletBook


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `place` is a file and line, or a topic position; `seq` 0 = none."""

    place: str
    tenant: str | None
    seq: int
    text: str

    def __str__(self) -> str:
        where = f"{self.tenant}/{self.seq}: " if self.tenant is not None else ""
        return f"{self.place}: {where}{self.text}"


class _TenantBooks:
    """All that is remembered of one tenant while its records pass by."""

    def __init__(self, tenant: str) -> None:
        self.seq = 0
        self.hash = FIRST_HASH
        self.cause = ""
        self.ruleset: str | None = None
        self.answered_call = False
        self.pools = PoolBook()
        self.wallet = WalletBook(tenant)
        self.calls = CallBook()


class LedgerVerifier:
    """Reads ledger lines of any number of tenants, each tenant's in order, and says what is wrong.

    A fault does not end the check of its tenant: what the record says is believed from there on, so
    that the next fault is a new one.
    """

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self._tenants: dict[str, _TenantBooks] = {}

    @property
    def tenants(self) -> int:
        """How many tenants have records."""
        return len(self._tenants)

    @property
    def records(self) -> int:
        """How many records were read."""
        return self.kinds.total()

    def check(self, line: bytes, place: str) -> Iterator[Fault]:
        """Check one line; `place` is named in faults."""
        try:
            record, said_hash = decode_record(line)
        except LedgerFormatError as error:
            yield Fault(place, None, 0, str(error))
            return
        books = self._tenants.get(record.tenant)
        if books is None:
            books = self._tenants[record.tenant] = _TenantBooks(record.tenant)
        self.kinds[RECORD_TYPES[type(record.data)]] += 1
        for text in self._record(books, record, line, said_hash):
            yield Fault(place, record.tenant, record.seq, text)

    def finish(self) -> Iterator[Fault]:
        """Check what can only be said at the end of each tenant's ledger."""
        for tenant, books in self._tenants.items():
            for text in books.wallet.begin_event():
                yield Fault("end of the ledger", tenant, books.seq, text)

    def remarks(self) -> Iterator[str]:
        """Yield what is unusual but may be right, see `pool_book`."""
        for tenant, books in self._tenants.items():
            for text in books.pools.remarks:
                yield f"{tenant}: {text}"

    def heads(self) -> dict[str, tuple[int, str]]:
        """Return the last seq and hash of every tenant, as the balances file names them."""
        return {name: (books.seq, books.hash.hex()) for name, books in self._tenants.items()}

    def _record(
        self, books: _TenantBooks, record: LedgerRecord, line: bytes, said_hash: bytes
    ) -> Iterator[str]:
        yield from self._chain(books, record, line, said_hash)
        yield from form_faults(record.data)
        if record.cause != books.cause or _starts_event(books, record.data):
            books.cause = record.cause
            books.answered_call = False
            books.pools.begin_event()
            yield from books.wallet.begin_event()
        if isinstance(record.data, CallRated | CallDuplicate):
            books.answered_call = True
        yield from _BOOKED[type(record.data)](books, record.seq, record.data)

    def _chain(
        self, books: _TenantBooks, record: LedgerRecord, line: bytes, said_hash: bytes
    ) -> Iterator[str]:
        if record.seq != books.seq + 1:
            yield f"seq {record.seq} after {books.seq}"
        elif books.seq == 0 and not isinstance(record.data, RulesetChanged):
            yield "a tenant's first record is ruleset.changed"
        canonical, right_hash = encode_record(record, books.hash)
        if said_hash != right_hash:
            yield "the hash does not follow from the one before and the record's bytes"
        elif canonical != line:
            yield "the line is not in canonical form"
        books.seq, books.hash = record.seq, said_hash


def _starts_event(books: _TenantBooks, content: LedgerData) -> bool:
    """Tell whether a record of the same cause comes from the event sent again."""
    return isinstance(content, CallRated | CallDuplicate) and books.answered_call


def _ruleset(books: _TenantBooks, _seq: int, content: RulesetChanged) -> Iterator[str]:
    if content.ruleset == books.ruleset:
        yield f"ruleset {content.ruleset} changed to itself"
    books.ruleset = content.ruleset


def _rated(books: _TenantBooks, seq: int, content: CallRated) -> Iterator[str]:
    if content.ruleset != books.ruleset:
        yield f"rated under ruleset {content.ruleset}, in force is {books.ruleset}"
    replaced, faults = books.calls.rated(seq, content)
    yield from faults
    yield from books.pools.call(content, replaced)
    yield from books.wallet.call(content, replaced)


def _reset(books: _TenantBooks, _seq: int, content: PoolReset) -> Iterator[str]:
    yield from books.pools.reset(content)
    started = pool_month(content.next_pool)
    if started is not None:
        books.calls.month_started(started)


def _duplicate(books: _TenantBooks, _seq: int, content: CallDuplicate) -> Iterator[str]:
    yield from books.calls.duplicate(content)


def _on_pools(
    method: Callable[[PoolBook, Any], Iterator[str]],
) -> Callable[[_TenantBooks, int, Any], Iterator[str]]:
    return lambda books, _seq, content: method(books.pools, content)


def _on_wallet(
    method: Callable[[WalletBook, Any], Iterator[str]],
) -> Callable[[_TenantBooks, int, Any], Iterator[str]]:
    return lambda books, _seq, content: method(books.wallet, content)


_BOOKED: Final[dict[type, Callable[[_TenantBooks, int, Any], Iterator[str]]]] = {
    RulesetChanged: _ruleset,
    CallRated: _rated,
    CallDuplicate: _duplicate,
    PoolReset: _reset,
    PoolChanged: _on_pools(PoolBook.changed),
    PoolThresholdReached: _on_pools(PoolBook.threshold),
    PoolClosed: _on_pools(PoolBook.cap),
    PoolReopened: _on_pools(PoolBook.cap),
    CreditsAdded: _on_wallet(WalletBook.added),
    CreditsForfeited: _on_wallet(WalletBook.lapsed),
    CreditsCorrected: _on_wallet(WalletBook.adjusted),
    RechargeDue: _on_wallet(WalletBook.due),
    RechargeSettled: _on_wallet(WalletBook.settled),
    WalletEmpty: _on_wallet(WalletBook.empty),
}
"""Which book a record is entered in."""
