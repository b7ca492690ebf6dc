"""A client of the stand-in that speaks plain HTTP."""

from __future__ import annotations

from typing import Any

import requests

from tests.fakes.azureml.stand_in import StandIn

DATA = "https://westeurope.api.azureml.ms"
ARM = "https://management.azure.com"


class Plain:
    """Sends requests through the proxy, with a token of the managed identity."""

    def __init__(self, azure_ml: StandIn) -> None:
        self.azure_ml = azure_ml
        self.workspace = azure_ml.workspace_id
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.proxies = {
            "https": azure_ml.environment["HTTPS_PROXY"],
            "http": azure_ml.environment["HTTPS_PROXY"],
        }
        self.session.verify = azure_ml.environment["REQUESTS_CA_BUNDLE"]
        self.token = self.token_for("https://management.azure.com")

    def token_for(self, resource: str, **query: str) -> str:
        """Return a token as an app of App Service gets it."""
        environment = self.azure_ml.environment
        answer = requests.get(
            environment["IDENTITY_ENDPOINT"],
            params={"resource": resource, "api-version": "2019-08-01"} | query,
            headers={"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]},
        )
        answer.raise_for_status()
        return answer.json()["access_token"]

    def call(self, method: str, url: str, body: Any = None, **options: Any) -> requests.Response:
        """Send one request; a path is one of the workspace's in ARM."""
        address = url if url.startswith("http") else f"{ARM}{self.workspace}{url}"
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return self.session.request(method, address, json=body, headers=headers, timeout=60, **options)

    def upload(self, files: dict[str, str], name: str = "code") -> str:
        """Upload code as azure-ai-ml does and return its id."""
        place = self.call("POST", f"/codes/{name}/versions/1/startPendingUpload", {}).json()
        signed = place["blobReferenceForConsumption"]["credential"]["sasUri"]
        container, _, query = signed.partition("?")
        for path, text in files.items():
            assert self.session.put(f"{container}/tree/{path}?{query}", text.encode()).status_code == 201
        body = {"properties": {"codeUri": f"{container}/tree"}}
        assert self.call("PUT", f"/codes/{name}/versions/1", body).status_code == 201
        image = {"properties": {"image": "registry/scoring:1", "osType": "Linux"}}
        self.call("PUT", "/environments/scoring/versions/1", image)
        return f"{self.workspace}/codes/{name}/versions/1"

    def job(self, command: str, code: str = "", cluster: str = "gpu-cluster", **more: Any) -> dict[str, Any]:
        """Return the body of a job; `upload` must have been called."""
        return {
            "properties": {
                "jobType": "Command",
                "command": command,
                "codeId": code or f"{self.workspace}/codes/code/versions/1",
                "environmentId": f"{self.workspace}/environments/scoring/versions/1",
                "computeId": f"{self.workspace}/computes/{cluster}",
                "experimentName": "reelbrush",
                **more,
            }
        }

    def submit(self, name: str, command: str = "python main.py", **more: Any) -> requests.Response:
        """Put a job."""
        return self.call("PUT", f"/jobs/{name}", self.job(command, **more))

    def status(self, name: str) -> str:
        """Return a job's status."""
        return self.call("GET", f"/jobs/{name}").json()["properties"]["status"]

    def details(self, name: str) -> dict[str, Any]:
        """Return what the run history says about a run."""
        return self.call("GET", f"{DATA}/history/v1.0{self.workspace}/runs/{name}/details").json()
