"""Libraries that models need and an interpreter may not have."""

import importlib
import sys
from types import ModuleType

from .not_loadable import NotLoadable


def require(module: str, package: str, runtime: str) -> ModuleType:
    """Imports `module`, or says which package to install into which interpreter.

    Raises NotLoadable only where the library itself is missing; what goes wrong inside it is raised as it is.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module + ".").startswith(error.name + "."):
            raise
        raise NotLoadable(
            f"{runtime} needs the Python package {package}, which {sys.executable} does not have; install it with "
            f"`{sys.executable} -m pip install {package}`, or name another interpreter"
        ) from error
