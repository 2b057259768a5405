"""Models of well-known libraries. `implementation` is a class of `millrace_stock`; the rest is as for `mlserver`."""

from millrace_stock.pickle_gate import pickle_of

from ..adapter import Adapter, Host, LoadSpec, ServingError
from . import mlserver


def create(spec: LoadSpec, host: Host) -> Adapter:
    refuse_pickles(spec)
    return mlserver.create(spec._replace(kind="mlserver", implementation=f"millrace_stock.{spec.implementation}"), host)


def refuse_pickles(spec: LoadSpec) -> None:
    """Raises ServingError FAILED_PRECONDITION for a pickle that nobody has allowed. The server has looked before."""
    parameters = spec.settings.get("parameters") or {}
    uri = parameters.get("uri") or spec.folder
    pickle = None if spec.allows_pickle else pickle_of(spec.implementation, uri, parameters.get("extra") or {})
    if pickle is not None:
        raise ServingError(
            "FAILED_PRECONDITION",
            f"{pickle} may hold a pickle, which runs whatever code it holds when it is opened; to allow that, set "
            "allow_pickle in the server's settings, MILLRACE_ALLOW_PICKLE=true or --allow-pickle",
        )
