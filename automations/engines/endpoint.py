"""An HTTP endpoint on this machine only: /healthz for a watcher, /metrics for Prometheus."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from automations.errors import OutsideFailed
from automations.standing import Status

LOOPBACK = "127.0.0.1"


class PortTaken(OutsideFailed):
    """The port for /healthz and /metrics cannot be used."""


class Endpoint:
    """Answers with the last status it was shown, as old as that is by now; it opens no ledger of its own. Port 0 takes a free one."""

    def __init__(self, port: int, now: Callable[[], datetime]) -> None:
        self.status: Status | None = None
        self._now = now
        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), self._handler())
        except OSError as error:
            raise PortTaken(f"port {port} cannot be used ({error.strerror}); write another one under `serve: {{ port: … }}`") from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="endpoint", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str) -> tuple[int, str, str]:
        """The status code, type and text for a path."""
        status = replace(self.status, at=self._now()) if self.status else None
        if path == "/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", status.metrics() if status else ""
        if path != "/healthz":
            return 404, "text/plain; charset=utf-8", "/healthz or /metrics\n"
        data = status.data() if status else {"alive": False, "healthy": False}
        return 200 if status and status.healthy else 503, "application/json; charset=utf-8", json.dumps(data, ensure_ascii=False)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                code, kind, text = endpoint.answer(self.path.partition("?")[0])
                body = text.encode()
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
                """Asking is no decision: no line."""

        return Handler
