"""gspread pointed at the stand-in, the plain way: for tests of the stand-in itself."""

from __future__ import annotations

from typing import Any

import gspread
from google.oauth2.credentials import Credentials
from gspread.http_client import HTTPClient

from tests.sheets.server import StandIn

HOSTS = ("https://sheets.googleapis.com", "https://www.googleapis.com")


def gspread_at(google: StandIn, token: str) -> gspread.Client:
    """A gspread client with a fixed token whose every call goes to the stand-in."""

    class Rewired(HTTPClient):
        def request(self, method: str, endpoint: str, *args: Any, **kwargs: Any) -> Any:
            for host in HOSTS:
                endpoint = endpoint.replace(host, google.url, 1)
            return super().request(method, endpoint, *args, **kwargs)

    client: gspread.Client = gspread.authorize(Credentials(token), http_client=Rewired)  # type: ignore[no-untyped-call]
    client.set_timeout(10)
    return client
