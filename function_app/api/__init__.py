"""The HTTP API as framework-free handlers: one module per resource, bound to routes once.

A handler is `async def handler(to: Surface, request: Request) -> Reply`. `bind` is the only module here that
knows Azure Functions' requests and responses.
"""
