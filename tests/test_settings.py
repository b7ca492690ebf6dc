import pytest

from reelbrush.errors import SettingsError
from reelbrush.settings import Settings


def test_defaults_need_only_a_store() -> None:
    settings = Settings.from_env({"REELBRUSH_STORE": "folder:/x"})
    assert (settings.backend, settings.attempts, settings.work_hours) == ("local", 3, 24.0)


def test_every_field_can_be_set() -> None:
    settings = Settings.from_env(
        {"REELBRUSH_STORE": "folder:/x", "REELBRUSH_NODES": "7", "REELBRUSH_WORK_HOURS": "0.5"}
        | {"REELBRUSH_POLL_SECONDS": "0.5", "REELBRUSH_STYLES": "/s"}
    )
    assert (settings.nodes, settings.work_hours, settings.poll_seconds, settings.styles) == (
        7,
        0.5,
        0.5,
        "/s",
    )


def test_one_error_lists_every_problem() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"REELBRUSH_NODES": "0", "REELBRUSH_ATTEMPTS": "many", "REELBRUSH_BACKEND": "moon"})
    text = str(caught.value)
    for part in ("STORE is missing", "NODES=0", "ATTEMPTS='many'", "BACKEND='moon'"):
        assert part in text
