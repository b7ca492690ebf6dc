"""What the preflight finds, each time with a fix, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reelbrush.compute.arm import Arm
from reelbrush.compute.preflight import Outcome, azure_checks, azure_preflight
from reelbrush.compute.preflight.own_role import check_own_role
from reelbrush.compute.preflight.place import Place
from reelbrush.compute.preflight.quota import check_quota
from reelbrush.compute.workspace import Workspace
from reelbrush.settings import Settings
from tests.fakes.azureml.cluster import SCORING_CLIENT, SCORING_IDENTITY, Cluster
from tests.fakes.azureml.stand_in import StandIn
from tests.fakes.azureml.tokens import APP_CLIENT, APP_PRINCIPAL


class Site:
    """The settings of an app, and what its preflight says of the stand-in."""

    def __init__(self, azure_ml: StandIn) -> None:
        self.at = azure_ml
        self.settings = Settings(
            store="https://standinstore.blob.core.windows.net",
            backend="azureml",
            workspace=azure_ml.workspace_id,
            vm_size="Standard_NC4as_T4_v3",
            vm_priority="lowpriority",
        )

    def wish(self, **settings: object) -> None:
        """Change settings."""
        self.settings = replace(self.settings, **settings)  # type: ignore[arg-type]

    @property
    def arm(self) -> Arm:
        """Azure Resource Manager, asked with the identity of the app."""
        return Arm(Workspace.parse(self.settings.workspace))

    def failures(self) -> list[str]:
        """Return the codes of the findings, all of which have a problem and a fix."""
        findings = azure_preflight(self.settings, self.arm)
        assert all(finding.problem and finding.fix for finding in findings)
        return [finding.code for finding in findings]

    def fix(self, code: str) -> str:
        """Return the fix of a finding."""
        return next(f.fix for f in azure_preflight(self.settings, self.arm) if f.code == code)

    def said(self, outcome: Outcome) -> str:
        """Return what the checks with this outcome say."""
        checks = azure_checks(self.settings, self.arm)
        return "\n".join(f"{c.name}: {c.text} {c.fix}" for c in checks if c.outcome is outcome)


@pytest.fixture
def site(azure_ml: StandIn, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A deployment with nothing to find."""
    azure_ml.visit(monkeypatch)
    return Site(azure_ml)


def test_nothing_is_found_where_all_is_well(site: Site) -> None:
    site.wish(dedicated_cluster="gpu-dedicated")
    assert site.failures() == []
    assert site.said(Outcome.UNCHECKED) == ""
    assert f"as the application {APP_CLIENT}, object {APP_PRINCIPAL}" in site.said(Outcome.OK)
    assert site.at.refused_hosts() == []


def test_without_an_identity_nothing_else_is_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")
    monkeypatch.setenv("PATH", "/nowhere")  # no Azure CLI
    assert site.failures() == ["sign-in"]
    assert {call.operation for call in site.at.calls()} <= {"token", "refused"}


def test_a_page_of_a_proxy_is_no_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    class Page:
        status_code = 200

        def text(self) -> str:
            return "<html>Please sign in to the network"

    class Proxy:
        def send_request(self, _: object) -> Page:
            return Page()

    def proxy(_: object) -> Proxy:
        return Proxy()

    monkeypatch.setattr("reelbrush.compute.arm._client", proxy)
    (finding,) = azure_preflight(site.settings, site.arm)
    assert finding.code == "unavailable" and "proxies" in finding.fix


def test_a_workspace_that_is_missing_or_closed(site: Site) -> None:
    site.at.scenario(only="workspace", chances={"403": 1.0})
    assert site.failures() == ["forbidden"]
    site.at.scenario(only="workspace", chances={"404": 1.0})
    assert site.failures() == ["workspace-missing"]
    site.at.scenario(only="workspace", chances={"503": 1.0})
    assert site.failures() == ["unavailable"]


def test_a_cluster_that_is_missing_or_not_ready(site: Site) -> None:
    site.at.add_cluster(Cluster("gpu-cluster", state="Failed"))
    assert site.failures() == ["cluster-state"]
    site.at.remove_cluster("gpu-cluster")
    site.wish(dedicated_cluster="gone")
    assert site.failures() == ["cluster-missing", "cluster-missing"]
    assert "az ml compute create --type AmlCompute --name gpu-cluster" in site.fix("cluster-missing")


@pytest.mark.parametrize(
    ("size", "replacement"),
    [
        ("STANDARD_NC6", "Standard_NC4as_T4_v3"),
        ("Standard_NC24s_v3", "Standard_NC96ads_A100_v4"),
        ("standard_nd6s", "Standard_NC4as_T4_v3"),
        ("Standard_NV6", "Standard_NC4as_T4_v3"),
    ],
)
def test_retired_sizes_are_refused_with_what_replaces_them(site: Site, size: str, replacement: str) -> None:
    site.at.cluster("gpu-cluster").size = size
    site.wish(vm_size=size)
    assert site.failures() == ["vm-retired"]
    assert f"--size {replacement}" in site.fix("vm-retired")
    assert SCORING_IDENTITY in site.fix("vm-retired"), "else the new cluster could not reach the store"


def test_a_size_that_the_region_does_not_offer(site: Site) -> None:
    site.at.cluster("gpu-cluster").size = "Standard_NC48ads_A100_v4"
    site.wish(vm_size="Standard_NC48ads_A100_v4")
    assert site.failures() == ["vm-unavailable"]


def test_nodes_without_a_gpu_are_told_and_not_refused(site: Site) -> None:
    site.at.cluster("gpu-cluster").size = "Standard_DS3_v2"
    site.wish(vm_size="Standard_DS3_v2")
    assert site.failures() == []
    assert "no GPU" in site.said(Outcome.REMARK)


@pytest.mark.parametrize(
    ("processes", "told"), [(1, "3 of a node's 4 GPUs stay idle"), (8, "8 processes share 4"), (4, "")]
)
def test_every_gpu_has_its_process(site: Site, processes: int, told: str) -> None:
    site.at.cluster("gpu-cluster").size = "Standard_NC64as_T4_v3"
    site.at.cluster("gpu-cluster").maximum = 1
    site.wish(vm_size="Standard_NC64as_T4_v3", processes=processes, nodes=1)
    assert site.failures() == []
    remarks = site.said(Outcome.REMARK)
    assert (told in remarks and "REELBRUSH_PROCESSES=4" in remarks) if told else "GPUs of" not in remarks


def test_runs_that_need_more_nodes_than_there_may_be(site: Site) -> None:
    site.wish(run_nodes=5)
    assert site.failures() == ["nodes"] and "--max-instances 5" in site.fix("nodes")
    site.wish(run_nodes=4, nodes=9)
    assert site.failures() == [] and "REELBRUSH_NODES=4" in site.said(Outcome.REMARK)


FAMILY = "Standard NCASv3_T4 Family Cluster Dedicated vCPUs"
OTHER = "Standard NC Family Cluster Dedicated vCPUs"
TOTAL = "Total Cluster Dedicated Regional vCPUs"
LOW = "Total Cluster LowPriority Regional vCPUs"


@pytest.mark.parametrize(
    ("low", "usages", "fit"),
    [
        (True, [("lowPriorityCores", LOW, 0, 16)], None),
        (True, [("lowPriorityCores", LOW, 0, 15)], "3 of 4"),
        (True, [("lowPriorityCores", LOW, 0, 0)], "not enough for one"),
        (True, [("lowPriorityCores", LOW, 0, 100), ("vmFamily", FAMILY, 0, 0)], None),
        (False, [("dedicatedCores", TOTAL, 0, 100), ("vmFamily", FAMILY, 0, 16)], None),
        (False, [("dedicatedCores", TOTAL, 0, 100), ("vmFamily", FAMILY, 0, 8)], "2 of 4"),
        (False, [("dedicatedCores", TOTAL, 0, 8), ("vmFamily", FAMILY, 0, -1)], "2 of 4"),
        (False, [("dedicatedCores", TOTAL, 0, 100), ("vmFamily", FAMILY, 0, -1)], None),
        (False, [("dedicatedCores", TOTAL, 0, 100), ("vmFamily", FAMILY, 16, 16)], None),
        (False, [("vmFamily", FAMILY, 0, 99), ("vmFamily", OTHER, 0, 0)], None),
    ],
)  # fmt: skip
def test_quota(site: Site, low: bool, usages: list[tuple[str, str, int, int]], fit: str | None) -> None:
    site.at.cluster("gpu-cluster").low_priority = low
    site.at.service.usages = usages
    site.wish(vm_priority="lowpriority" if low else "dedicated")
    assert site.failures() == ([] if fit is None else ["quota"])
    if fit is not None:
        problem = azure_preflight(site.settings, site.arm)[0].problem
        assert fit in problem
        assert ("--max-instances" in site.fix("quota")) == ("of 4" in fit)


def test_the_quota_of_the_dedicated_cluster_counts_too(site: Site) -> None:
    site.at.service.usages = [("lowPriorityCores", LOW, 0, 100), ("vmFamily", FAMILY, 0, 0)]
    site.wish(dedicated_cluster="gpu-dedicated")
    assert site.failures() == ["quota"]


@pytest.mark.parametrize(
    ("wish", "finding"),
    [
        ({"vm_size": "Standard_NC64as_T4_v3"}, "prices"),
        ({"vm_priority": "dedicated"}, "prices"),
        ({"vm_size": "", "max_cost": 5.0}, "prices"),
        ({"currency": "EUR", "max_cost": 5.0}, "prices"),
        ({"currency": "EUR"}, None),
        ({"vm_size": "Standard_NC64as_T4_v3", "price_per_hour": 0.4}, None),
        ({"vm_size": ""}, None),
        ({"vm_size": "STANDARD_NC4AS_T4_V3"}, None),
    ],
)
def test_costs_are_reckoned_for_the_nodes_that_there_are(
    site: Site, wish: dict[str, object], finding: str | None
) -> None:
    site.wish(**wish)
    assert site.failures() == ([finding] if finding else [])


def test_an_app_without_a_role(site: Site) -> None:
    site.at.service.roles = [role for role in site.at.service.roles if role[1] != APP_PRINCIPAL]
    for backend, action in (("azureml", "experiments/runs/submit/action"), ("azureml-v2", "jobs/write")):
        site.wish(backend=backend)
        finding = azure_preflight(site.settings, site.arm)[0]
        assert finding.code == "role" and action in finding.problem
        assert f"--scope {site.at.workspace_id}" in finding.fix


def test_identities_of_the_nodes(site: Site) -> None:
    cluster = site.at.cluster("gpu-cluster")
    site.wish(scoring_identity=SCORING_CLIENT.upper())
    assert site.failures() == []
    site.wish(scoring_identity="11111111-0000-4000-8000-000000000000")
    assert site.failures() == ["identity"] and SCORING_CLIENT in site.fix("identity")
    site.wish(scoring_identity="")
    cluster.identities = {**cluster.identities, "/other": ("p", "c")}
    assert site.failures() == [] and "it has 2" in site.said(Outcome.REMARK)
    cluster.identities = {}
    assert site.failures() == ["identity"]


def test_what_may_not_be_read_is_no_failure(site: Site) -> None:
    site.at.scenario(only="roles|permissions|usages|sizes|locks|environment|accounts", chances={"403": 1.0})
    assert site.failures() == []
    skipped = site.said(Outcome.UNCHECKED)
    for title in ("role", "VM size of", "quota of", "identity of", "environment", "locks"):
        assert title in skipped, title
    site.at.scenario()
    site.wish(store="https://elsewhere.blob.core.windows.net")
    assert site.failures() == [] and "elsewhere" in site.said(Outcome.UNCHECKED)


@pytest.mark.parametrize(
    ("store", "connection", "found"),
    [
        ("folder:/videos", "", True),
        ("https://127.0.0.1:10000/videos", "", True),
        ("env:VIDEOS", "AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=http://localhost:5000/a;", True),
        ("env:VIDEOS", "UseDevelopmentStorage=true", False),
        ("env:VIDEOS", "AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net", False),
    ],
)
def test_a_store_that_nodes_do_not_reach(
    site: Site, store: str, connection: str, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEOS", connection)
    site.wish(store=store)
    assert site.failures() == (["store"] if found else [])
    assert "c2VjcmV0" not in "".join(site.said(outcome) for outcome in Outcome)
    if not found:
        assert "REELBRUSH_STORE=https://" in site.said(Outcome.REMARK)


@pytest.mark.parametrize(
    "facts",
    [{"publicNetworkAccess": "Disabled"}, {"networkAcls": {"defaultAction": "Deny"}}],
)
def test_a_store_behind_a_firewall_and_far_away(site: Site, facts: dict[str, object]) -> None:
    assert "standinstore" not in site.said(Outcome.REMARK)
    site.at.service.account_facts = {"location": "West US 2", "properties": facts}
    remarks = site.said(Outcome.REMARK)
    assert "closed to public networks" in remarks and "standinstore is in westus2" in remarks
    assert site.failures() == []


def test_locks_and_a_missing_environment_are_remarks(site: Site) -> None:
    site.at.service.locks.append((site.at.workspace_id.partition("/providers/")[0], "ReadOnly"))
    assert site.failures() == []
    remarks = site.said(Outcome.REMARK)
    assert "ReadOnly" in remarks and "az lock delete" in remarks and "built with the first run" in remarks


def test_an_attached_kubernetes_cluster(site: Site) -> None:
    site.wish(cluster="aks-gpu", instance_type="gpu", vm_priority="dedicated")
    assert site.failures() == []
    assert not site.at.calls("usages"), "its nodes are no business of the workspace's quota"
    site.wish(instance_type="huge")
    assert site.failures() == ["instance-type"] and "gpu" in site.fix("instance-type")


class Told(Arm):
    """Azure Resource Manager that knows what a test gives it: ends of paths, and the lists there."""

    def __init__(self, workspace: Workspace, lists: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__(workspace)
        self._lists = lists

    def list(self, path: str, api_version: str, **query: str) -> Iterator[dict[str, Any]]:
        """Yield what was given for this path."""
        return iter(next(found for end, found in self._lists.items() if path.endswith(end)))


def place_of(site: Site, lists: dict[str, list[dict[str, Any]]]) -> Place:
    """Return the site's place with lists of our own."""
    return Place(
        site.settings, Told(Workspace.parse(site.at.workspace_id), lists), {"location": "westeurope"}
    )


@pytest.mark.parametrize(
    ("permissions", "outcome"),
    [
        ([{"actions": ["*"], "notActions": []}], Outcome.OK),
        ([{"actions": ["Microsoft.MachineLearningServices/workspaces/*"]}], Outcome.OK),
        ([{"actions": ["*"], "notActions": ["*/environments/write"]}], Outcome.FAILED),
        ([{"actions": ["*"], "notActions": ["*"]}, {"actions": ["*"]}], Outcome.OK),
        ([{"actions": ["*/read"]}], Outcome.FAILED),
        ([], Outcome.FAILED),
    ],
)
def test_roles_of_ones_own_making_count(
    site: Site, permissions: list[dict[str, Any]], outcome: Outcome
) -> None:
    (check,) = check_own_role(place_of(site, {"permissions": permissions}))
    assert check.outcome is outcome


@pytest.mark.parametrize(
    ("owner", "limit", "outcome"),
    [
        ("/workspaces/ws", 4, Outcome.FAILED),
        ("/workspaces/other", 4, Outcome.OK),
        ("/workspaces/ws/computes/another", 4, Outcome.OK),
    ],
)
def test_quota_of_the_workspace_itself(site: Site, owner: str, limit: int, outcome: Outcome) -> None:
    def usage(kind: str, at: str, most: int) -> dict[str, Any]:
        kind = f"Microsoft.MachineLearningServices/{kind}/usages"
        return {
            "type": kind,
            "id": f"/subscriptions/s{at}/usages/x",
            "limit": most,
            "name": {"value": FAMILY},
        }

    usages = [usage("vmFamily", "", 100), usage("workspaces", owner, limit)]
    own = {"vmSize": "Standard_NC4as_T4_v3", "vmPriority": "Dedicated", "scaleSettings": {"maxNodeCount": 2}}
    compute = {"properties": {"properties": own}}
    (check,) = check_quota(place_of(site, {"usages": usages}), "gpu-cluster", compute)
    assert check.outcome is outcome


def test_doctor_prints_one_line_per_check(site: Site, tmp_path: Path) -> None:
    site.at.cluster("gpu-cluster").size = "Standard_NC6"

    def doctor(**settings: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **site.at.environment,
            "REELBRUSH_STORE": site.settings.store,
            "REELBRUSH_BACKEND": "azureml",
            "REELBRUSH_WORKSPACE": site.at.workspace_id,
            **settings,
        }
        command = [str(Path(sys.executable).with_name("reelbrush")), "doctor", "--azure"]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)

    done = doctor()
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and done.stderr == ""
    assert [line[:4] for line in lines].count("FAIL") == 1
    retired = next(i for i, line in enumerate(lines) if "retired since 2023-08-31" in line)
    assert lines[retired].startswith("FAIL  VM size of gpu-cluster") and "fix: " in lines[retired + 1]
    assert "ok    workspace: ws in westeurope" in lines
    assert doctor(REELBRUSH_CLUSTER="gpu-dedicated", REELBRUSH_NODES="2").returncode == 0
    wrong = doctor(REELBRUSH_WORKSPACE="nonsense")
    assert wrong.returncode == 1 and wrong.stdout.startswith("FAIL  settings: ")
