"""What follows from a tenant's row and the reference data."""

import hashlib
import json
from typing import Any

import pytest

from rating.catalogue import Catalogue
from rating.dated import Dated
from rating.rows import TenantRow, Versions
from rating.tenant_view import may_have_user_pools, ruleset_of

MARCH = 2021 * 12 + 2
VERSIONS = Versions(1, "c" * 64, "r" * 64, "9.0.43", "2026.6")
CATALOGUE = Catalogue.load(b"""\
format = 1
destinations = []
dial_out_zone = []
unlimited_dial_out = []
global_codes = []
[region_groups]
[domestic_zones]
[aliases]
[premium]
own_country = []
[premium.prefixes]
[[plan]]
capability = "OWN"
name = "a bucket per user"
buckets = ["domestic"]
per_user = true
[[plan.minutes]]
countries = ["*"]
domestic = 10
[[sku]]
name = "OWN_FR"
capability = "OWN"
locations = ["FR"]
""")


def test_a_ruleset_is_named_by_its_versions() -> None:
    """Contracts 3: the first 12 hex digits of the hash of the canonical rest."""
    canonical = json.dumps(VERSIONS._asdict(), sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest()[:12] == ruleset_of(VERSIONS)
    assert 12 == len(ruleset_of(VERSIONS))


@pytest.mark.parametrize(
    ("licences", "countries", "may"),
    [
        ({}, Dated("FR"), False),
        ({("OWN", None)}, Dated("US"), True),
        ({("OWN_FR", "FR")}, Dated("US"), True),
        ({("OWN_FR", "US")}, Dated("FR"), False),
        ({("OWN_FR", None)}, Dated("US"), False),
        ({("OWN_FR", None)}, Dated("FR"), True),
        ({("OWN_FR", None)}, Dated("US", [(MARCH, "FR")]), True),
        ({("OWN_FR", None)}, Dated("FR", [(MARCH, "US")]), True),
    ],
)
def test_own_buckets_are_looked_for_where_a_licence_can_give_one(
    licences: Any, countries: Dated[str], *, may: bool
) -> None:
    """R-215, D-08: at the licence's location, or in any country that the tenant ever had."""
    row = TenantRow(VERSIONS, "US", "USD", "UTC")
    row.licences = {key: {MARCH: 1} for key in licences}
    assert may is may_have_user_pools(row, CATALOGUE, countries)


def test_own_buckets_once_seen_are_looked_for_ever_after() -> None:
    """D-42: what was used of them is listed, whoever holds a licence now."""
    row = TenantRow(VERSIONS, "US", "USD", "UTC")
    row.has_user_pools = True
    assert may_have_user_pools(row, CATALOGUE, Dated("US"))
