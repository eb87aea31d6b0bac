import pytest

from pingbox.testing import table


@pytest.fixture(scope="session")
def pingbox_options():
    return {"tables": [table("people", "id")]}
