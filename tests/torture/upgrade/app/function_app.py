"""The product's orchestrator and steps, without triggers and routes."""

import azure.durable_functions as df

import orchestrators
from activities import blueprints

app = df.DFApp()
for blueprint in (orchestrators.bp, *blueprints):
    app.register_functions(blueprint)
