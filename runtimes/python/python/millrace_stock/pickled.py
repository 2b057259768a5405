"""Objects from files of joblib and pickle."""

import sys
from typing import Any

from .library import require
from .not_loadable import NotLoadable


def open_pickle(file: str, runtime: str) -> Any:
    """What the file holds. Raises NotLoadable if it is damaged, or was written with other libraries than are here.

    Opening it runs whatever code it holds; that somebody allowed this is checked before a model is made.
    """
    joblib = require("joblib", "joblib", runtime)
    try:
        return joblib.load(file)
    except Exception as error:
        # A damaged file asks for modules as well, of any name.
        if isinstance(error, ModuleNotFoundError) and str(error.name).replace(".", "_").isidentifier():
            text = f"{file} needs the Python module {error.name}, which {sys.executable} does not have"
            raise NotLoadable(text) from error
        raise NotLoadable(
            f"{file} cannot be opened by {sys.executable}: {type(error).__name__}: {error}; a pickle opens with the "
            "versions of the libraries that it was written with"
        ) from error
