"""Loads an app folder the way the Python worker does; where the worker would index nothing, this says why."""

from __future__ import annotations

import importlib
import inspect
import logging
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from reelbrush.errors import HostError
from reelbrush.host.function_rules import check_function
from reelbrush.host.functions import DURABLE_CLIENT, AppFunction, FunctionTable

_MODULE = "function_app"
_ADVICE = "one bad function makes Azure find no function at all, so the host refuses to start"

# get_functions() of an app refuses a second call, and a host may be started twice in a process.
_indexed: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()


def load_app(folder: Path) -> FunctionTable:
    """Import the v2-model app in `folder` and return its functions.

    Raises:
        HostError: the folder is no app, its import fails, or functions break the worker's rules (all are
            listed).
    """
    if not (folder / f"{_MODULE}.py").is_file():
        raise HostError(
            f"{folder} holds no {_MODULE}.py",
            advice="the worker looks for that file and finds no function without it",
        )
    application = _application(_import(folder))
    try:
        if application not in _indexed:
            _indexed[application] = _functions_of(application)
    except Exception as error:
        raise HostError(f"the app in {folder} cannot be indexed: {error}", advice=_ADVICE) from error
    problems = [problem for function in _indexed[application] for problem in check_function(function)]
    if problems:
        listed = "\n  ".join(problems)
        raise HostError(
            f"the app in {folder} breaks rules of the Functions worker:\n  {listed}", advice=_ADVICE
        )
    return FunctionTable(tuple(_describe(function) for function in _indexed[application]))


def _import(folder: Path) -> ModuleType:
    root = str(folder.resolve())
    if root in sys.path:
        sys.path.remove(root)
    sys.path.insert(0, root)
    loaded = sys.modules.get(_MODULE)
    own = (f"{root}/{_MODULE}.py", f"{root}/{_MODULE}/__init__.py")
    if loaded is not None and loaded.__file__ not in own:
        for name in [name for name in sys.modules if name == _MODULE or name.startswith(_MODULE + ".")]:
            del sys.modules[name]
    importlib.invalidate_caches()
    try:
        return importlib.import_module(_MODULE)
    except Exception as error:
        raise HostError(
            f"importing the app in {folder} failed: {type(error).__name__}: {error}",
            stderr=traceback.format_exc(),
            advice=_ADVICE,
        ) from error


def _application(module: ModuleType) -> Any:
    from azure.functions import FunctionRegister

    names = [name for name in dir(module) if isinstance(getattr(module, name), FunctionRegister)]
    if not names:
        raise HostError(
            f"{module.__file__} holds no function app", advice="define `app = DFApp(...)` at its top level"
        )
    if len(names) > 1:
        raise HostError(
            f"{module.__file__} holds a function app under {len(names)} names: {', '.join(names)}",
            advice="keep exactly one name for it",
        )
    return getattr(module, names[0])


def _functions_of(application: Any) -> list[Any]:
    root = logging.getLogger()
    level = root.level
    # The SDK warns on the root logger that auth levels mean nothing without HTTP functions, which is no
    # problem.
    root.setLevel(logging.ERROR)
    try:
        return list(application.get_functions())
    finally:
        root.setLevel(level)


def _describe(function: Any) -> AppFunction:
    trigger, call = function.get_trigger(), function.get_user_function()
    bindings = function.get_bindings_dict()["bindings"]
    bound = {binding["name"] for binding in bindings}
    parameters = inspect.signature(call).parameters
    return AppFunction(
        name=function.get_function_name(),
        call=call,
        trigger=trigger.get_binding_name(),
        parameter=trigger.name,
        settings=trigger.get_dict_repr(),
        client_parameters=tuple(b["name"] for b in bindings if b["type"] == DURABLE_CLIENT),
        parameter_type=inspect.get_annotations(call, eval_str=True).get(trigger.name),
        takes_context="context" in parameters and "context" not in bound,
        is_async=inspect.iscoroutinefunction(call),
    )
