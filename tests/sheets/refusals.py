"""The error bodies of the Sheets, Drive and token services, word for word where the real words are known."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
INFO = "type.googleapis.com/google.rpc.ErrorInfo"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}
PROTECTED = {
    "en": "You are trying to edit a protected cell or object."
    " Please contact the spreadsheet owner to remove protection if you need to edit.",
    "es": "Estás intentando editar una celda o un objeto protegidos. Para editar, pide al propietario de la hoja que quite la protección.",
    "zh": "您正在尝试修改受保护的单元格或对象。如果您需要修改，请与电子表格所有者联系以取消保护。",
}


class Refused(Exception):
    """The service says no: an HTTP code, a message, and details as Google gives them."""

    def __init__(self, code: int, message: str, details: list[Json] | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.details, self.reason = code, message, details or [], reason

    def body(self) -> Json:
        error: Json = {"code": self.code, "message": self.message}
        if self.reason:
            error["errors"] = [{"message": self.message, "domain": "global", "reason": self.reason}]
        error["status"] = STATUS.get(self.code, "UNKNOWN")
        if self.details:
            error["details"] = self.details
        return {"error": error}


def invalid(message: str) -> Refused:
    return Refused(400, message)


def bad_fields(problems: list[tuple[str, str]]) -> Refused:
    """A body or parameter that does not fit the schema: every violation is listed, and their texts make the message."""
    violations = [{"field": field, "description": text} if field else {"description": text} for field, text in problems]
    return Refused(400, "\n".join(text for _, text in problems), [{"@type": BAD_REQUEST, "fieldViolations": violations}])


def missing() -> Refused:
    return Refused(404, "Requested entity was not found.")


def forbidden() -> Refused:
    return Refused(403, "The caller does not have permission")


def unauthenticated() -> Refused:
    text = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication"
        " credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return Refused(401, text)


def narrow_scope(service: str, method: str) -> Refused:
    info = {
        "@type": INFO,
        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com",
        "metadata": {"service": service, "method": method},
    }
    return Refused(403, "Request had insufficient authentication scopes.", [info])


def switched_off(project: str) -> Refused:
    text = (
        f"Google Sheets API has not been used in project {project} before or it is disabled. Enable it by visiting"
        f" https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project={project} then retry. If you enabled"
        " this API recently, wait a few minutes for the action to propagate to our systems and retry."
    )
    metadata = {"service": "sheets.googleapis.com", "consumer": f"projects/{project}"}
    return Refused(403, text, [{"@type": INFO, "reason": "SERVICE_DISABLED", "domain": "googleapis.com", "metadata": metadata}])


def exhausted(kind: str, scope: str, limit: int, project: str) -> Refused:
    """`kind` is Read or Write, `scope` is `per user` or nothing: which of the two limits of a minute is used up."""
    text = (
        f"Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per minute{' ' + scope if scope else ''}'"
        f" of service 'sheets.googleapis.com' for consumer 'project_number:{project}'."
    )
    metadata = {
        "service": "sheets.googleapis.com",
        "quota_metric": f"sheets.googleapis.com/{kind.lower()}_requests",
        "quota_limit": f"{kind}RequestsPerMinutePer{'User' if scope else 'Project'}",
        "quota_limit_value": str(limit),
        "consumer": f"projects/{project}",
        "quota_location": "global",
    }
    return Refused(429, text, [{"@type": INFO, "reason": "RATE_LIMIT_EXCEEDED", "domain": "googleapis.com", "metadata": metadata}])


def protected(place: str, language: str = "en") -> Refused:
    """A protected cell is a 400 in the language of the account, never a 403."""
    return invalid(f"Invalid {place}: {PROTECTED[language]}")
