"""A stand-in for Azure Machine Learning, to which the real SDKs speak unchanged.

It is a CONNECT proxy with a throw-away certificate: with HTTPS_PROXY and REQUESTS_CA_BUNDLE set, the calls
of azureml-core and azure-ai-ml to management.azure.com, *.api.azureml.ms and *.blob.core.windows.net are
answered here. Every other host is refused and remembered, so that a test sees what would have left the
machine. Submitted code really runs, as local processes on a modelled cluster, or is simulated where
thousands of nodes are wanted.

| module | idea |
|---|---|
| `fixture`, `stand_in` | what tests hold in their hands |
| `server`, `wire`, `routing`, `calls` | HTTP, the proxy, which handler answers what, the log of calls |
| `scenario`, `texts` | what goes wrong, drawn from a seed; what the service then says |
| `service` | the state of the one workspace |
| `runs`, `cluster`, `lifecycle`, `clock` | a run, nodes with a queue, a run's way, timers |
| `processes`, `simulation` | how a run is executed |
| `tokens`, `identity` | who is let in; the endpoint of managed identities |
| `blob_space`, `storage` | the workspace's storage account and its routes |
| `arm`, `arm_storage` | routes of Azure Resource Manager that SDKs and the preflight read |
| `snapshots`, `execution`, `history`, `odata`, `artifacts`, `environments` | routes of azureml-core |
| `v2_assets`, `v2_jobs`, `schema` | routes of azure-ai-ml; their bodies against the published schema |
| `node_python` | on the path of every node: keeps this checkout out of it |

Invented, for there are no recordings of the service: the texts of all errors for which `texts` gives no
source; the answer to a second run of the same id (409 here); that a job which is put again only changes its
tags; that a run over its time limit ends as Canceled; that a refused quota is told at submission; the order
in which nodes start; all times; where role assignments of a principal are listed. Answers hold what the
SDKs' deserializers and this product read, and no more. Nodes run no containers: the image is only a name. A
run's nodes share one folder with the code.
"""
