"""What every channel must do; `test_channels.py` runs it for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from automations.channels.protocol import Channel, MailTaken
from automations.errors import MailFailed
from automations.model import Mail

MAIL = Mail(
    message_id="1a2b3c4d5e6f@example.cn",
    to="wang@example.cn",
    reader="王芳",
    subject="投诉 TS-20260917-003 已逾期 3 个工作小时",
    text="王芳,您好:\n\n投诉 TS-20260917-003 应于 9月28日 18:00 前确定负责人。",
    html="<p>王芳,您好:</p><p>投诉 <b>TS-20260917-003</b> 应于 9月28日 18:00 前确定负责人。</p>",
    identities=("n1",),
    sent_at=datetime(2026, 9, 28, 8, 31, 5),
)


class ChannelContract:
    """Subclasses give the fixtures `channel` and `arrived` (the message ids that went out, in order)."""

    def test_a_mail_goes_out_and_the_reply_is_told(self, channel: Channel, arrived: object) -> None:
        reply = channel.send(MAIL)

        assert reply
        assert arrived() == ["<1a2b3c4d5e6f@example.cn>"]  # type: ignore[operator]

    def test_the_ledger_is_asked_once_before_a_mail_goes_out(self, channel: Channel, arrived: object) -> None:
        asked = []

        def about_to() -> bool:
            asked.append(arrived())  # type: ignore[operator]
            return True

        channel.send(MAIL, about_to)

        assert asked == [[]]
        assert arrived() == ["<1a2b3c4d5e6f@example.cn>"]  # type: ignore[operator]

    def test_a_mail_that_somebody_else_has_does_not_go_out(self, channel: Channel, arrived: object) -> None:
        with pytest.raises(MailTaken):
            channel.send(MAIL, lambda: False)
        channel.send(replace(MAIL, message_id="second@example.cn"))

        assert arrived() == ["<second@example.cn>"]  # type: ignore[operator]

    def test_a_mail_with_a_bad_recipient_is_refused_before_the_ledger_is_asked(self, channel: Channel) -> None:
        with pytest.raises(MailFailed, match="is not one e-mail address"):
            channel.send(replace(MAIL, to="wang"), lambda: pytest.fail("asked"))

    def test_two_mails_of_one_minute_to_one_reader_both_go_out(self, channel: Channel, arrived: object) -> None:
        channel.send(MAIL)
        channel.send(replace(MAIL, message_id="1a2b3c4d-second@example.cn"))

        assert sorted(arrived()) == ["<1a2b3c4d-second@example.cn>", "<1a2b3c4d5e6f@example.cn>"]  # type: ignore[operator]

    @pytest.mark.parametrize("address", ["", "wang", "wang@", "a@example.cn, b@example.cn", "wang@example.cn\nBcc: all@example.cn"])
    def test_a_recipient_that_is_not_one_address_fails_that_mail_only(self, channel: Channel, arrived: object, address: str) -> None:
        with pytest.raises(MailFailed) as failed:
            channel.send(replace(MAIL, to=address))
        channel.send(MAIL)

        assert str(failed.value) == (
            f"mail 1a2b3c4d5e6f@example.cn to 王芳: the recipient {address!r} is not one e-mail address such as name@example.cn; "
            "correct it where it is written."
        )
        assert arrived() == ["<1a2b3c4d5e6f@example.cn>"]  # type: ignore[operator]

    def test_a_channel_may_be_used_again_after_a_batch(self, channel: Channel, arrived: object) -> None:
        channel.close()
        channel.send(MAIL)
        channel.close()

        assert arrived() == ["<1a2b3c4d5e6f@example.cn>"]  # type: ignore[operator]

    def test_a_channel_has_a_name(self, channel: Channel) -> None:
        assert channel.name.islower()


class NeverTwiceContract(ChannelContract):
    """For channels that say `never_twice`."""

    def test_the_same_message_id_goes_out_once(self, channel: Channel, arrived: object) -> None:
        channel.send(MAIL)

        assert channel.send(MAIL) == "already there"
        assert channel.send(replace(MAIL, subject="another subject")) == "already there"
        assert arrived() == ["<1a2b3c4d5e6f@example.cn>"]  # type: ignore[operator]
