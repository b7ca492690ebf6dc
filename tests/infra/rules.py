"""All that is demanded of a stack: policies of security and operation, contracts with the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.infra import (
    contracts_names,
    contracts_settings,
    policies_access,
    policies_network,
    policies_operation,
    policies_roles,
)
from tests.infra.stack import Stack

Rule = Callable[[Stack], Iterator[str]]

RULES: tuple[Rule, ...] = (
    *policies_access.POLICIES,
    *policies_roles.POLICIES,
    *policies_network.POLICIES,
    *policies_operation.POLICIES,
    *contracts_settings.CONTRACTS,
    *contracts_names.CONTRACTS,
)


def complaints(stack: Stack) -> list[str]:
    """Return what is wrong with `stack`, each line with the rule that says so."""
    return [f"{rule.__name__}: {text}" for rule in RULES for text in rule(stack)]
