"""Payloads that are too large for a history are noticed once."""

from __future__ import annotations

from typing import Any


def test_large_payloads_are_found(host: Any, run: Any) -> None:
    async def scenario() -> None:
        async with host() as (h, client):
            for size in (9_000, 12_000, 12_000, 50_000):
                given = {"name": "text_of_size", "input": size}
                await h.wait(await client.start_new("one_activity", None, given), 60)
            given = {"name": "counted", "input": "y" * 11_000}
            await h.wait(await client.start_new("one_activity", None, given), 60)
            found = [(f.function, f.role, f.limit) for f in h.lint_findings]
            assert ("text_of_size", "result", 10_000) in found
            assert ("text_of_size", "result", 45_000) in found
            assert ("counted", "input", 10_000) in found
            assert ("one_activity", "input", 10_000) in found
            assert ("one_activity", "result", 45_000) in found
            assert len(found) == len(set(found))

    run(scenario())
