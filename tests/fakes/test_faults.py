"""Calls that go wrong, on purpose or because they should."""

from __future__ import annotations

import pytest
import requests

from tests.fakes.azureml.scenario import Faults, Scenario
from tests.fakes.azureml.stand_in import StandIn
from tests.fakes.plain import ARM, DATA, Plain


@pytest.fixture(autouse=True)
def nothing_runs(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.simulate(0)
    plain.upload({"main.py": ""})


def test_error_answers_come_in_order_and_have_no_effect(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.scenario(only="submit", answers=("503", "ok", "429", "quota", "forbidden"))
    assert plain.call("GET", "/computes/gpu-cluster").status_code == 200
    assert [plain.submit(f"run-{n}").status_code for n in range(6)] == [503, 201, 429, 400, 403, 201]
    assert [run.id for run in azure_ml.runs()] == ["run-1", "run-5"]
    assert [call.fault for call in azure_ml.calls("submit")] == ["503", "", "429", "quota", "forbidden", ""]


def test_a_lost_answer_has_its_effect(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.scenario(only="submit", answers=("lost",))
    with pytest.raises(requests.ConnectionError):
        plain.submit("one")
    assert azure_ml.run("one").status
    assert [(call.fault, call.status) for call in azure_ml.calls("submit")] == [("lost", 0)]


def test_a_hanging_call_never_answers(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.scenario(only="run", answers=("hang",))
    with pytest.raises(requests.Timeout):
        plain.session.get(f"{ARM}{plain.workspace}/jobs/one", timeout=0.3)
    assert plain.call("GET", "/jobs/one").status_code == 404


def test_chances_depend_on_the_seed_and_not_on_the_order() -> None:
    faults = Faults()
    keys = [("runs", f"GET /{number}") for number in range(1000)]

    def drawn(seed: int, backwards: bool = False) -> dict[str, str]:
        faults.set(Scenario(seed=seed, chances={"503": 0.05, "lost": 0.05}))
        return {path: faults.of_call(name, path) for name, path in (keys[::-1] if backwards else keys)}

    assert drawn(1) == drawn(1, backwards=True) != drawn(2)
    hit = list(drawn(1).values())
    assert 25 < hit.count("503") < 80 and 25 < hit.count("lost") < 80
    faults.set(Scenario(evict="any", evict_chance=0.3, evict_after=(1, 2), evict_times=9))
    fates = [faults.eviction(f"run-{number}", 1, True) for number in range(1000)]
    drawn_faces = [fate for fate in fates if fate]
    assert 240 < len(drawn_faces) < 360 and {face for face, _ in drawn_faces} == {
        "requeue",
        "failed",
        "canceled",
    }
    assert all(1 <= seconds <= 2 for _, seconds in drawn_faces)


def test_other_hosts_are_refused_and_remembered(azure_ml: StandIn, plain: Plain) -> None:
    for url in (
        "https://dc.services.visualstudio.com/v2/track",
        "https://westeurope.api.azureml.ms.example.org/",
    ):
        with pytest.raises(requests.exceptions.ProxyError):
            plain.session.get(url)
    assert plain.session.get("http://169.254.169.254/metadata").status_code == 502
    assert azure_ml.refused_hosts() == [
        "dc.services.visualstudio.com",
        "westeurope.api.azureml.ms.example.org",
        "169.254.169.254",
    ]


def test_a_request_that_nobody_knows_fails_the_test(azure_ml: StandIn, plain: Plain) -> None:
    assert plain.call("GET", "/unheard-of").status_code == 404
    assert "unheard-of" in str(azure_ml.bugs.pop())


def test_tokens_are_looked_at(azure_ml: StandIn, plain: Plain) -> None:
    azure_ml.scenario()
    job = f"{ARM}{plain.workspace}"
    storage = plain.token_for("https://storage.azure.com")
    expired = azure_ml.credential(seconds=-1).get_token("https://management.azure.com/.default").token
    forged = plain.token[:-1] + ("0" if plain.token[-1] != "0" else "1")
    for token in ("", f"Bearer {storage}", f"Bearer {expired}", f"Bearer {forged}", "Bearer a.b.c"):
        assert plain.call("GET", job, headers={"Authorization": token}).status_code == 401
        history = f"{DATA}/history/v1.0{plain.workspace}/runs/one"
        assert plain.call("GET", history, headers={"Authorization": token}).status_code == 401
    assert plain.call("GET", job).status_code == 200
    with pytest.raises(requests.HTTPError):
        plain.token_for("https://management.azure.com", client_id="somebody else")
    endpoint = azure_ml.environment["IDENTITY_ENDPOINT"]
    assert requests.get(endpoint, params={"resource": "x"}).status_code == 401
    assert not any(plain.token in repr(call) for call in azure_ml.calls())


def test_blobs_open_with_their_own_signature_or_a_token_for_storage(azure_ml: StandIn, plain: Plain) -> None:
    url = "https://standinstore.blob.core.windows.net/code-1/tree/main.py"
    assert plain.session.get(url).status_code == 401
    assert plain.call("GET", url).status_code == 401
    storage = plain.token_for("https://storage.azure.com")
    assert plain.call("GET", url, headers={"Authorization": f"Bearer {storage}"}).status_code == 200
    other = azure_ml.service.blobs.signed("other").partition("?")[2]
    assert plain.session.get(f"{url}?{other}").status_code == 403
    own = azure_ml.service.blobs.signed("code-1").partition("?")[2]
    assert plain.session.get(f"{url}?{own}").status_code == 200
    assert plain.session.put(f"{url}?{own}&comp=block&blockid=a", b"1").status_code == 201
    blocks = b"<BlockList><Latest>a</Latest></BlockList>"
    assert plain.session.put(f"{url}?{own}&comp=blocklist", blocks).status_code == 201
    assert plain.session.get(f"{url}?{own}").text == "1"


def test_another_workspace_is_not_there(plain: Plain) -> None:
    answer = plain.call("GET", f"{ARM}{plain.workspace}2/computes/gpu-cluster")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")
    assert plain.call("GET", f"{ARM}{plain.workspace.upper()}/computes/gpu-cluster").status_code == 200
