"""The Functions surface: the one `app` that Azure Functions and the embedded host load."""

import os

import azure.durable_functions as df
import azure.functions as func

import activities
import orchestrators
from function_app import catalogue, jobs, queued_uploads, uploads
from function_app.upkeep import timer as upkeep_timer
from function_app.watch import routes as watch_routes

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
for blueprint in (
    uploads.bp,
    jobs.bp,
    catalogue.bp,
    watch_routes.bp,
    upkeep_timer.bp,
    orchestrators.bp,
    *activities.blueprints,
):
    app.register_functions(blueprint)
if os.environ.get("REELBRUSH_UPLOADS_QUEUE", "").strip():
    app.register_functions(queued_uploads.bp)
