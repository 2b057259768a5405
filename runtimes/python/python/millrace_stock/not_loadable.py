"""The error of a model that cannot be loaded as it is configured."""

from mlserver.errors import MLServerError


class NotLoadable(MLServerError):
    """The files, the settings or the interpreter do not suit the model; the text says which and what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 422)
