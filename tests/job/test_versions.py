"""Versions of documents: absent is the first, later ones are refused, other fields are nobody's business."""

from __future__ import annotations

import json

import pytest

from reelbrush.job import BatchProgress, BatchState, LedgerPage, to_json
from reelbrush.job.codec import from_json, read_document, read_object
from reelbrush.job.versions import NEWER, NewerVersion

PAGE = LedgerPage(0, 1, "t", "s", 1, "r")
PROGRESS = BatchProgress("r", BatchState.DONE, 1, 1, 1, 1, 0.0)


@pytest.mark.parametrize("document", [PAGE, PROGRESS])
def test_versions_of_documents(document: object) -> None:
    kind, plain = type(document), to_json(document)
    assert plain.pop("version") == 1 and from_json(kind, plain) == document
    assert from_json(kind, {**plain, "more": [1], "version": 1}) == document
    for version in (2, 99, 2**70):
        with pytest.raises(NewerVersion, match=NEWER):
            read_document(kind, json.dumps({**plain, "version": version}))
    for version in (0, -1, True, "1", 1.0, []):
        with pytest.raises(ValueError, match="version") as found:
            from_json(kind, {**plain, "version": version})
        assert not isinstance(found.value, NewerVersion)


def test_versions_of_objects() -> None:
    assert read_object("it", '{"a": 1}', 1) == {"a": 1}
    with pytest.raises(NewerVersion, match="it was made"):
        read_object("it", '{"version": 3}', 2)
    for text in ("[]", "1", "{", "[" * 100_000, '{"version": {}}'):
        with pytest.raises(ValueError):
            read_object("it", text, 1)
