"""What answers of Azure Resource Manager say: their words, ids and waits. Pure."""

from __future__ import annotations

from typing import Any

import requests

_REQUEST_ID = "x-ms-correlation-request-id"
_RETRY_HEADERS = (("x-ms-retry-after-ms", 0.001), ("retry-after-ms", 0.001), ("Retry-After", 1.0))
_LONGEST_WAIT = 3600.0


def retry_after(response: requests.Response) -> float | None:
    """Seconds that the service asks for: Retry-After, or its milliseconds."""
    for header, unit in _RETRY_HEADERS:
        try:
            seconds = float(response.headers.get(header, "")) * unit
        except ValueError:
            continue
        if 0 <= seconds < _LONGEST_WAIT:
            return seconds
    return None


def response_words(response: requests.Response) -> str:
    """Why the service refused, in its own words."""
    try:
        words = error_words(response.json())
    except ValueError:
        words = ""
    return words or response.reason or "no reason given"


def error_words(body: Any) -> str:
    """ARM's error as a sentence: its message, and its code where that says something.

    The service behind ARM always says UserError; the code that means something is further in.
    """
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return ""
    code, message = error.get("code"), str(error.get("message") or "")
    if not code or code == "UserError":
        code = _inner_code(error)
    return f"{message} ({code})" if code else message


def _inner_code(error: dict[str, Any]) -> str | None:
    for more in error.get("additionalInfo") or ():
        if isinstance(more, dict) and more.get("type") == "InnerError":
            info = more.get("info")
            value = info.get("value") if isinstance(info, dict) else None
            if isinstance(value, dict) and value.get("code"):
                return str(value["code"])
    return None


def trace(response: requests.Response) -> str:
    """The id by which support finds a call."""
    found = response.headers.get(_REQUEST_ID) or response.headers.get("x-ms-request-id")
    return f" [correlation id {found}]" if found else ""


def connection_words(error: requests.RequestException) -> str:
    """What went wrong, without the address and headers that the library puts into its text."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "the connection could not be made in time"
    if isinstance(error, requests.Timeout):
        return "the service did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the certificate of the service is not accepted"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer was cut off"
    if isinstance(error, requests.ConnectionError):
        return "the connection failed"
    return type(error).__name__
