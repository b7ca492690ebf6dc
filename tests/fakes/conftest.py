"""What tests of the stand-ins share."""

from __future__ import annotations

import pytest

from tests.fakes.azureml.fixture import azure_ml
from tests.fakes.azureml.stand_in import StandIn
from tests.fakes.plain import Plain

__all__ = ["azure_ml"]


@pytest.fixture
def plain(azure_ml: StandIn) -> Plain:
    """A client of the stand-in without any SDK."""
    return Plain(azure_ml)
