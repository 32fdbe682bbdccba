"""The routes of Drive v3 a client of spreadsheets needs: files, copies, exports, permissions, comments."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from tests.sheets import masks, values
from tests.sheets.a1 import Box
from tests.sheets.book import Book
from tests.sheets.caller import Caller, Sharing
from tests.sheets.clock import START
from tests.sheets.drive import Drive, File
from tests.sheets.refusals import Json, Refused
from tests.sheets.routing import Asked
from tests.sheets.wire import Answer

MIME = "application/vnd.google-apps.spreadsheet"
PLAIN = masks.parse("kind,id,name,mimeType")
TERM = re.compile(r"(name|mimeType|trashed)\s*(=|contains)\s*(?:'((?:[^'\\]|\\.)*)'|\"([^\"]*)\"|(true|false))")
Blank = Callable[[Json, list[Json]], Book]
RANKS = ("reader", "commenter", "writer", "owner")


def carry_out(drive: Drive, caller: Caller, asked: Asked, now: float, blank: Blank) -> Json | Answer | None:
    """Do a Drive call; None is an answer without a body."""
    name = asked.route.name.removeprefix("drive.")
    if name == "files.list":
        return files_list(drive, caller, asked, now)
    if name == "files.create":
        return _shown(_new(drive, caller, blank({"title": asked.body.get("name")}, [])), caller, asked, now)
    file = _file(drive, caller, asked.parameters.get("fileId", ""))
    if name not in ON_FILE:
        raise Refused(501, f"The stand-in does not do {asked.route.name} yet.")
    return ON_FILE[name](drive, file, caller, asked, now)


def _file(drive: Drive, caller: Caller, file_id: str) -> File:
    """A file the caller may see; Drive says 404 for the others, where Sheets says 403."""
    file = drive.files.get(file_id)
    if file is None or not file.sharing.role(caller.email):
        raise Refused(404, f"File not found: {file_id}.", reason="notFound")
    return file


def _needs(file: File, caller: Caller, role: str) -> None:
    if RANKS.index(file.sharing.role(caller.email)) < RANKS.index(role):
        text = "The user does not have sufficient permissions for this file."
        raise Refused(403, text, reason="insufficientFilePermissions")


def _new(drive: Drive, caller: Caller, book: Book) -> File:
    return drive.add(book, Sharing({caller.email: "owner"}))


def _shown(file: File, caller: Caller, asked: Asked, now: float) -> Json:
    return dict(masks.keep(resource(file, caller, now), asked.mask or PLAIN))


def resource(file: File, caller: Caller, now: float) -> Json:
    """A file as Drive describes it, `version` and `modifiedTime` lagging."""
    changed, version = file.version(now)
    moment = START + timedelta(seconds=max(changed, 0.0))
    owners = [email for email, role in file.sharing.roles.items() if role == "owner"]
    role = file.sharing.role(caller.email)
    return {
        "kind": "drive#file",
        "id": file.book.spreadsheet_id,
        "name": file.book.title,
        "mimeType": MIME,
        "version": str(version),
        "createdTime": stamp(START),
        "modifiedTime": stamp(moment),
        "trashed": file.trashed,
        "capabilities": {"canEdit": role in ("owner", "writer"), "canComment": role != "reader", "canShare": role in ("owner", "writer")},
        "owners": [{"kind": "drive#user", "emailAddress": email, "displayName": email.partition("@")[0]} for email in owners],
    }


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def files_list(drive: Drive, caller: Caller, asked: Asked, now: float) -> Json:
    """Files the caller has a role on, newest first, by the query, in pages."""
    hits = [file for file in drive.files.values() if caller.email in file.sharing.roles and _fits(file, asked.parameters.get("q", ""))]
    size, start = asked.parameters.get("pageSize") or 100, int(asked.parameters.get("pageToken") or 0)
    page = [resource(file, caller, now) for file in reversed(hits)][start : start + size]
    more = {"nextPageToken": str(start + size)} if start + size < len(hits) else {}
    plain = [masks.keep(one, PLAIN) for one in page] if not asked.mask else page
    return {"kind": "drive#fileList", "incompleteSearch": False, "files": plain, **more}


def _fits(file: File, query: str) -> bool:
    """Terms on name, mimeType and trashed joined by `and`; anything else is refused as Drive refuses it."""
    if TERM.sub("", query).replace("and", "").strip():
        raise Refused(400, "Invalid Value", reason="invalid")
    have = {"name": file.book.title, "mimeType": MIME, "trashed": str(file.trashed).lower()}
    for name, verb, single, double, bare in TERM.findall(query):
        wanted = re.sub(r"\\(.)", r"\1", single) or double or bare
        if not (have[name] == wanted or (verb == "contains" and wanted in have[name])):
            return False
    return True


def get(drive: Drive, file: File, caller: Caller, asked: Asked, now: float) -> Json:
    return _shown(file, caller, asked, now)


def copy(drive: Drive, file: File, caller: Caller, asked: Asked, now: float) -> Json:
    """A copy has the same developer metadata, with the same ids."""
    book = file.book.copied()
    book.spreadsheet_id, book.title = drive.fresh_id(), asked.body.get("name") or f"Copy of {book.title}"
    return _shown(_new(drive, caller, book), caller, asked, now)


def update(drive: Drive, file: File, caller: Caller, asked: Asked, now: float) -> Json:
    _needs(file, caller, "writer")
    book = file.book.copied()
    book.title = asked.body.get("name") or book.title
    file.trashed = asked.body.get("trashed", file.trashed)
    file.save(book, now)
    return _shown(file, caller, asked, now)


def delete(drive: Drive, file: File, caller: Caller, asked: Asked, now: float) -> None:
    _needs(file, caller, "owner")
    del drive.files[file.book.spreadsheet_id]


def export(drive: Drive, file: File, caller: Caller, asked: Asked, now: float) -> Answer:
    """The first tab as CSV; other formats are refused."""
    if asked.parameters.get("mimeType") != "text/csv":
        raise Refused(400, "The requested conversion is not supported.", reason="badRequest")
    sheet = file.book.first_visible()
    rows = values.read(file.book, sheet, Box(), {}).get("values", [])
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return Answer(200, out.getvalue().removesuffix("\r\n").encode(), {"Content-Type": "text/csv"})


def permissions_list(drive: Drive, file: File, caller: Caller, asked: Asked, now: float) -> Json:
    _needs(file, caller, "writer")
    people = [permission(email, role) for email, role in file.sharing.roles.items()]
    everybody = [permission("anyone", file.sharing.anyone)] if file.sharing.anyone else []
    page = people + everybody
    plain = masks.parse("id,type,kind,role")
    return {"kind": "drive#permissionList", "permissions": page if asked.mask else [masks.keep(one, plain) for one in page]}


def permission(email: str, role: str) -> Json:
    if email == "anyone":
        return {"kind": "drive#permission", "id": "anyoneWithLink", "type": "anyone", "role": role}
    return {"kind": "drive#permission", "id": f"id-{email}", "type": "user", "role": role, "emailAddress": email}


def permissions_create(drive: Drive, file: File, caller: Caller, asked: Asked, now: float) -> Json:
    _needs(file, caller, "writer")
    kind, role = asked.body.get("type"), asked.body.get("role", "")
    email = "anyone" if kind == "anyone" else asked.body.get("emailAddress", "")
    _share(file, email, role)
    shown = permission(email, role)
    return dict(shown if asked.mask else masks.keep(shown, masks.parse("kind,id,type,role")))


def _share(file: File, email: str, role: str) -> None:
    roles = dict(file.sharing.roles)
    if email != "anyone":
        roles[email] = role
    file.sharing = Sharing(roles, role if email == "anyone" else file.sharing.anyone)


def permissions_delete(drive: Drive, file: File, caller: Caller, asked: Asked, now: float) -> None:
    _needs(file, caller, "writer")
    roles = {email: role for email, role in file.sharing.roles.items() if f"id-{email}" != asked.parameters["permissionId"]}
    anyone = "" if asked.parameters["permissionId"] == "anyoneWithLink" else file.sharing.anyone
    file.sharing = Sharing(roles, anyone)


def comments_list(drive: Drive, file: File, caller: Caller, asked: Asked, now: float) -> Json:
    if not asked.mask:
        raise Refused(400, "The 'fields' parameter is required for this method.", reason="required")
    return {"kind": "drive#commentList", "comments": []}


ON_FILE: dict[str, Callable[[Drive, File, Caller, Asked, float], Json | Answer | None]] = {
    "files.get": get,
    "files.copy": copy,
    "files.update": update,
    "files.delete": delete,
    "files.export": export,
    "permissions.list": permissions_list,
    "permissions.create": permissions_create,
    "permissions.delete": permissions_delete,
    "comments.list": comments_list,
}
