"""What a number is: examples of each rule, and a sample of the proof of equality."""

import phonenumbers
import pytest
from phonenumbers.phonemetadata import PhoneMetadata

from rating.numbering import NumberFacts, NumberingIndex, Outcome, PrefixRule
from rating.numbering_compiler import CompiledPlan, lay_out
from streams.numbering_metadata import PhonenumbersLibrary, load_numbering
from tests.benchmarks.numbering import WAYS, compare, regions

INDEX = load_numbering()
LIBRARY = PhonenumbersLibrary(phonenumbers.__version__)


class NoLibrary:
    """Stands where the library must not be asked."""

    def facts(self, number: str) -> NumberFacts | None:
        """Fail."""
        raise AssertionError(number)

    def is_emergency(self, code: str, region: str) -> bool:
        """Fail."""
        raise AssertionError((code, region))


@pytest.mark.parametrize("seed", [1, 2])
def test_index_equals_the_library_on_a_sample(seed: int) -> None:
    """The command's proof in small: every region, every way of making a number, no difference."""
    comparison = compare(15_000, seed)
    assert comparison.differences == []
    # The numbers of these three are, with few exceptions, first those of MA and GP.
    assert {region.name for region in regions()} - comparison.regions <= {"EH", "BL", "MF"}
    assert set(comparison.made) == {way.__name__ for way in WAYS}
    assert set(comparison.answers) >= {"not possible", "unknown", "premium", "toll_free", "mobile"}


def test_index_equals_the_library_on_every_example_number() -> None:
    """Each region's own example of each kind is what the library says it is."""
    for region in regions():
        plan = PhoneMetadata.metadata_for_region_or_calling_code(region.calling_code, region.name)
        for kind in region.patterns:
            example = getattr(plan, kind).example_number
            if example is not None:
                number = f"+{region.calling_code}{example}"
                assert LIBRARY.facts(number) == INDEX.facts(number)


@pytest.mark.parametrize(
    ("number", "code", "region", "kind"),
    [
        ("+12065550100", 1, "US", "fixed_or_mobile"),
        ("+14165550100", 1, "CA", "fixed_or_mobile"),
        ("+17875550100", 1, "PR", "fixed_or_mobile"),
        ("+13405550100", 1, "VI", "fixed_or_mobile"),
        ("+18005550100", 1, "US", "toll_free"),
        ("+19005550100", 1, "US", "premium"),
        ("+442079460018", 44, "GB", "fixed_line"),
        ("+447624123456", 44, "IM", "mobile"),
        ("+448712345678", 44, "GB", "premium"),
        ("+390612345678", 39, "IT", "fixed_line"),
        ("+390669812345", 39, "VA", "fixed_line"),
        ("+77012345678", 7, "KZ", "mobile"),
        ("+358181234567", 358, "AX", "fixed_line"),
        ("+4779123456", 47, "SJ", "fixed_line"),
        ("+80012345678", 800, "001", "toll_free"),
        ("+870773111632", 870, "001", "mobile"),
        ("+979123456789", 979, "001", "premium"),
        # Possible and unassigned: a region of its own calling code, but no kind.
        ("+447700900123", 44, None, "unknown"),
        ("+4915", 49, "DE", "unknown"),
    ],
)
def test_region_and_kind_are_the_metadatas(
    number: str, code: int, region: str | None, kind: str
) -> None:
    """R-304: countries that share a calling code are told apart by the number."""
    expected = (code, region, kind)
    facts = INDEX.facts(number)
    assert facts is not None
    assert expected == (facts.calling_code, facts.region, facts.kind)
    assert LIBRARY.facts(number) == facts


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+4402079460018", "+442079460018"),
        ("+7 8 495 1234567", "+74951234567"),
        ("+54 0 11 15 2345 6789", "+5491123456789"),
        ("+55 0 15 11 2345 6789", "+551123456789"),
        ("+261 2123456", "+261202123456"),
        ("+378 886377", "+3780549886377"),
        ("+36 06 1 234 5678", "+3612345678"),
    ],
)
def test_a_national_prefix_left_in_is_taken_off(written: str, meant: str) -> None:
    """D-28: what parses is what the library parses, prefixes taken off or rewritten."""
    facts = INDEX.facts(written)
    assert facts is not None
    assert INDEX.facts(meant) == facts
    assert LIBRARY.facts(written) == facts


@pytest.mark.parametrize(
    "number",
    [
        *("+", "++", "+1", "+12", "+0123456789", "+999123456789", "+120655", "+120655501000"),
        *("+442", "+" + "1" * 31, "+" + "4" * 250, "+" + "4" * 10_000, "+-", "+()", "+abc"),
        *("+442079460018" + " " * 250, "+44,2079460018x" * 17),
    ],
)
def test_what_cannot_be_a_number_is_none(number: str) -> None:
    """D-28: it does not parse or its length is impossible."""
    assert INDEX.facts(number) is None
    assert LIBRARY.facts(number) is None


@pytest.mark.parametrize(
    "number",
    [
        "+44 20 7946 0018",
        "+44-20.7946/0018",
        "+44 (0)20 7946 0018",
        "+1 (800) FLOWERS",
        "+1-800-356-9377 ext. 5",
        "+442079460018;ext=12",
        "+442079460018x3",
        "+442079460018 #55",
        "+442079460018;phone-context=+1",
        "+20;phone-context=+44",
        "+442079460018;isub=1",
        "+442079460018 / x9",
        "++442079460018",
        "+\uff14\uff142079460018",
        "+\u0664\u06642079460018",
        "+44\u00a02079460018",
        "+44\u00b22079460018",
        "+44_2079460018",
        "+44 20 7946 0018\n",
        "+4420 7946\x000018",
        "\uff0b442079460018",
        "tel:+442079460018",
        "+44 20 7946 0018" + " " * 235,
    ],
)
def test_odd_texts_are_read_as_the_library_reads_them(number: str) -> None:
    """Letters, extensions, other digits and parameters are the library's to judge."""
    assert LIBRARY.facts(number) == INDEX.facts(number)


def test_plain_and_grouped_numbers_need_no_library() -> None:
    """Only odd texts cost the library's time."""
    rule = PrefixRule("0", None, r"[1-9]\d{2}", (3,))
    outcomes = (
        Outcome(99, True, "ZZ", "mobile", False),
        Outcome(99, False, None, "unknown", True),
    )
    plan = CompiledPlan(99, "ZZ", rule, outcomes, ({5: 0, 6: 1},))
    index = NumberingIndex(lay_out("1", [plan], {}), NoLibrary())
    mobile = NumberFacts(99, "ZZ", "mobile")
    assert mobile == index.facts("+99123")
    assert mobile == index.facts("+99 (12)-3.")
    assert mobile == index.facts("+990123")
    assert index.facts("+99012") == mobile
    assert index.facts("+991") is None
    assert index.facts("+98123") is None
    assert index.facts("+9") is None


def test_main_region_is_the_librarys() -> None:
    """D-27: a number of no known region falls back to its calling code's main region."""
    for code in range(1000):
        region = phonenumbers.region_code_for_country_code(code)
        assert INDEX.main_region(code) == (None if region == "ZZ" else region)


EMERGENCY_REGIONS = sorted({region.name for region in regions()} | {"BR", "CL", "NI", "XX", "001"})


@pytest.mark.parametrize("region", EMERGENCY_REGIONS)
def test_emergency_codes_are_the_librarys(region: str) -> None:
    """D-39: every code of up to three digits, and every listed one with a digit more or less."""
    codes = [f"{number:0{width}d}" for width in (1, 2, 3) for number in range(10**width)]
    for listed in INDEX._emergency.get(region, ()):
        codes += [listed, listed + "0", listed + "1", listed[:-1], "0" + listed]
    expected = [code for code in codes if phonenumbers.is_emergency_number(code, region)]
    assert expected == [code for code in codes if INDEX.is_emergency(code, region)]


@pytest.mark.parametrize(
    ("code", "region", "emergency"),
    [
        ("911", "US", True),
        ("911", "us", True),
        ("933", "US", False),
        ("112", "IT", True),
        ("911", "GB", False),
        ("999", "GB", True),
        ("9112", "BR", False),
        ("9-1-1", "US", True),
        ("\uff19\uff11\uff11", "US", True),
        ("+911", "US", False),
        ("", "US", False),
    ],
)
def test_an_emergency_code_is_one_of_the_region(code: str, region: str, emergency: bool) -> None:
    """D-39: 911 is an emergency number in the US and none in Great Britain."""
    assert emergency == INDEX.is_emergency(code, region)
    assert emergency == phonenumbers.is_emergency_number(code, region)
