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


WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


def test_a_workspace_chooses_the_cluster_unless_a_backend_is_named() -> None:
    cloud = {"REELBRUSH_STORE": "https://a.blob.core.windows.net", "REELBRUSH_WORKSPACE": WORKSPACE}
    assert Settings.from_env(cloud).backend == "azureml"
    assert Settings.from_env({**cloud, "REELBRUSH_BACKEND": "azureml-v2"}).backend == "azureml-v2"
    assert Settings.from_env({**cloud, "REELBRUSH_BACKEND": "local"}).backend == "local"
    assert Settings.from_env({"REELBRUSH_STORE": "folder:/x"}).backend == "local"


def test_a_cluster_needs_a_workspace_and_known_words() -> None:
    given = {"BACKEND": "azureml", "WORKSPACE": "ws", "VM_PRIORITY": "spot", "OVER_COST": "ask"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(
            {f"REELBRUSH_{name}": value for name, value in {**given, "STORE": "folder:/x"}.items()}
        )
    text = str(caught.value)
    assert "REELBRUSH_WORKSPACE" in text and "REELBRUSH_VM_PRIORITY" in text and "REELBRUSH_OVER_COST" in text
