"""A stand-in for Azure Machine Learning, to which the real SDKs speak unchanged.

It is a CONNECT proxy with a throw-away certificate: with HTTPS_PROXY and REQUESTS_CA_BUNDLE set, the calls of azureml-core
and azure-ai-ml to management.azure.com, *.api.azureml.ms and *.blob.core.windows.net are answered here. Every other
host is refused and remembered, so that a test sees what would have left the machine. Submitted snapshots really run,
as local processes on a modelled cluster, or are simulated where thousands of nodes are wanted.

| module | idea |
|---|---|
| `fixture`, `stand_in` | what tests hold in their hands |
| `server`, `wire`, `routing`, `calls` | HTTP, the proxy, which handler answers what, the log of calls |
| `scenario` | what goes wrong, drawn from a seed |
| `service` | the state of the one workspace |
| `runs`, `cluster`, `lifecycle`, `clock` | a run, nodes with a queue, a run's way through its states, timers |
| `processes`, `simulation` | how a run is executed |
| `tokens`, `blobs`, `arm`, `snapshots`, `execution`, `history`, `artifacts`, `environments` | routes of azureml-core and ARM |
| `v2_assets`, `v2_jobs`, `schema` | routes of azure-ai-ml; their bodies against the published schema |

Invented, for there are no recordings of the service: the texts of all errors that `texts` does not give a source for;
the answer to a second run of the same id (409 here); that a job which is put again only changes its tags; that a run
over its time limit ends as Canceled; the order of nodes that start; all times. Answers hold what the SDKs' deserializers
and this product read, and no more.
"""
