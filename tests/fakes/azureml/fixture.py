"""The fixture: import it in the conftest of a folder whose tests need Azure Machine Learning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.azureml.stand_in import StandIn


@pytest.fixture
def azure_ml(tmp_path: Path) -> Iterator[StandIn]:
    """A running stand-in; `azure_ml.visit(monkeypatch)` brings the test's process to it."""
    stand_in = StandIn(tmp_path / "azure-ml")
    try:
        yield stand_in
    finally:
        stand_in.close()
    assert not stand_in.bugs, stand_in.bugs
    assert not stand_in.alive()
