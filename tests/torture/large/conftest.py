"""Accounts that fail at once where the SDK would wait half a minute between its tries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.torture.large.account import Account, counting_account


@pytest.fixture
def films(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """A counting account; its connection string is in the variable FILMS."""
    from azure.storage.blob._shared.policies import ExponentialRetry

    monkeypatch.setattr(ExponentialRetry, "get_backoff_time", lambda *_: 0.001)
    monkeypatch.setattr("azure.storage.blob._download.time.sleep", lambda _: None)
    with counting_account() as account:
        monkeypatch.setenv("FILMS", account.connection)
        yield account
