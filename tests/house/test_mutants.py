"""The list of `make mutants` follows the source, and a mutant that no test notices is found."""

from __future__ import annotations

import pytest

from support.mutants import MUTANTS, ROOT, Mutant, mutated


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule)
def test_every_mutant_fits_the_source_and_names_tests_that_exist(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text()
    compile(mutated(mutant, source), mutant.file, "exec")
    assert all((ROOT / one).exists() for one in mutant.tests if one.startswith("tests/"))


def test_a_mutant_that_has_lost_its_place_says_so() -> None:
    with pytest.raises(RuntimeError, match="must follow the source"):
        mutated(Mutant("r", "f.py", "never written", "x", ()), "something else")
