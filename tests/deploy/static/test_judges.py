"""The template passes every judge in every form it can take, and each judge notices what it is there for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from pingbox.chat.declaration import chat
from pingbox.chat.model import Site
from pingbox.chat.template.render import template
from support.deploy.template_judges import JUDGES, Verdicts
from support.deploy.template_mutants import MUTANTS, Mutant

FORMS = {f"{stage} {site.value}": template(chat(stage, site)).document() for stage in ("dev", "prod") for site in Site}


@cache
def verdicts(judge: str) -> Verdicts:
    """One process of the judge for all templates it has to look at."""
    mutants: Mapping[str, dict] = {mutant.name: mutant.document() for mutant in MUTANTS if mutant.judge == judge}
    return JUDGES[judge]({**FORMS, **mutants})


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("form", FORMS)
def test_the_template_is_without_fault(judge: str, form: str) -> None:
    """No finding of any kind, warnings included, on any stage with any site."""
    assert verdicts(judge)[form] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_one_mistake_is_one_finding_at_least(mutant: Mutant) -> None:
    """The judge that is responsible for this kind of mistake sees it."""
    assert verdicts(mutant.judge)[mutant.name] != []


def test_the_mutants_are_many_and_different() -> None:
    """At least forty, no two the same."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40
    assert len({str(mutant.document()) for mutant in MUTANTS}) == len(MUTANTS)
