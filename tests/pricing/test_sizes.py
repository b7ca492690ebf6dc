"""The table of VM sizes is whole, dated and sourced; settings win over it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

import reelbrush.pricing.sizes
from reelbrush.pricing.prices import no_price, price_of
from reelbrush.pricing.sizes import reference_rate, vm_size
from reelbrush.settings import Settings

TABLE = json.loads(Path(reelbrush.pricing.sizes.__file__).with_name("vm_sizes.json").read_text())
CLOUD = Settings("env:STORE", backend="azureml", vm_size="STANDARD_nc24ads_a100_v4", price_per_hour=0.0)


@pytest.mark.parametrize("name", TABLE["sizes"])
def test_every_size_is_whole_and_says_where_its_price_is_from(name: str) -> None:
    size = vm_size(name.upper())
    assert size is not None and size.name == name
    assert size.vcpus > 0 and size.memory_gib > 0 and size.family and (size.gpus > 0) == bool(size.gpu)
    if size.dedicated is not None:
        assert size.dedicated > 0 and size.price_source.startswith("https://")
        assert date(2026, 1, 1) <= date.fromisoformat(size.price_date) <= date.fromisoformat(TABLE["date"])
    if size.retired is not None:
        replacement = vm_size(size.replacement)
        assert replacement is not None and replacement.retired is None and replacement.gpus >= size.gpus
        assert size.dedicated is None, "nobody pays for what cannot be started"
        assert TABLE["sizes"][name]["retirementSource"] in TABLE["sources"]


def test_retired_sizes_name_their_last_day() -> None:
    old, gone = vm_size("Standard_NC6s_v3"), vm_size("Standard_NC6")
    assert old is not None and old.retired == date(2025, 9, 30)
    assert gone is not None and gone.retired == date(2023, 8, 31)
    assert vm_size("Standard_Nothing") is None and vm_size("") is None


def test_a_dedicated_node_costs_what_the_table_says() -> None:
    price = price_of(CLOUD)
    assert price is not None
    assert (price.per_hour, price.currency, price.date, price.at_most) == (3.673, "USD", "2026-11-09", False)
    assert "Standard_NC24ads_A100_v4 costs 3.673 USD per hour" in price.basis


def test_a_low_priority_node_never_costs_more_than_a_dedicated_one() -> None:
    price = price_of(
        Settings("env:STORE", backend="azureml", vm_size=CLOUD.vm_size, vm_priority="lowpriority")
    )
    assert price is not None and price.at_most and price.per_hour == 3.673
    assert "Spot" in price.basis and "REELBRUSH_PRICE_PER_HOUR" in price.basis


def test_the_setting_wins_and_says_so() -> None:
    price = price_of(
        Settings("s", backend="azureml", vm_size=CLOUD.vm_size, price_per_hour=1.25, currency="EUR")
    )
    assert price is not None
    assert (price.per_hour, price.currency, price.date) == (1.25, "EUR", "")
    assert price.basis == "A node is set to cost 1.25 EUR per hour."


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings("folder:/x", vm_size="Standard_NC24ads_A100_v4"), "this machine"),
        (Settings("s", backend="azureml"), "REELBRUSH_VM_SIZE"),
        (Settings("s", backend="azureml", vm_size="Standard_F16s_v2"), "vm_sizes.json"),
        (Settings("s", backend="azureml", vm_size="Standard_New"), "Standard_New"),
    ],
)
def test_without_a_price_there_is_a_reason(settings: Settings, words: str) -> None:
    assert price_of(settings) is None
    assert words in no_price(settings)


def test_reference_rates_have_a_basis() -> None:
    for gpu in (False, True):
        rate = reference_rate(gpu)
        assert 0 < rate.seconds_per_megapixel < 10 and len(rate.basis) > 20
    assert reference_rate(False).seconds_per_megapixel > reference_rate(True).seconds_per_megapixel
