"""Functions with every trigger that the host serves, which note what they were given."""

import azure.durable_functions as df
import azure.functions as func
import azurefunctions.extensions.bindings.blob as blob

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
SEEN: list = []
BROKEN: set = set()


@app.blob_trigger(
    arg_name="source", path="input/{name}", connection="STORE", source=func.BlobSource.EVENT_GRID
)
@app.durable_client_input(client_name="client")
async def on_upload(source: blob.BlobClient, client: df.DurableOrchestrationClient) -> None:
    properties = source.get_blob_properties()
    SEEN.append((source.container_name, source.blob_name, properties.etag, properties.size))
    if source.blob_name in BROKEN:
        raise RuntimeError(f"{source.blob_name} is broken")
    await client.start_new("repaint", None, {"name": source.blob_name, "size": properties.size})


@app.blob_trigger(arg_name="source", path="documents/{title}.txt", connection="STORE")
def on_document(source: func.InputStream) -> None:
    SEEN.append((source.name, source.read()))


@app.orchestration_trigger(context_name="context")
def repaint(context):
    result = yield context.call_activity("paint", context.get_input())
    return result


@app.activity_trigger(input_name="given")
def paint(given: dict, context: func.Context) -> str:
    return f"{given['name']} by {context.function_name}"


@app.timer_trigger(arg_name="timer", schedule="%CLEAN_UP_AT%")
def clean_up(timer: func.TimerRequest) -> None:
    SEEN.append(("timer", timer.past_due))


@app.route(route="jobs/{id}", methods=["GET", "DELETE"])
async def job(req: func.HttpRequest) -> func.HttpResponse:
    answer = func.HttpResponse(
        f"{req.method} {req.route_params['id']} {req.params.get('q')}", status_code=203
    )
    answer.headers["x-answer"] = "42"
    return answer


@app.route(route="jobs/new", methods=["GET"])
def new_job(req: func.HttpRequest) -> str:
    return "the form"


@app.route(route="files/{*path}", auth_level=func.AuthLevel.ANONYMOUS)
def files(req: func.HttpRequest) -> str:
    return req.route_params["path"]


@app.route(route="pages/{number:int?}", auth_level=func.AuthLevel.ANONYMOUS)
def pages(req: func.HttpRequest) -> str:
    return repr(req.route_params.get("number"))


@app.route(route="echo", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.get_body(), mimetype="application/octet-stream")


@app.route(route="broken", auth_level=func.AuthLevel.ANONYMOUS)
def broken(req: func.HttpRequest) -> str:
    raise RuntimeError("broken")


@app.route(route="start", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance_id = await client.start_new("repaint", None, req.get_json())
    return client.create_check_status_response(req, instance_id)
