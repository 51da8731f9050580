"""Classes of destinations."""

import pytest

from rating.destination import Classifier
from rating.references import ShippedReferences
from streams.numbering_metadata import load_numbering


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    """Return the classifier of the default catalogue."""
    references = ShippedReferences()
    return Classifier(references.catalogue(references.default_catalogue), load_numbering())


@pytest.mark.parametrize(
    ("number", "location", "class_", "region"),
    [
        ("+12065550123", "US", "domestic", "US"),
        ("+14165550123", "US", "domestic", "CA"),  # R-301, C05
        ("+17875550123", "US", "domestic", "PR"),  # R-301, C07
        ("+12065550123", "CA", "domestic", "US"),
        ("+17875550123", "CA", "international", "PR"),
        ("+14165550123", "PR", "domestic", "CA"),
        ("+13407742000", "US", "international", "VI"),
        ("+33142680000", "GB", "international", "FR"),
        ("+5352123456", "US", "out_of_plan", "CU"),  # C20
        ("+441534960123", "GB", "domestic", "GB"),  # D-27: unknown region, main region
        ("+441534700000", "GB", "out_of_plan", "JE"),
        ("+35818123456", "FI", "domestic", "FI"),  # R-303 alias AX
        ("+59997171234", "US", "international", "AN"),  # R-303 alias CW
        ("+19005550123", "US", "premium", "US"),
        ("+448432123456", "US", "premium", "GB"),  # D-30: for everybody
        ("+80012345678", "US", "global", "001"),  # class 5
        ("+881612345678", "GB", "global", "001"),  # class 5
        ("+80812345678", "US", "premium", "001"),  # D-57
        ("+979123456789", "US", "premium", "001"),  # D-57
        ("+8801712345678", "US", "international", "BD"),  # D-57: by calling code
        ("+18005550123", "CA", "domestic", "US"),
    ],
)
def test_first_match_wins(
    classifier: Classifier, number: str, location: str, class_: str, region: str
) -> None:
    """Domain 3.1: class and region of a callee for a usage location."""
    assert (number[1:], class_, region, None) == classifier.classify(number, location)


@pytest.mark.parametrize("number", [None, "", "12065550123", "bob", "+", "+1206", "+999123456789"])
def test_what_is_no_number_has_no_class(classifier: Classifier, number: str | None) -> None:
    """D-28: null, no plus, not parsed or not possible."""
    assert classifier.classify(number, "US") is None


@pytest.mark.parametrize(
    ("digits", "region", "location", "allowed"),
    [
        ("448432123456", "GB", "GB", True),
        ("448432123456", "GB", "US", False),  # D-30
        ("449098790000", "GB", "GB", False),  # C24
        ("33899123456", "FR", "FR", True),  # C26
        ("33899123456", "FR", "GB", False),
        ("43900123456", "AT", "AT", True),  # D-30
        ("19005550123", "US", "US", False),  # C25
    ],
)
def test_premium_is_allowed_by_the_page_of_the_usage_location(
    classifier: Classifier, digits: str, region: str, location: str, *, allowed: bool
) -> None:
    """R-311, D-30: GB prefixes for GB, own country for FR and AT, else nobody."""
    assert allowed == classifier.premium_allowed(digits, region, location)


@pytest.mark.parametrize(
    ("number", "digits"),
    [("+1 (206) 555-0123", "12065550123"), ("+4407700900123", "447700900123")],
)
def test_digits_are_those_that_the_library_reads(
    classifier: Classifier, number: str, digits: str
) -> None:
    """D-28: grouping and a national prefix are no part of the number."""
    callee = classifier.classify(number, "US")
    assert callee is not None
    assert digits == callee[0]
