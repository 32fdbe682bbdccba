"""`outbox`: what left, what waits, and a person's word on the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import runner
from automations.asking import NotThere
from automations.channels.memory import MemoryChannel
from automations.channels.protocol import AboutTo, MailUncertain, MailWaits, at_will
from automations.config import load
from automations.doctor import doctor
from automations.errors import ConfigProblems
from automations.ledgers.memory import MemoryLedger
from automations.ledgers.protocol import Ledger, MailState, RunStart
from automations.ledgers.sqlite import SqliteLedger
from automations.model import Mail
from automations.outbox import NotSo, Outbox, Person, find, outbox, settle
from automations.posting import send_pending
from automations.setup import init
from automations.wiring import world_of
from tests.small_project import SETTINGS, project
from tests.smtpserver import SmtpServer

NOW = datetime(2026, 9, 30, 8, 30)
MAIL = Mail("<a1b2c3d4e5f6@rowkeeper.invalid>", "wang@example.cn", "王芳", "投诉 TS-1 已逾期", "正文", "<p>正文</p>", ("n1",), NOW)
LI = replace(MAIL, message_id="<a1ff00112233@rowkeeper.invalid>", to="li@example.cn", reader="李强", identities=("n2",))
LOST = "mail server mail.example.cn:465 got the whole mail and did not say that it took it"
PATHS: dict[MailState, tuple[MailState, ...]] = {
    "pending": (),
    "sending": ("sending",),
    "sent": ("sending", "sent"),
    "failed": ("sending", "failed"),
    "unknown": ("sending", "unknown"),
    "draft": (),
    "held": (),
    "released": ("released",),
}
FIRST: dict[MailState, MailState] = {"draft": "draft", "held": "held", "released": "held"}
"""How a mail is put when it does not begin as pending."""


def put(ledger: Ledger, mail: Mail = MAIL, state: MailState = "unknown", reply: str = LOST) -> None:
    ledger.put_mails(ledger.begin_run(RunStart("sweep", "team.xlsx", NOW, "", "")), [mail], FIRST.get(state, "pending"))
    for step in PATHS[state]:
        assert ledger.settle_mail(mail.message_id, step, reply)


@pytest.fixture
def ledger() -> Ledger:
    ledger = MemoryLedger()
    put(ledger)
    put(ledger, LI, "pending", "")
    return ledger


def test_the_list_says_state_reader_subject_and_why_a_mail_did_not_leave(ledger: Ledger) -> None:
    assert outbox(ledger, "en").text().splitlines() == [
        "a1ff001122  pending  2026-09-30 08:30  李强 <li@example.cn>  投诉 TS-1 已逾期",
        "a1b2c3d4e5  unknown  2026-09-30 08:30  王芳 <wang@example.cn>  投诉 TS-1 已逾期",
        f"            {LOST}",
    ]


def test_the_list_can_be_of_one_state_and_may_be_empty(ledger: Ledger) -> None:
    listed = outbox(ledger, "en", state="unknown", limit=5)

    assert isinstance(listed, Outbox)
    assert [record.mail.reader for record in listed.mails] == ["王芳"]
    assert outbox(ledger, "zh", state="failed").text() == "发件箱里没有这样的邮件"


def test_a_mail_is_shown_whole(ledger: Ledger) -> None:
    assert outbox(ledger, "zh", "show", "a1b").text().splitlines() == [
        "编号：a1b2c3d4e5f6@rowkeeper.invalid",
        "状态：说不准",
        "收件人：王芳 <wang@example.cn>",
        "时间：2026-09-30 08:30",
        "主题：投诉 TS-1 已逾期",
        f"结果：{LOST}",
        "",
        "正文",
    ]


@pytest.mark.parametrize("wanted", ["a1b", "a1b2c3d4e5", "a1b2c3d4e5f6@rowkeeper.invalid", "<a1b2c3d4e5f6@rowkeeper.invalid>", "<a1b"])
def test_an_id_may_be_shortened_as_long_as_it_is_the_only_one(ledger: Ledger, wanted: str) -> None:
    assert find(ledger, wanted).mail == MAIL


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("a1", "2 mails have an id that begins with 'a1'; write more of it."),
        ("zz", "no mail in the outbox has an id that begins with 'zz'; see `runner.py outbox list`."),
        ("", "which mail? write its id after the word, as `runner.py outbox list` shows it."),
        (None, "which mail? write its id after the word, as `runner.py outbox list` shows it."),
    ],
)
def test_an_id_that_is_not_one_mail_is_told(ledger: Ledger, wanted: str | None, said: str) -> None:
    with pytest.raises(NotThere) as refused:
        find(ledger, wanted)

    assert str(refused.value) == said


WORDS = """
    from    | word             | becomes | said
    failed  | retry            | pending | the next run sends it
    draft   | release          | released | the next run checks it once more and sends it
    held    | release          | released | the next run checks it once more and sends it
    pending | drop             | dropped | it is not sent any more
    unknown | drop             | dropped | it is not sent any more
    draft   | drop             | dropped | it is not sent any more
    held    | drop             | dropped | it is not sent any more
    released | drop            | dropped | it is not sent any more
    unknown | resolve sent     | sent    | it counts as sent
    unknown | resolve not-sent | pending | the next run sends it
"""
ALLOWED = {tuple(cell.strip() for cell in line.split("|")) for line in WORDS.strip().splitlines()[1:]}


@pytest.mark.parametrize(("state", "word", "becomes", "said"), sorted(ALLOWED))
def test_a_person_s_word_settles_a_mail_and_its_reason_is_kept(state: MailState, word: str, becomes: str, said: str) -> None:
    ledger = MemoryLedger()
    put(ledger, MAIL, state, LOST)
    action, _, answer = word.partition(" ")

    settled = outbox(ledger, "en", action, "a1b", answer or None, person=Person("asked 王芳 by phone", "li", NOW))

    assert settled.text() == f"a1b2c3d4e5  王芳: {becomes}, {said}"
    [record] = ledger.outbox()
    before = "" if state in ("pending", "draft", "held") else LOST
    assert (record.state, record.reply, record.words) == (becomes, before, f"{word}: asked 王芳 by phone (li, 2026-09-30 08:30)")


REFUSED = [
    (state, word)
    for state in PATHS
    for word in ("retry", "release", "drop", "resolve sent", "resolve not-sent")
    if (state, word) not in {each[:2] for each in ALLOWED}
]


@pytest.mark.parametrize(("state", "word"), REFUSED)
def test_a_word_that_does_not_fit_the_state_changes_nothing(state: MailState, word: str) -> None:
    ledger = MemoryLedger()
    put(ledger, MAIL, state)
    before = ledger.outbox()
    action, _, answer = word.partition(" ")

    with pytest.raises(NotSo, match=f"mail a1b2c3d4e5 is '{state}'; `{word}` is for mails that are "):
        outbox(ledger, "en", action, "a1b", answer or None, person=Person("x"))
    assert ledger.outbox() == before


def test_dropping_and_resolving_need_a_reason_and_resolving_an_answer(ledger: Ledger) -> None:
    with pytest.raises(NotSo) as silent:
        outbox(ledger, "en", "drop", "a1b", person=Person("  "))
    with pytest.raises(NotSo) as unanswered:
        outbox(ledger, "en", "resolve", "a1b", person=Person("x"))

    assert [str(each.value) for each in (silent, unanswered)] == [
        '`drop` needs a reason that is kept beside the mail: add --why "..."',
        "what is known of mail a1b2c3d4e5? write `runner.py outbox resolve a1b2c3d4e5 sent` or `... not-sent`.",
    ]


def test_the_command_lists_and_settles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = project(tmp_path)
    ledger = SqliteLedger(root / "state/ledger.sqlite")
    put(ledger)
    ledger.close()

    def run(*words: str) -> tuple[int, str]:
        code = runner.main(["outbox", "--root", str(root), *words])
        return code, capsys.readouterr().out

    frozen = ("--by", "li", "--now", "2026-09-30 09:00")
    assert run("resolve", "a1b", "sent", "--why", "it is in the Sent folder", *frozen) == (0, "a1b2c3d4e5  王芳: sent, it counts as sent\n")
    code, text = run("list", "--json")
    assert (code, [(mail["state"], mail["reply"], mail["words"]) for mail in json.loads(text)["mails"]]) == (
        0,
        [("sent", LOST, "resolve sent: it is in the Sent folder (li, 2026-09-30 09:00)")],
    )
    assert run("retry", "a1b")[0] == runner.OUTSIDE


def test_listing_creates_nothing(tmp_path: Path) -> None:
    root = project(tmp_path)

    assert runner.main(["outbox", "--root", str(root)]) == 0
    assert not (root / "state").exists()


@pytest.mark.parametrize(
    ("faults", "code", "state"),
    [({}, runner.NOTHING, "sent"), ({"RCPT": "550"}, runner.OUTSIDE, "failed"), ({"taken": "drop"}, runner.PERSON, "unknown")],
)
def test_a_run_over_smtp_ends_with_the_code_that_says_who_is_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], faults: dict[str, str], code: int, state: str
) -> None:
    with SmtpServer(faults) as server:
        mail = f"{{ kind: smtp, host: 127.0.0.1, port: {server.port}, security: none, sender: r@example.cn, allow_domains: [example.cn] }}"
        root = with_mail(tmp_path, mail)
        init(root, do=True)
        ledger = SqliteLedger(root / "state/ledger.sqlite")
        put(ledger, MAIL, "pending", "")
        ledger.close()

        assert runner.main(["run", "--root", str(root), "--now", "2026-09-30 09:00"]) == code
        assert runner.main(["outbox", "--root", str(root), "--state", state]) == 0
        assert f"a1b2c3d4e5  {state}" in capsys.readouterr().out


# The settings of mail


def with_mail(folder: Path, mail: str) -> Path:
    return project(folder, settings=SETTINGS.format(language="en") + f"mail: {mail}\n")


SMTP = (
    "{ kind: smtp, preset: qq-exmail, user: r@example.cn, password: { env: ROWKEEPER_NO_SUCH_VARIABLE }, "
    "sender: r@example.cn, allow_domains: [example.cn] }"
)


def test_the_settings_choose_the_way_mail_leaves_and_a_folder_named_for_one_command_takes_its_place(tmp_path: Path) -> None:
    root = with_mail(tmp_path, SMTP)

    assert world_of(root, looking=True).channel.name == "smtp"
    assert world_of(root, looking=True, outbox=tmp_path / "mails").channel.name == "folder"


def test_the_doctor_names_the_variable_that_is_not_set(tmp_path: Path) -> None:
    root = with_mail(tmp_path, SMTP.replace("allow_domains", "redirect_all_to: admin@example.cn, allow_domains"))
    found = [(line.state, line.what["en"]) for line in doctor(root, None, lambda config: NOW).lines[-2:]]

    assert found == [
        (
            "failed",
            (
                "mail server smtp.exmail.qq.com:465: the environment variable ROWKEEPER_NO_SUCH_VARIABLE with the password of "
                "'r@example.cn' is not set; set it."
            ),
        ),
        ("warning", "every mail goes to admin@example.cn"),
    ]


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        (
            SMTP.replace("{ env: ROWKEEPER_NO_SUCH_VARIABLE }", "hunter2"),
            "'password': write the name of an environment variable, `{ env: SMTP_PASSWORD }`; the password itself has no place in a file",
        ),
        (SMTP.replace("preset: qq-exmail, ", ""), "'mail': `kind: smtp` needs 'preset' or 'host'"),
        (
            SMTP.replace(", allow_domains: [example.cn]", ""),
            "'mail': `kind: smtp` needs 'allow_domains': the domains mail may go to, such as `[example.cn]`; `[\"*\"]` for any",
        ),
        (
            SMTP.replace("sender: r@example.cn, ", ""),
            (
                "'mail': 'sender' should be the address mail is sent from, such as `表管家 <rowkeeper@example.cn>`, "
                "not 'rowkeeper@localhost.invalid'"
            ),
        ),
        (
            SMTP.replace("kind: smtp", "kind: smtp, security: none"),
            "'mail': mail to smtp.exmail.qq.com must be encrypted: `security: none` is only for a server on this machine (localhost)",
        ),
    ],
)
def test_a_setting_that_cannot_be_right_is_told_and_no_password_is_repeated(tmp_path: Path, mail: str, said: str) -> None:
    with pytest.raises(ConfigProblems) as refused:
        load(with_mail(tmp_path, mail))

    assert [problem.what for problem in refused.value.problems] == [said]
    assert "hunter2" not in str(refused.value)


def test_the_keys_of_the_other_kind_may_stay_so_that_one_word_switches(tmp_path: Path) -> None:
    config = load(with_mail(tmp_path, SMTP.replace("kind: smtp", "kind: folder")))

    assert (config.settings.mail.kind, config.settings.mail.server.host) == ("folder", "smtp.exmail.qq.com")


# Release, drop and retry


def test_every_held_mail_is_released_with_one_word_and_drafts_are_not() -> None:
    ledger = MemoryLedger()
    put(ledger, MAIL, "held", "")
    put(ledger, LI, "draft", "")

    said = outbox(ledger, "zh", "release", all_held=True, person=Person("看过了", "li", NOW)).text()

    assert said == "a1b2c3d4e5  王芳: 已放行，下次运行时再核对一遍，然后发出"
    assert {record.mail.reader: record.state for record in ledger.outbox()} == {"王芳": "released", "李强": "draft"}
    assert outbox(ledger, "zh", "release", all_held=True).text() == "没有被拦下的邮件"


def test_a_mail_that_is_being_sent_cannot_be_dropped_though_it_was_listed_as_pending() -> None:
    ledger = MemoryLedger()
    put(ledger, MAIL, "pending", "")
    listed = find(ledger, "a1b")
    ledger.settle_mail(MAIL.message_id, "sending", "")

    with pytest.raises(NotSo, match="mail a1b2c3d4e5 has just changed"):
        settle(ledger, listed, "drop", Person("too late"))
    assert [record.state for record in ledger.outbox()] == ["sending"]


class Meddled(MemoryChannel):
    """A channel during whose sending something happens elsewhere, right before or right after the claim; the answer gets lost."""

    never_twice = False

    def __init__(self, before: Callable[[], object] = lambda: None, after: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.before, self.after = before, after

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        self.before()
        super().send(mail, lambda: about_to() and (self.after(), True)[1])
        raise MailUncertain("the mail is there and nobody said so")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Ledger, Ledger]]:
    """The ledger as the run has it open, with one mail that waits, and as a person's command has it."""
    with closing(SqliteLedger(tmp_path / "ledger.sqlite")) as sending, closing(SqliteLedger(tmp_path / "ledger.sqlite")) as person:
        put(sending, MAIL, "pending", "")
        yield sending, person


def test_a_mail_dropped_before_its_last_step_does_not_leave(two: tuple[Ledger, Ledger]) -> None:
    sending, person = two
    channel = Meddled(before=lambda: outbox(person, "en", "drop", "a1b", person=Person("told by phone", "li", NOW)))

    assert send_pending(sending, channel).sent == 0
    assert (channel.sent, [record.state for record in sending.outbox()]) == ([], ["dropped"])


def test_a_mail_on_its_way_is_never_kept_as_dropped(two: tuple[Ledger, Ledger]) -> None:
    sending, person = two
    listed, words = find(person, "a1b"), []

    def drop() -> None:
        with pytest.raises(NotSo) as refused:
            settle(person, listed, "drop", Person("told by phone", "li", NOW))
        words.append(str(refused.value))

    channel = Meddled(after=drop)
    send_pending(sending, channel)
    drop()  # by now nobody knows whether it left: another matter than the one the person saw waiting

    assert words == ["mail a1b2c3d4e5 has just changed; look at it again with `runner.py outbox show a1b2c3d4e5`."] * 2
    assert (len(channel.sent), [record.state for record in sending.outbox()]) == (1, ["unknown"])


def test_a_doubt_settled_twice_at_the_same_moment_counts_once(two: tuple[Ledger, Ledger]) -> None:
    sending, person = two
    send_pending(sending, Meddled())
    seen = find(person, "a1b")
    outbox(sending, "en", "resolve", "a1b", "not-sent", person=Person("not there", "li", NOW))
    send_pending(sending, Meddled())

    with pytest.raises(NotSo, match="has just changed"):
        settle(person, seen, "resolve not-sent", Person("not there either", "wang", NOW))
    [record] = sending.outbox()
    assert (record.state, record.words) == ("unknown", "resolve not-sent: not there (li, 2026-09-30 08:30)")


class Refusing(MemoryChannel):
    """A channel on which one reader's mails wait: greylisted for ever, or the server is not there at all."""

    def __init__(self, *, stops: bool) -> None:
        super().__init__()
        self.stops, self.tried = stops, 0

    def send(self, mail: Mail, about_to: AboutTo = at_will) -> str:
        if mail.reader != "王芳":
            return super().send(mail, about_to)
        self.tried += 1
        raise MailWaits("450 try later", stops=self.stops)


def test_a_mail_that_waits_is_tried_again_after_ever_longer_times_then_given_up() -> None:
    ledger, channel, now, moments = MemoryLedger(), Refusing(stops=False), NOW, []
    put(ledger, MAIL, "pending", "")
    put(ledger, LI, "pending", "")
    lost: list[str] = []
    for _ in range(3 * 24 * 60):
        before = channel.tried
        lost += [record.mail.reader for record in send_pending(ledger, channel, now).lost]
        moments += [now - NOW] if channel.tried > before else []
        now += timedelta(minutes=1)

    hours = [round(moment.total_seconds() / 60) for moment in moments]
    assert hours == [0, 1, 6, 21, 81, 261, 621, 981, 1341]
    assert lost == ["王芳"]
    assert {record.mail.reader: (record.state, record.reply) for record in ledger.outbox()} == {
        "王芳": ("failed", "450 try later; tried 9 times, given up"),
        "李强": ("sent", "kept in memory"),
    }


def test_a_server_that_is_not_there_costs_no_mail_its_tries() -> None:
    ledger, channel, now = MemoryLedger(), Refusing(stops=True), NOW
    put(ledger, MAIL, "pending", "")
    for _ in range(3 * 24):
        send_pending(ledger, channel, now)
        now += timedelta(hours=1)

    assert channel.tried == 3 * 24
    assert [(record.state, record.tries) for record in ledger.outbox()] == [("pending", 0)]


def test_a_mail_given_up_starts_its_ladder_anew_when_a_person_retries_it() -> None:
    ledger, channel = MemoryLedger(), Refusing(stops=False)
    put(ledger, MAIL, "pending", "")
    for day in range(20):
        send_pending(ledger, channel, NOW + timedelta(days=day))
    outbox(ledger, "zh", "retry", "a1b")

    [record] = ledger.pending_mails(NOW)
    assert (record.state, record.tries, record.next_try) == ("pending", 0, None)


def test_mails_that_wait_can_be_read_as_files_and_are_replaced_when_looked_at_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, look = project(tmp_path / "project"), tmp_path / "look"
    waiting = [replace(MAIL, html="<p>first</p>"), replace(LI, to="nobody", html="<p>second</p>")]

    def listed(*mails: Mail) -> dict[str, str]:
        with closing(SqliteLedger(root / "state/ledger.sqlite")) as ledger:
            ledger.put_mails(ledger.begin_run(RunStart("sweep", "team.xlsx", NOW, "", "")), mails, "draft")
        assert runner.main(["outbox", "list", "--state", "draft", "--folder", str(look), "--root", str(root)]) == 0
        return {path.name: path.read_text("utf-8", "replace") for path in sorted(look.iterdir())}

    files = listed(*waiting)
    assert [name.rpartition("-")[2] for name in files] == ["王芳.eml", "王芳.html", "李强.html", "index.html"]
    assert all(each in files["index.html"] for each in ("王芳", "李强", "共 2 封"))
    assert "<p>changed</p>" in listed(replace(MAIL, html="<p>changed</p>"))["20260930-0830-a1b2c3d4-王芳.html"]
    with closing(SqliteLedger(root / "state/ledger.sqlite")) as ledger:
        assert [record.state for record in ledger.outbox()] == ["draft", "draft"]
