"""How nodes of a cluster learn where telemetry goes."""

from __future__ import annotations

import os

CONNECTION = "APPLICATIONINSIGHTS_CONNECTION_STRING"
SIGN_IN = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"  # its form: azure-monitor-opentelemetry-exporter


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
