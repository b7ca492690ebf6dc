"""What would keep runs from starting on Azure, found beforehand, each with its fix."""

from reelbrush.compute.preflight.all_checks import azure_checks, azure_preflight
from reelbrush.compute.preflight.check import Check, Outcome

__all__ = ["Check", "Outcome", "azure_checks", "azure_preflight"]
