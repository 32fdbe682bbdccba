"""What a mail carries beside its words: attachments, a list's name, and where an answer goes."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import SMTP, compat32, default
from email.utils import collapse_rfc2231_value

import pytest

from automations.channels.message import CHINA, compose
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import RunStart
from automations.model import Attachment, Mail
from automations.notices import domain_of
from tests.contracts.channels import MAIL
from tests.scene import CUSTOMERS, STAFF, scene, settings
from tests.smtpscene import parsed

SENDER = "表管家 <rowkeeper@example.cn>"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FILE = Attachment("客户投诉登记表（2026年9月）第一版 最终稿.docx", WORD, bytes(range(256)) * 3)


def carried(*files: Attachment) -> list[Message]:
    """The attachments as an old mail program sees them, after checking what a strict one sees."""
    content = compose(replace(MAIL, attachments=files), SENDER)
    assert content.isascii()
    assert max(map(len, content.splitlines())) <= 998
    strict = message_from_bytes(content, policy=default)
    assert isinstance(strict, EmailMessage)
    assert [part.defects for part in strict.walk()] == [[]] * len(list(strict.walk()))
    assert [part.get_content_type() for part in strict.iter_attachments()] == [file.media_type for file in files]
    assert [part.get_payload(decode=True) for part in strict.iter_attachments()] == [file.content for file in files]
    plain = message_from_bytes(content, policy=compat32)
    return list(plain.walk())[-len(files) :]


def names(part: Message) -> tuple[str, str]:
    """The name of a file in the spelling of RFC 2231 and in that of RFC 2047."""
    old = str(make_header(decode_header(str(part.get_param("name")))))
    return collapse_rfc2231_value(part.get_param("filename", header="content-disposition")), old  # type: ignore[arg-type]


def test_a_word_file_with_a_chinese_name_arrives_whole_under_its_name_in_old_and_new_programs() -> None:
    assert [names(part) for part in carried(FILE, Attachment("a b.txt", "text/plain", b"x"))] == [(FILE.name,) * 2, ("a b.txt",) * 2]


@pytest.mark.parametrize(
    ("name", "arrives"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ('a"; filename=evil.exe\r\nBcc: all@example.cn', "a_; filename=evil.exe Bcc_ all@example.cn"),
        ("", "attachment"),
        ("表" * 300 + ".xlsx", "表" * 70 + ".xlsx"),
    ],
)
def test_a_file_name_is_never_a_path_a_header_or_too_long(name: str, arrives: str) -> None:
    assert [names(part) for part in carried(Attachment(name, "text/plain", b"x"))] == [(arrives,) * 2]


def test_a_mail_with_files_is_the_same_bytes_every_time() -> None:
    mail = replace(MAIL, attachments=(FILE,))

    assert compose(mail, SENDER) == compose(mail, SENDER)


def by_the_library(mail: Mail) -> bytes:
    """The same message put together by the standard library, part by part."""
    message = EmailMessage(policy=SMTP.clone(refold_source="none"))
    message["From"], message["To"] = Address("表管家", addr_spec="rowkeeper@example.cn"), Address(mail.reader, addr_spec=mail.to)
    message["Subject"], message["Date"] = mail.subject, mail.sent_at.replace(tzinfo=CHINA)
    message["Message-ID"] = f"<{mail.message_id}>"
    message["Auto-Submitted"], message["X-Auto-Response-Suppress"], message["MIME-Version"] = "auto-generated", "All", "1.0"
    message.set_content(mail.text, cte="base64")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="base64")
        message.set_boundary(parsed(compose(replace(mail, attachments=()), SENDER)).get_boundary() or "")
    return message.as_bytes()


SUBJECT = re.compile(rb"^Subject: .*?\r\n(?! )", re.M | re.S)


def _without_subject(message: bytes) -> bytes:
    """Where a long subject is folded is ours to say, so it is looked at by itself."""
    return SUBJECT.sub(b"", message, count=1)


@pytest.mark.parametrize("subject", ["TS-1", "投诉 TS-20260917-003 已逾期 3 个工作小时，" * 6, "a" * 200, "=?utf-8?q?x", " 。 " * 40])
@pytest.mark.parametrize("html", ["", "<p>王芳</p>\r\n" * 40])
def test_a_message_is_what_the_standard_library_would_make_of_it(subject: str, html: str) -> None:
    mail = replace(MAIL, subject=" ".join(subject.split()).replace("=?", "= ?"), text="王\n\r.\r\nx\u2028y\n", html=html)

    ours, by_hand = compose(mail, SENDER), by_the_library(mail).replace(b"base64\r\nMIME-Version: 1.0", b"base64")
    assert _without_subject(ours) == _without_subject(by_hand)
    assert parsed(ours)["Subject"] == parsed(by_hand)["Subject"] == mail.subject
    folded = SUBJECT.findall(ours)[0].split(b"\r\n")
    assert all(len(line) <= 76 for line in folded) or subject == "a" * 200, "an encoded word has at most 75 characters"
    for word in re.findall(rb"=\?utf-8\?b\?(.*?)\?=", b"".join(folded)):
        base64.b64decode(word).decode("utf-8")  # no character is cut in two


def test_the_text_and_the_page_stay_the_body_beside_files() -> None:
    message = parsed(compose(replace(MAIL, attachments=(FILE,)), SENDER))

    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        WORD,
    ]


@pytest.mark.parametrize(("name", "header"), [("weekly.example.cn", "<weekly.example.cn>"), ("a>\r\nBcc: x@y", "<a-Bcc-x-y>"), ("", None)])
def test_a_digest_names_its_list_and_a_notice_does_not(name: str, header: str | None) -> None:
    assert parsed(compose(replace(MAIL, list_id=name), SENDER))["List-Id"] == header


def test_files_and_the_name_of_a_list_are_kept_in_the_ledger() -> None:
    ledger, mail = MemoryLedger(), replace(MAIL, attachments=(FILE,), list_id="weekly.example.cn")
    ledger.put_mails(ledger.begin_run(RunStart("sweep", "book", MAIL.sent_at, "", "")), [mail])

    assert [record.mail for record in ledger.pending_mails()] == [mail]


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        (SENDER, "example.cn"),
        ("rowkeeper@mail.example.com", "mail.example.com"),
        ("rowkeeper@localhost", "rowkeeper.invalid"),
        ("表管家 <rowkeeper@表.cn>", "rowkeeper.invalid"),
        ("", "rowkeeper.invalid"),
    ],
)
def test_message_ids_are_of_the_domain_mail_is_sent_from(sender: str, domain: str) -> None:
    assert domain_of(sender) == domain


def mails_of(staff: str) -> list[Mail]:
    config = settings()
    stage = scene(
        config=config,
        customers=CUSTOMERS,
        staff=staff,
        complaints="""
        complaint_no | received_at      | customer_id | content | recorded_by | category | severity | complexity
        TS-1         | 2025-09-26 16:30 | KH-1        | 有异味  | YG-01       | 质量问题 | 一般投诉 | 一般问题
        """,
    )
    stage.run("2025-09-26 17:00")
    stage.run("2025-09-29 10:00")
    return stage.sent


def of_complaints(mail: Mail) -> bool:
    return all(identity.startswith("complaint-handling|") for identity in mail.identities)


def test_an_answer_goes_to_the_owner_of_the_policy_and_the_ids_are_of_the_sender_s_domain() -> None:
    sent = mails_of(STAFF)

    assert {mail.reply_to for mail in sent if of_complaints(mail)} == {"wang@example.com"}
    assert {mail.message_id.rpartition("@")[2] for mail in sent} == {"example.com>"}


def test_without_an_owner_at_work_there_is_no_address_for_answers() -> None:
    sent = mails_of(STAFF.replace("市场部部长", "统计员"))

    assert {mail.reply_to for mail in sent if of_complaints(mail)} == {""}
