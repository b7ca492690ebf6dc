"""Storage accounts of the subscription, as Azure Resource Manager lists them."""

from __future__ import annotations

from tests.fakes.azureml.routing import ARM, route
from tests.fakes.azureml.service import REGION, Service
from tests.fakes.azureml.wire import Document, Reply, Request, answer


@route("accounts", "GET", ARM, "/subscriptions/{subscription}/providers/Microsoft.Storage/storageAccounts")
def accounts(service: Service, request: Request, subscription: str) -> Reply:
    """List the accounts in pages of one, so that callers have to turn pages."""
    name = "Microsoft.Storage/storageAccounts"
    first = int(request.query.get("$skiptoken", "0"))
    document: Document = {
        "value": [
            {
                "id": account,
                "name": account.rpartition("/")[2],
                "type": name,
                "location": REGION,
                "properties": {"provisioningState": "Succeeded", "publicNetworkAccess": "Enabled"},
                **service.account_facts,
            }
            for account in service.accounts[first : first + 1]
        ]
    }
    if first + 1 < len(service.accounts):
        query = f"api-version=2023-05-01&$skiptoken={first + 1}"
        document["nextLink"] = f"https://{ARM}{request.path}?{query}"
    return answer(document)
