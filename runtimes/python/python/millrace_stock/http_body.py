"""Requests and responses of routes beside the inference protocol."""

try:
    from fastapi import Request, Response
except ModuleNotFoundError:

    class Request:  # type: ignore[no-redef]
        """Marks the argument that takes a whole request: an object with `headers` and an async `body()`."""

    class Response:  # type: ignore[no-redef]
        """What a route answers, as it goes out."""

        status_code = 200

        def __init__(self, content: str, media_type: str) -> None:
            self.body = content.encode("utf-8")
            self.media_type = media_type


__all__ = ["Request", "Response"]
