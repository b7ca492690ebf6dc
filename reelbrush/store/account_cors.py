"""Lets a page send uploads straight to a storage account: the account's rules for pages of other origins."""

from __future__ import annotations

from collections.abc import Sequence

from reelbrush.store.account import BlobStore

METHODS = ("GET", "HEAD", "PUT", "OPTIONS")
_MOST_RULES = 5
_SECONDS = 3600  # for which a browser remembers the answer


def allow_origins(store: BlobStore, origins: Sequence[str]) -> None:
    """Add a rule for pages of these origins (`http://127.0.0.1:7071`) to the account, unless it has it.

    When the account has no room for it, its oldest rule goes. Needs the account's key.
    """
    from azure.storage.blob import CorsRule

    known = store.service.get_service_properties()["cors"] or []
    wanted = ",".join(origins)
    others = [rule for rule in known if rule.allowed_origins != wanted]
    rule = CorsRule(
        list(origins),
        list(METHODS),
        allowed_headers=["*"],
        exposed_headers=["*"],
        max_age_in_seconds=_SECONDS,
    )
    store.service.set_service_properties(cors=[*others[1 - _MOST_RULES :], rule])


def cors_command(store: BlobStore, origins: Sequence[str]) -> str:
    """Return the command line by which the owner of the account adds that rule."""
    return (
        f"az storage cors add --services b --methods {' '.join(METHODS)} --origins {' '.join(origins)} "
        f"--allowed-headers '*' --exposed-headers '*' --max-age {_SECONDS} "
        f"--account-name {store.service.account_name}"
    )
