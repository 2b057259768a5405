"""Loads the model that the server asks for, and tells what it is."""

import importlib
import importlib.util
import os
import sys
from typing import Dict, List, Tuple

from .adapter import Adapter, Host, LoadSpec, ServingError

SHIM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "mlserver_shim")


def read_spec(header: Dict) -> LoadSpec:
    return LoadSpec(**header)


def prepare_imports(spec: LoadSpec) -> None:
    """Puts the model's folders on the path, and our `mlserver` where there is no other."""
    for path in reversed(spec.import_paths):
        if path not in sys.path:
            sys.path.insert(0, path)
    importlib.invalidate_caches()
    # The model's folder may be watched, compared by digest, or not be writable.
    sys.dont_write_bytecode = True
    if importlib.util.find_spec("mlserver") is None:
        sys.path.append(SHIM)


def create_adapter(spec: LoadSpec, host: Host) -> Adapter:
    if not spec.kind.isidentifier():
        raise ServingError("INVALID_ARGUMENT", f"adapter {spec.kind!r} is not a module's name")
    adapter = importlib.import_module(f"millrace_host.adapters.{spec.kind}")
    return adapter.create(spec, host)


async def load(spec: LoadSpec, host: Host) -> Tuple[Adapter, Dict]:
    """The loaded model, and what the server is told about it."""
    prepare_imports(spec)
    adapter = create_adapter(spec, host)
    is_ready = await adapter.load()
    return adapter, {
        "is_ready": bool(is_ready),
        "inputs": metadata(adapter.inputs),
        "outputs": metadata(adapter.outputs),
        "routes": [[route.method.upper(), route.path] for route in adapter.routes],
    }


def metadata(tensors) -> List:
    if tensors is None:
        return None
    return [[tensor.name, tensor.datatype, list(tensor.shape), tensor.parameters] for tensor in tensors]
