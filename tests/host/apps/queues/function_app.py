"""A function with a queue trigger, which notes what it was given."""

import asyncio

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp()
SEEN: list = []
BROKEN: set = set()
SECONDS: list = [0.05]  # that a message takes
AT_ONCE: list = [0, 0]  # now, at most


@app.queue_trigger(arg_name="message", queue_name="%THINGS_TO_DO%", connection="Account")
@app.durable_client_input(client_name="client")
async def on_message(message: func.QueueMessage, client: df.DurableOrchestrationClient) -> None:
    AT_ONCE[0] += 1
    AT_ONCE[1] = max(AT_ONCE)
    try:
        text = message.get_body().decode()
        SEEN.append((text, message.dequeue_count))
        await asyncio.sleep(SECONDS[0])
        if text in BROKEN:
            raise RuntimeError(f"{text} is broken")
        await client.start_new("note", None, {"text": text, "id": message.id})
    finally:
        AT_ONCE[0] -= 1


@app.orchestration_trigger(context_name="context")
def note(context):
    return (yield context.call_activity("written", context.get_input()))


@app.activity_trigger(input_name="given")
def written(given: dict) -> str:
    return given["text"]
