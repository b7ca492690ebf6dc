"""The endpoint from which managed identities get their tokens."""

from __future__ import annotations

from tests.fakes.azureml.cluster import SCORING_CLIENT, SCORING_PRINCIPAL
from tests.fakes.azureml.routing import LOCAL, route
from tests.fakes.azureml.service import Service
from tests.fakes.azureml.tokens import APP_CLIENT, APP_PRINCIPAL
from tests.fakes.azureml.wire import Refusal, Reply, Request, answer


@route("token", "GET", LOCAL, "/msi/token", open=True)
def token(service: Service, request: Request) -> Reply:
    """Answer as App Service's identity endpoint does, and as the one on an Azure Machine Learning node."""
    given = request.headers.get("x-identity-header") or request.headers.get("secret")
    if given != service.tokens.secret:
        raise Refusal(401, "Unauthorized", "the identity header is missing or wrong")
    client = request.query.get("client_id") or request.query.get("clientid") or APP_CLIENT
    known = {APP_CLIENT: APP_PRINCIPAL, SCORING_CLIENT: SCORING_PRINCIPAL}
    for cluster in service.clusters.values():
        known |= {client_id: principal for principal, client_id in cluster.identities.values()}
    if client not in known:
        raise Refusal(400, "invalid_request", "Identity not found")
    resource = request.query["resource"]
    text, expires = service.tokens.make(resource, known[client])
    return answer(
        {
            "access_token": text,
            "expires_on": str(expires),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": client,
        }
    )
