"""Does Azure accept the budget's first day?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from reelbrush.deploy.az import AzError
from reelbrush.deploy.check import Check, failed, passed, remark, unchecked
from reelbrush.deploy.site import Site

_BUDGET = "reelbrush"  # as infra/bicep/modules/budget.bicep names it
_API = "2024-08-01"
_FIX = "azd env set REELBRUSH_BUDGET_START "


def check_budget(site: Site) -> Iterator[Check]:
    """Yield whether the budget can be made or changed.

    A budget begins on the first day of a month: a new one this month or within the next twelve, and one that
    is there keeps its beginning, so that a deployment in a later month has to name it.
    """
    plan, title = site.plan, "budget"
    this_month = datetime.now(UTC).date().replace(day=1)
    if not plan.budget:
        yield remark(title, "none", "azd env set REELBRUSH_BUDGET AMOUNT (per month, warns, never stops)")
        return
    start = _first_day(plan.budget_start) if plan.budget_start else this_month
    if start is None:
        yield failed(
            title, f"{plan.budget_start} is not the first day of a month", f"{_FIX}{this_month.isoformat()}"
        )
        return
    try:
        path = f"{site.scope}/resourceGroups/{plan.group}/providers/Microsoft.Consumption/budgets/{_BUDGET}"
        found: dict[str, Any] | None = site.az.get(path, _API)
    except AzError as error:
        if error.code != "not-found":
            yield unchecked(title, error)
            return
        found = None
    if found is None:
        months = (start.year - this_month.year) * 12 + start.month - this_month.month
        if not 0 <= months <= 12:
            fix = f"{_FIX}{this_month.isoformat()}"
            yield failed(title, f"a new budget cannot begin on {start}, but this month or later", fix)
            return
    else:
        period: dict[str, Any] = (found.get("properties") or {}).get("timePeriod") or {}
        begun = str(period.get("startDate", ""))[:10]
        if begun and begun != start.isoformat():
            text = f"it began on {begun}, and Azure refuses to change that to {start}"
            yield failed(title, text, f"{_FIX}{begun}")
            return
    yield passed(title, f"{plan.budget} a month, from {start} on")


def _first_day(text: str) -> date | None:
    """Return the day that a text names, if it is the first of a month, else None."""
    if not re.fullmatch(r"\d{4}-\d{2}-01", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
