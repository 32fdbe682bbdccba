"""The stand-in without sockets: a transport for `requests` on which a hang costs virtual time only."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from tests.sheets.service import Service
from tests.sheets.wire import Answer, Request


class InProcess(BaseAdapter):
    """Mount it on a session for the prefix of the stand-in's URL; what breaks a connection breaks here as `requests` would say it."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.service = service

    def send(self, request: requests.PreparedRequest, *args: Any, timeout: Any = None, **kwargs: Any) -> requests.Response:
        body = request.body or b""
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        asked = Request(
            request.method or "GET",
            request.path_url,
            headers,
            body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else b"",
        )
        return self._received(request, self.service.answer(asked), timeout)

    def _received(self, request: requests.PreparedRequest, answer: Answer, timeout: Any) -> requests.Response:
        if answer.broken == "hung":
            wait = timeout[1] if isinstance(timeout, tuple) else timeout
            assert wait is not None, "a client without a read timeout would wait for ever"
            self.service.clock.forward(wait)
            raise requests.exceptions.ReadTimeout(f"Read timed out. (read timeout={wait})", request=request)
        if answer.broken == "dropped":
            raise requests.exceptions.ConnectionError(("Connection aborted.", ConnectionResetError(104, "reset")), request=request)
        if answer.broken == "cut":
            raise requests.exceptions.ChunkedEncodingError("Connection broken: IncompleteRead", request=request)
        return _response(request, answer)

    def close(self) -> None:
        """Nothing is open."""


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code, response.url, response.request = answer.status, request.url or "", request
    response.headers = CaseInsensitiveDict(answer.headers)
    response.encoding = "utf-8"
    response._content = answer.body
    return response
