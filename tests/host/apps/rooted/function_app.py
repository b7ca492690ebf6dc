"""An app whose routes begin at the root of the site."""

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="{ignored:maxlength(0)?}", methods=["GET"])
def page(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(b"\x00<page>\xff", mimetype="text/html", headers={"ETag": '"1"'})


@app.route(route="api/jobs/{id}", methods=["GET"])
def job(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(f"{req.method} {req.route_params['id']}", headers={"x-answer": "42"})


@app.route(route="api/jobs/{id}", methods=["PUT"])
def put_job(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(f"{len(req.get_body())}")


@app.route(route="api/unchanged", methods=["GET"])
def unchanged(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=304, headers={"ETag": '"1"'})
