"""Errors with the HTTP status that a client gets."""

from typing import Optional


class MLServerError(Exception):
    """An error for the client, by default 400."""

    def __init__(self, msg: str, status_code: int = 400):
        super().__init__(msg)
        self.status_code = status_code


class InvalidModelURI(MLServerError):
    def __init__(self, name: str, model_uri: Optional[str] = None):
        place = f" ({model_uri})" if model_uri else ""
        super().__init__(f"Invalid URI specified for model {name}{place}", 422)


def _named(name: str, version: Optional[str]) -> str:
    return f"Model {name}" if version is None else f"Model {name} with version {version}"


class ModelNotFound(MLServerError):
    def __init__(self, name: str, version: Optional[str] = None):
        super().__init__(f"{_named(name, version)} not found", 404)


class ModelNotReady(MLServerError):
    def __init__(self, name: str, version: Optional[str] = None):
        super().__init__(f"{_named(name, version)} is not ready yet.", 400)


class InferenceError(MLServerError):
    def __init__(self, msg: str):
        super().__init__(msg, 400)


class ModelParametersMissing(MLServerError):
    def __init__(self, model_name: str):
        super().__init__(f"Parameters missing for model {model_name}", 400)
