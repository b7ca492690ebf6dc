"""The rules by which the Python worker and the host accept a function.

The worker (python-worker 4.34, functions.py) and the host (4.1037, FunctionMetadataValidation) check them
when they index an app; a function that breaks one makes the whole app disappear without a word.
"""

from __future__ import annotations

import inspect
import re
import sys
import typing
from collections.abc import Iterator
from typing import Any

from reelbrush.host.functions import BLOB, DURABLE_CLIENT, HTTP, ORCHESTRATION, TRIGGERS

_FUNCTION_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_\-]{0,127}")
# Hosts before 4.1038 refuse an underscore in a binding's name.
_BINDING_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,127}")


def check_function(function: Any) -> Iterator[str]:
    """Yield a sentence for every rule that an `azure.functions` Function breaks."""
    name, trigger, call = function.get_function_name(), function.get_trigger(), function.get_user_function()
    kind = trigger.get_binding_name()
    if not _FUNCTION_NAME.fullmatch(name):
        yield f"function '{name}': the name must be letters, digits, '_' and '-', and begin with a letter"
    if kind not in TRIGGERS:
        yield f"function '{name}': this host does not serve the trigger '{kind}'"
    bindings: list[dict[str, Any]] = function.get_bindings_dict()["bindings"]
    for binding in bindings:
        yield from (f"function '{name}': {problem}" for problem in _check_binding(binding, kind))
    bound = {binding["name"]: binding["type"] for binding in bindings if binding["name"] != "$return"}
    if kind == ORCHESTRATION:
        return
    yield from (f"function '{name}': {problem}" for problem in _check_parameters(call, bound))


def _check_binding(binding: dict[str, Any], trigger: str) -> Iterator[str]:
    name, kind = binding["name"], binding["type"]
    if name != "$return" and not _BINDING_NAME.fullmatch(name):
        yield f"the binding name '{name}' must be letters and digits only and begin with a letter"
    if kind not in (trigger, DURABLE_CLIENT) and not (kind == "http" and trigger == HTTP):
        yield f"this host does not serve the binding '{kind}' ('{name}'); use the SDK inside the function"


def _check_parameters(call: Any, bound: dict[str, str]) -> Iterator[str]:
    original = getattr(call, "client_function", call)
    if DURABLE_CLIENT in bound.values() and not inspect.iscoroutinefunction(original):
        yield "takes a durable client, so it must be `async def`: the SDK awaits it"
    parameters = dict(inspect.signature(call).parameters)
    if "context" in parameters and "context" not in bound:
        del parameters["context"]
    if missing := sorted(set(bound) - set(parameters)):
        yield f"bindings without a parameter in Python: {', '.join(missing)}"
    if extra := sorted(set(parameters) - set(bound)):
        yield f"parameters in Python without a binding, defaults notwithstanding: {', '.join(extra)}"
    try:
        annotations = inspect.get_annotations(call, eval_str=True)
    except Exception as error:
        yield f"an annotation cannot be evaluated: {type(error).__name__}: {error}"
        return
    for name, kind in bound.items():
        if name in annotations and name in parameters:
            yield from _check_annotation(name, kind, annotations[name])


def _check_annotation(name: str, kind: str, annotation: Any) -> Iterator[str]:
    if annotation is Any:
        return
    if typing.get_origin(annotation) is not None or not isinstance(annotation, type):
        yield f"parameter '{name}' is annotated {annotation}; only plain types are accepted there"
        return
    if kind == DURABLE_CLIENT or _is_storage_type(kind, annotation):
        return
    from azure.functions import get_binding_registry

    converter: Any = get_binding_registry().get(kind)
    if converter is not None and not converter.check_input_type_annotation(annotation):
        yield f"parameter '{name}' of the binding '{kind}' cannot be annotated {annotation.__name__}"


def _is_storage_type(kind: str, annotation: type) -> bool:
    extension = sys.modules.get("azurefunctions.extensions.bindings.blob")
    return (
        kind == BLOB
        and extension is not None
        and issubclass(annotation, (extension.BlobClient, extension.StorageStreamDownloader))
    )
