"""The channels: the contract for each, the message as it travels, and the folder with its list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from automations.channels.folder import FolderChannel, file_stem
from automations.channels.memory import MemoryChannel
from automations.channels.message import compose, message_id
from automations.channels.protocol import Channel
from automations.errors import MailFailed
from tests.contracts.channels import MAIL, NeverTwiceContract

SENDER = "表管家 <rowkeeper@example.cn>"


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


class TestFolderChannel(NeverTwiceContract):
    @pytest.fixture
    def channel(self, tmp_path: Path) -> Channel:
        return FolderChannel(tmp_path / "outbox", SENDER)

    @pytest.fixture
    def arrived(self, tmp_path: Path) -> Callable[[], list[str]]:
        return lambda: [parsed(path.read_bytes())["Message-ID"] for path in sorted((tmp_path / "outbox").glob("*.eml"))]


class TestMemoryChannel(NeverTwiceContract):
    @pytest.fixture
    def channel(self) -> MemoryChannel:
        return MemoryChannel(SENDER)

    @pytest.fixture
    def arrived(self, channel: MemoryChannel) -> Callable[[], list[str]]:
        return lambda: [message_id(mail) for mail in channel.sent]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def headers(message: EmailMessage) -> dict[str, str]:
    return {name: str(value) for name, value in message.items() if name not in ("MIME-Version", "Content-Type")}


def test_a_message_carries_who_when_and_that_no_person_wrote_it() -> None:
    message = parsed(compose(replace(MAIL, reply_to="质量部 <qc@example.cn>"), SENDER))

    assert headers(message) == {
        "From": "表管家 <rowkeeper@example.cn>",
        "To": "王芳 <wang@example.cn>",
        "Reply-To": "质量部 <qc@example.cn>",
        "Subject": MAIL.subject,
        "Date": "Mon, 28 Sep 2026 08:31:05 +0800",
        "Message-ID": "<1a2b3c4d5e6f@example.cn>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert ["\n".join(part.get_content().splitlines()) for part in message.iter_parts()] == [MAIL.text, MAIL.html]


def test_a_message_composed_twice_is_the_same_bytes() -> None:
    assert compose(MAIL, SENDER) == compose(MAIL, SENDER)


def test_a_message_without_html_is_plain_text() -> None:
    assert parsed(compose(replace(MAIL, html=""), SENDER)).get_content_type() == "text/plain"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\x0b", "\u2028", "\x00\n"])
def test_a_cell_cannot_add_a_header(line_break: str) -> None:
    evil = f"TS-1{line_break}Bcc: all@example.cn"
    mail = replace(MAIL, subject=evil, reader=evil, message_id=f"m1{line_break}Bcc:x@example.cn")

    message = parsed(compose(mail, SENDER))

    assert message["Subject"] == "TS-1 Bcc: all@example.cn"
    assert set(headers(message)) == {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"}
    assert [address.addr_spec for address in message["To"].addresses] == ["wang@example.cn"]


def test_half_a_character_in_a_cell_does_not_stop_the_mail() -> None:
    message = parsed(compose(replace(MAIL, subject="TS-1 \ud83d", text="坏字 \ud83d 在此"), SENDER))

    assert (message["Subject"], next(message.iter_parts()).get_content()) == ("TS-1", "坏字 ? 在此\r\n")


@pytest.mark.parametrize(
    ("reader", "stem"),
    [
        ("王芳", "20260928-0831-1a2b3c4d-王芳"),
        ("../../x", "20260928-0831-1a2b3c4d-x"),
        ("/etc/passwd", "20260928-0831-1a2b3c4d-etc-passwd"),
        ("role:市场部部长", "20260928-0831-1a2b3c4d-role-市场部部长"),
        ("C:\\x\x00.html", "20260928-0831-1a2b3c4d-C-x-html"),
        ("...", "20260928-0831-1a2b3c4d-reader"),
        ("", "20260928-0831-1a2b3c4d-reader"),
        ("长" * 300, "20260928-0831-1a2b3c4d-" + "长" * 40),
    ],
)
def test_a_file_name_tells_time_mail_and_reader_and_is_never_a_path(reader: str, stem: str) -> None:
    assert file_stem(replace(MAIL, reader=reader)) == stem


def test_a_mail_becomes_three_files(folder: Path) -> None:
    reply = FolderChannel(folder, SENDER).send(MAIL)

    stem = "20260928-0831-1a2b3c4d-王芳"
    assert reply == f"{stem}.eml"
    assert names(folder) == [f"{stem}.eml", f"{stem}.html", "index.html"]
    assert (folder / f"{stem}.html").read_text("utf-8-sig") == MAIL.html
    assert (folder / f"{stem}.eml").read_bytes() == compose(MAIL, SENDER)


def test_a_mail_sent_again_changes_no_file_even_in_another_program(folder: Path) -> None:
    early, late = FolderChannel(folder, SENDER), FolderChannel(folder, SENDER)
    late.send(replace(MAIL, message_id="other@example.cn"))
    early.send(MAIL)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert late.send(replace(MAIL, text="changed", html="changed")) == "already there"
    assert FolderChannel(folder, SENDER).send(replace(MAIL, sent_at=MAIL.sent_at + timedelta(days=1))) == "already there"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_very_long_message_id_is_known_again(folder: Path) -> None:
    mail = replace(MAIL, message_id="notice-" + "x" * 150 + "@example.cn")
    FolderChannel(folder, SENDER).send(mail)

    assert FolderChannel(folder, SENDER).send(mail) == "already there"


def test_the_list_shows_every_mail_of_the_folder_newest_first(folder: Path) -> None:
    FolderChannel(folder, SENDER).send(MAIL)
    channel = FolderChannel(folder, SENDER)
    channel.send(replace(MAIL, message_id="later", subject="<b>A & B</b>", reader="李雷", sent_at=datetime(2026, 9, 30, 9, 0)))

    page = (folder / "index.html").read_text("utf-8")

    assert "共 2 封，1 位收件人，最近一封 2026-09-30 09:00" in page
    assert page.index("2026年9月30日 星期三") < page.index("&lt;b&gt;A &amp; B&lt;/b&gt;") < page.index("2026年9月28日 星期一")
    assert 'href="20260928-0831-1a2b3c4d-%E7%8E%8B%E8%8A%B3.eml"' in page
    assert "<b>A" not in page


def test_the_list_made_from_the_files_alone_is_the_same(folder: Path) -> None:
    channel = FolderChannel(folder, SENDER)
    subjects = ["投诉 TS-1 已逾期 3 个工作小时，请尽快处理并填写解决时间和责任部门", "a\nb", "", "Grüße, <i>x</i> & 符号"]
    readers = ["王芳", "", "role:市场部部长", 'O"Neil, (x)']
    for number, (subject, reader) in enumerate(zip(subjects, readers, strict=True)):
        moment = MAIL.sent_at + timedelta(microseconds=7 - number)
        channel.send(replace(MAIL, message_id=f"{number}", subject=subject, reader=reader, sent_at=moment))
    before = (folder / "index.html").read_bytes()

    FolderChannel(folder, SENDER).close()

    assert (folder / "index.html").read_bytes() == before


def test_the_list_forgets_a_mail_that_was_deleted_and_finds_one_that_was_put_there(folder: Path) -> None:
    channel = FolderChannel(folder, SENDER)
    channel.send(MAIL)
    (folder / "20260928-0831-1a2b3c4d-王芳.eml").unlink()
    (folder / "by-hand.eml").write_bytes(b"Subject: by hand\r\nDate: Thu, 01 Oct 2026 10:00:00 +0800\r\n\r\n")
    (folder / "broken.eml").write_bytes(b"\xff\xfe")

    channel.close()

    page = (folder / "index.html").read_text("utf-8")
    assert "by hand" in page
    assert "broken.eml" in page
    assert "TS-20260917-003" not in page


def test_the_list_of_a_large_folder_is_whole_after_the_batch(folder: Path) -> None:
    channel = FolderChannel(folder, SENDER)
    for number in range(250):
        channel.send(replace(MAIL, message_id=f"{number:08}@example.cn"))

    channel.close()

    assert (folder / "index.html").read_text("utf-8").count('class="subject"') == 250


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")

    with pytest.raises(MailFailed) as failed:
        FolderChannel(tmp_path / "outbox", SENDER).send(MAIL)

    assert str(failed.value) == (
        f"mail folder {tmp_path / 'outbox'}: File exists; give this user the right to write there, free some space, or name another folder."
    )


def test_a_sender_without_an_address_is_named() -> None:
    with pytest.raises(MailFailed, match="the sender '表管家' is not one e-mail address"):
        MemoryChannel("表管家").send(MAIL)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "late",
        "投诉",
        "[即将到期] 客户投诉 TS-1：" + "确定受理部门和负责人" * 20,
        "a" * 38 + "中" + "b" * 200,
        "𠮷" * 60,
        " 前后空格 ",
        "=?utf-8?b?5Y+X?= 像编码的字",
    ],
)
def test_a_subject_of_any_length_arrives_as_it_was_written_in_lines_every_server_takes(subject: str) -> None:
    message = compose(replace(MAIL, subject=subject), SENDER)

    assert parsed(message)["Subject"] == subject.strip().replace("=?", "= ?")
    assert max(map(len, message.partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78
