"""Why a cluster refused, stopped or failed a run, told from what the service, an SDK or a compute says.

The service has no list of its error codes, so the words it is known to use decide. What they mean for a
person, and whether another try may help, is said once for all backends, in `cause_rules`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reelbrush.compute.cause_rules import PASSING, RULES, UNKNOWN, Rule
from reelbrush.compute.redact import redact
from reelbrush.errors import ComputeError

_DETAIL = 400  # characters of the service's own words that are passed on
# addresses and ids of runs hold what people call their files: "quota.mp4" has nothing to do with quota
_NAMES = re.compile(r"https?://\S+|\burl: \S+|\b[a-z0-9-]*-[0-9a-f]{10}(-b\d+-a\d+)?\b")


@dataclass(frozen=True)
class Cause:
    """A reason with a stable `code`; `message` ends with the service's own words, without secrets."""

    code: str
    message: str
    retryable: bool  # whether the same may succeed another time, with nothing changed
    advice: str

    def error(self) -> ComputeError:
        """Return the cause as an error that can be raised."""
        return ComputeError(self.message, advice=self.advice, retryable=self.retryable, code=self.code)


def cause_of(text: str, code: str = "", status: int | None = None) -> Cause:
    """Return what an error means, from its text, its code and its HTTP status, as far as they are known.

    `text` may be a message of the service, of an SDK's exception or one of a compute's `errors`. What nobody
    recognises is `compute`; then a refusal of the request itself (a 4xx status) is final. A service that is
    too busy (429) or broken (5xx) has not decided anything, whatever words it uses.
    """
    said = _NAMES.sub(" ", f"{code}: {text}" if code else text)
    undecided = status is not None and (status == 429 or status >= 500)
    for rule in RULES:
        if rule.words.search(said) and (rule.retryable or not undecided):
            passing = rule.code == "image" and PASSING.search(said) is not None
            return _cause(rule, rule.retryable or passing, text or code)
    for rule in RULES:
        if status in rule.statuses:
            return _cause(rule, rule.retryable, text or code)
    refused = status is not None and 400 <= status < 500 and status not in (404, 409)
    return _cause(UNKNOWN, not refused, text or code)


def known_cause(code: str, detail: str = "") -> Cause:
    """Return the cause of this code, with the words of whoever told it. Raises KeyError for another."""
    rule = {rule.code: rule for rule in (*RULES, UNKNOWN)}[code]
    return _cause(rule, rule.retryable, detail)


def _cause(rule: Rule, retryable: bool, detail: str) -> Cause:
    words = " ".join(redact(detail).split())
    words = words if len(words) <= _DETAIL else words[: _DETAIL - 1] + "…"
    return Cause(rule.code, f"{rule.message}: {words}" if words else rule.message, retryable, rule.advice)
