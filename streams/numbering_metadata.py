"""The numbering metadata: read from the pinned `phonenumbers` package, kept compiled beside this.

Compiling all plans takes a second or two, reading the compiled file a few hundredths. So the file
is part of the release, made by `python -m streams.numbering_metadata`, and a test compares it with
the installed package. Its version stands in every ruleset (D-81).

This is the only module that imports `phonenumbers`, and only when it must: for the command above
and for the rare number that is no plain text.
"""

import json
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rating.numbering import (
    CompiledNumbering,
    NumberFacts,
    NumberingIndex,
    NumberKind,
    Outcome,
    PrefixRule,
)

if TYPE_CHECKING:
    from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

    from rating.numbering_compiler import Plan, RegionPlan

COMPILED_FILE = Path(__file__).with_name("numbering_metadata.json")
# The library's names of the kinds, as it names the patterns in its metadata.
_KIND_OF_PATTERN: dict[str, NumberKind] = {
    "premium_rate": "premium",
    "toll_free": "toll_free",
    "shared_cost": "shared_cost",
    "voip": "voip",
    "personal_number": "personal",
    "pager": "pager",
    "uan": "uan",
    "voicemail": "voicemail",
    "fixed_line": "fixed_line",
    "mobile": "mobile",
}
# And as it names them in its answers.
_KIND_OF_TYPE: dict[str, NumberKind] = {
    "FIXED_LINE": "fixed_line",
    "MOBILE": "mobile",
    "FIXED_LINE_OR_MOBILE": "fixed_or_mobile",
    "TOLL_FREE": "toll_free",
    "PREMIUM_RATE": "premium",
    "SHARED_COST": "shared_cost",
    "VOIP": "voip",
    "PERSONAL_NUMBER": "personal",
    "PAGER": "pager",
    "UAN": "uan",
    "VOICEMAIL": "voicemail",
    "UNKNOWN": "unknown",
}


_SOURCE = (
    "Compiled from the metadata of libphonenumber by way of the Python package phonenumbers,"
    " Apache License 2.0, by `python -m streams.numbering_metadata`; not edited by hand."
)


class MetadataVersionError(RuntimeError):
    """The installed `phonenumbers` package is not the one that this release was compiled from."""


class PhonenumbersLibrary:
    """The library itself, imported at the first question.

    `version` is the edition that the answers must be of; another one is our own mistake and stops
    the worker, as it would change charges unnoticed.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._checked = False

    def facts(self, number: str) -> NumberFacts | None:
        """Return the facts of a number as text, None if it does not parse or is not possible."""
        import phonenumbers  # noqa: PLC0415  50 ms that only the first odd number pays

        self._check(phonenumbers.__version__)
        try:
            parsed = phonenumbers.parse(number, None)
        except phonenumbers.NumberParseException:
            return None
        calling_code = parsed.country_code
        if calling_code is None or not phonenumbers.is_possible_number(parsed):
            return None
        kind = phonenumbers.PhoneNumberType.to_string(phonenumbers.number_type(parsed))
        region = phonenumbers.region_code_for_number(parsed)
        plain = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        return NumberFacts(calling_code, region, _KIND_OF_TYPE[kind], digits=plain[1:])

    def is_emergency(self, code: str, region: str) -> bool:
        """Tell whether a text is an emergency number of a region."""
        import phonenumbers  # noqa: PLC0415  as above

        self._check(phonenumbers.__version__)
        return phonenumbers.is_emergency_number(code, region)

    def _check(self, installed: str) -> None:
        if installed != self._version:
            raise MetadataVersionError(
                f"phonenumbers {self._version} is needed, {installed} is installed"
            )


@cache
def load_numbering() -> NumberingIndex:
    """Return the index of the compiled file that is part of this release."""
    compiled = decode_compiled(COMPILED_FILE.read_bytes())
    return NumberingIndex(compiled, PhonenumbersLibrary(compiled.version))


def compile_metadata() -> CompiledNumbering:
    """Compile all plans and emergency codes of the installed `phonenumbers` package."""
    # Only this command needs all of the metadata and the compiler.
    import phonenumbers  # noqa: PLC0415  see above
    from phonenumbers.phonemetadata import PhoneMetadata  # noqa: PLC0415  see above

    from rating.numbering_compiler import compile_plan, lay_out  # noqa: PLC0415  see above
    from rating.numbering_patterns import Automaton  # noqa: PLC0415  see above

    emergency = {}
    for region in sorted(PhoneMetadata._short_region_available):  # noqa: SLF001  has no other list
        metadata = PhoneMetadata.short_metadata_for_region(region)
        numbers = metadata and metadata.emergency
        if numbers and numbers.national_number_pattern:
            automaton = Automaton()
            first = automaton.add(numbers.national_number_pattern, "emergency")
            emergency[region] = frozenset(automaton.words(first))
    codes = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items())
    plans = (compile_plan(_plan(code, regions)) for code, regions in codes)
    return lay_out(phonenumbers.__version__, plans, emergency)


def _plan(calling_code: int, regions: tuple[str, ...]) -> "Plan":
    from phonenumbers.phonemetadata import PhoneMetadata  # noqa: PLC0415  as in compile_metadata

    from rating.numbering_compiler import Plan  # noqa: PLC0415  as in compile_metadata

    found = [
        PhoneMetadata.metadata_for_region_or_calling_code(calling_code, region)
        for region in regions
    ]
    metadata = [plan for plan in found if plan is not None]
    main = metadata[0]
    assert len(metadata) == len(regions), "every region has metadata"  # noqa: S101  stays on
    assert main.general_desc is not None, "every plan has lengths"  # noqa: S101  stays on
    return Plan(
        calling_code=calling_code,
        regions=tuple(map(_region_plan, metadata)),
        lengths=tuple(main.general_desc.possible_length),
        local_lengths=tuple(main.general_desc.possible_length_local_only),
        prefix_pattern=main.national_prefix_for_parsing or None,
        prefix_transform=main.national_prefix_transform_rule or None,
    )


def _region_plan(metadata: "PhoneMetadata") -> "RegionPlan":
    from rating.numbering_compiler import NumberRange, RegionPlan  # noqa: PLC0415  as above

    def numbers(described: "PhoneNumberDesc | None") -> NumberRange | None:
        if described is None or not described.national_number_pattern:
            return None
        return NumberRange(described.national_number_pattern, tuple(described.possible_length))

    general = numbers(metadata.general_desc)
    assert general is not None, "every region has a general pattern"  # noqa: S101  stays on
    kinds = {}
    for name, kind in _KIND_OF_PATTERN.items():
        of_kind = numbers(getattr(metadata, name))
        if of_kind is not None:
            kinds[kind] = of_kind
    return RegionPlan(
        region=metadata.id,
        leading_digits=metadata.leading_digits,
        general=general,
        kinds=kinds,
        one_pattern=bool(metadata.same_mobile_and_fixed_line_pattern),
    )


def encode_compiled(compiled: CompiledNumbering) -> bytes:
    """Write compiled metadata as JSON, a line for each part; same input, same bytes."""
    parts = {
        "source": _SOURCE,
        "version": compiled.version,
        "main_regions": {str(code): region for code, region in compiled.main_regions.items()},
        "prefix_rules": {str(code): _row(rule) for code, rule in compiled.prefix_rules.items()},
        "emergency": {name: sorted(codes) for name, codes in sorted(compiled.emergency.items())},
        "outcomes": [_row(outcome) for outcome in compiled.outcomes],
        "longest": compiled.longest,
        "leaves": [list(compiled.leaves.keys()), list(compiled.leaves.values())],
        "rows": list(compiled.rows),
    }
    lines = (f'"{name}":{json.dumps(part, separators=(",", ":"))}' for name, part in parts.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _row(row: PrefixRule | Outcome) -> list[Any]:
    return [getattr(row, field.name) for field in fields(row)]


def decode_compiled(raw: bytes) -> CompiledNumbering:
    """Read what `encode_compiled` wrote."""
    read = json.loads(raw)
    return CompiledNumbering(
        version=read["version"],
        rows=read["rows"],
        leaves=dict(zip(*read["leaves"], strict=True)),
        longest=read["longest"],
        outcomes=[Outcome(*row) for row in read["outcomes"]],
        prefix_rules={
            int(code): PrefixRule(pattern, transform, general, tuple(lengths))
            for code, (pattern, transform, general, lengths) in read["prefix_rules"].items()
        },
        main_regions={int(code): region for code, region in read["main_regions"].items()},
        emergency={region: frozenset(codes) for region, codes in read["emergency"].items()},
    )


if __name__ == "__main__":
    COMPILED_FILE.write_bytes(encode_compiled(compile_metadata()))
