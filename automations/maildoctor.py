"""What `doctor` looks at in the mail settings: the folder, or the servers and what signs in there. Nobody is connected."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from automations.channels.presets import Server
from automations.config import Config
from automations.doctorline import Line, State, writable
from automations.errors import LedgerFailed
from automations.ledgerdoctor import ledger_fault
from automations.model import Words
from automations.visiting import trouble_name
from automations.wiring import in_project, ledger_of


def mail_lines(config: Config, environ: Mapping[str, str] = os.environ) -> Iterator[Line]:
    """Where mail goes: into a folder, or to a server that a password or a consent opens."""
    mail = config.settings.mail
    if mail.kind == "folder":
        yield from _outbox(config.root / mail.path)
        return
    server = in_project(mail.server, config)
    where: Words = {"zh": f"发信服务器 {server}", "en": f"mail server {server}"}
    yield _lacking(server, where, environ, "failed") or Line("ok", where)
    yield from _mailbox(config, environ)
    if mail.redirect_all_to:
        said = {"zh": f"所有邮件都改发给 {mail.redirect_all_to}", "en": f"every mail goes to {mail.redirect_all_to}"}
        yield Line("warning", said, {"zh": "正式使用时去掉 redirect_all_to", "en": "take redirect_all_to out to reach the readers"})


def _lacking(server: Server, where: Words, environ: Mapping[str, str], state: State) -> Line | None:
    """The password or the consent that is not there, as far as can be seen from here."""
    from automations.channels.smtp import missing_secret

    lack, name = missing_secret(server, environ, where["en"]), server.password_env
    if not lack:
        return None
    if server.consent:
        said = {"zh": f"{where['zh']}：OAuth2 授权不能用（{server.consent}）", "en": lack}
        remedy = {
            "zh": "见 config/README.zh-CN.md“用 OAuth2 登录”",
            "en": "see 'Signing in with OAuth2' in config/README.md",
        }
        return Line(state, said, remedy)
    said = {"zh": f"{where['zh']}：没有设置环境变量 {name}", "en": lack}
    return Line(state, said, {"zh": f"设置环境变量 {name}", "en": f"set {name}"})


def _mailbox(config: Config, environ: Mapping[str, str]) -> Iterator[Line]:
    """The mailbox that is asked what became of mails: what opens it, and what was wrong with it when it was last asked."""
    box = config.settings.mail.box
    if box is None:
        return
    server = in_project(box.server, config)
    where: Words = {"zh": f"发件人的邮箱 {server}", "en": f"mailbox {server}"}
    if lack := _lacking(server, where, environ, "warning"):
        yield lack
        return
    trouble = _noted(config, trouble_name(f"{server.user}@{server}"))
    if trouble:
        yield Line("warning", {"zh": f"发件人的邮箱上次查不了：{trouble}", "en": f"the mailbox could not be asked: {trouble}"})
    else:
        yield Line("ok", where)


def _noted(config: Config, name: str) -> str:
    """What a sound ledger that is there keeps under a name."""
    if not config.on_server and (not config.ledger_place.exists() or ledger_fault(config.ledger_place)):
        return ""
    with suppress(LedgerFailed), closing(ledger_of(config, looking=True)) as ledger:
        return ledger.meta(name) or ""
    return ""


def _outbox(folder: Path) -> Iterator[Line]:
    yield from writable(folder, "发件箱", "the outbox")
    if not folder.exists():
        yield Line("ok", {"zh": f"还没有发件箱；第一封邮件时建立 {folder}", "en": f"no outbox yet; the first mail makes {folder}"})
