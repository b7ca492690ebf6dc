"""How nodes of a cluster learn where telemetry goes."""

from __future__ import annotations

import os

CONNECTION = "APPLICATIONINSIGHTS_CONNECTION_STRING"
SIGN_IN = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"  # its form: azure-monitor-opentelemetry-exporter

_NODE_IDENTITY = "DEFAULT_IDENTITY_CLIENT_ID"  # set on nodes of Azure Machine Learning


def node_environment(client_id: str = "") -> dict[str, str]:
    """Return the variables by which a node sends to Application Insights as this process does.

    `client_id` names the node's own identity, "" its only one. {} where the process sends nowhere, or where
    whoever knows the connection string could send: variables of runs are kept and shown by the workspace.
    """
    connection = os.environ.get(CONNECTION, "")
    if not connection or "Authorization=AAD" not in os.environ.get(SIGN_IN, ""):
        return {}
    signed_in = "Authorization=AAD" + (f";ClientId={client_id}" if client_id else "")
    return {CONNECTION: connection, SIGN_IN: signed_in}


def name_own_identity() -> None:
    """Complete the variable by which this process signs in, where it is a node and has one identity.

    Azure Machine Learning wants it named even then (azure-sdk-for-net issue 40348).
    """
    signed_in, own = os.environ.get(SIGN_IN, ""), os.environ.get(_NODE_IDENTITY, "")
    if own and signed_in and "clientid=" not in signed_in.lower():
        os.environ[SIGN_IN] = f"{signed_in};ClientId={own}"
