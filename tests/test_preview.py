"""`preview` shows a mail as its template words it, and nothing else happens."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

import runner
from automations.asking import NotThere
from automations.demo.telling import KINDS
from automations.errors import OutsideFailed
from automations.picturing import DARK, NoPicture, browser_on, draw, options
from automations.previewing import Preview, preview
from automations.rendering import Renderer
from automations.samples import sample, samples_together
from automations.templatecheck import FIELDS
from tests.scene import CUSTOMERS, ROOT, STAFF, Scene, scene

TEMPLATES = sorted(Renderer(ROOT / "templates" / "notices").names())
COMPLAINTS = """
    complaint_no | received_at      | channel | customer_id | complainant_contact | content | recorded_by | category
    TS-1         | 2025-09-26 16:30 | 电话    | KH-1        | 13800138000         | 有异味  | YG-01       | 质量问题
"""
ORDERS = """
    order_no | customer_id | order_date | salesperson
    KH-1     | KH-1        | 2025-09-26 | YG-01
"""
DRAWN_BY = """#!/bin/sh
printf '%s\\n' "$@" "" >> "{log}"
for each in "$@"; do
  case "$each" in
    --screenshot=*) printf 'a picture' > "${{each#--screenshot=}}" ;;
    --dump-dom) printf '<title>height 1234</title>' ;;
  esac
done
"""


@pytest.fixture(scope="module")
def stage() -> Scene:
    return scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF, orders=ORDERS)


def shown(stage: Scene, template: str, *row: str, now: str = "2025-09-29 09:00", language: str | None = None) -> Preview:
    return preview(stage.world, template, row, datetime.fromisoformat(now), language)


def refused(stage: Scene, template: str, *row: str, now: str = "2025-09-29 09:00") -> list[str]:
    with pytest.raises(NotThere) as said:
        shown(stage, template, *row, now=now)
    return str(said.value).split("\n")


def browser(folder: Path, script: str = DRAWN_BY) -> tuple[str, Path]:
    """A folder with a program called chromium that notes how it was called; and the note."""
    (folder / "bin").mkdir()
    program, log = folder / "bin" / "chromium", folder / "called.txt"
    program.write_text(script.format(log=log), encoding="utf-8")
    program.chmod(0o755)
    return str(folder / "bin"), log


# Sample data


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("template", [*TEMPLATES, "a-template-of-our-own"])
def test_the_sample_of_every_template_has_every_field(template: str, language: str) -> None:
    assert [set(each) for each in [sample(template, language), *samples_together(language)]] == [set(FIELDS)] * 5


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_is_shown_with_sample_data_in_both_languages(stage: Scene, template: str, language: str) -> None:
    found = shown(stage, template, language=language)

    first = {"zh": "[示例数据]\n主题：", "en": "[sample data]\nSubject: "}[language]
    assert found.text().startswith(f"{first}{found.rendered.subject}\n\n")
    assert found.data() == {"subject": found.rendered.subject, "text": found.rendered.text, "html": found.rendered.html}


def test_a_template_of_our_own_is_shown_with_every_field_filled() -> None:
    assert [name for name, value in sample("our-own", "zh").items() if value == ""] == []


def test_without_a_language_the_settings_decide(stage: Scene) -> None:
    assert shown(stage, "deadline-late").rendered == shown(stage, "deadline-late", language="zh").rendered


def test_a_template_that_is_not_there_is_refused_with_the_nearest(stage: Scene) -> None:
    assert refused(stage, "deadlin-late") == ["no template 'deadlin-late'; did you mean 'deadline-late'?"]
    assert refused(stage, "xyz") == [f"no template 'xyz'; there are {', '.join(TEMPLATES)}"]


# A real row


def test_a_row_is_shown_with_its_own_facts_and_for_the_reader_of_its_rung(stage: Scene) -> None:
    found = shown(stage, "deadline-late", "TS-1")

    assert found.text().split("\n")[:6] == [
        "[客户投诉 第 2 行（TS-1），发给 陈立 <chen@example.com>：complaint-handling/assign (due)]",
        "主题：[逾期] 客户投诉 TS-1：确定受理部门和负责人",
        "",
        "陈立，您好。",
        "",
        "【逾期】请尽快完成：确定受理部门和负责人。期限是 2025-09-28 18:00，已逾期 1 个工作日。",
    ]


def test_the_mail_shown_is_the_mail_a_run_would_send() -> None:
    told = scene(complaints=COMPLAINTS, customers=CUSTOMERS, staff=STAFF)
    told.run("2025-09-26 17:00")
    sent = next(mail for mail in told.plan("2025-09-28 18:30").mails if len(mail.identities) == 1)
    template = next(name for name in TEMPLATES if name != "several" and _subject(told, name) == sent.subject)

    found = shown(told, template, "complaints", "TS-1", now="2025-09-28 18:30")
    assert (found.rendered.text, found.rendered.html) == (sent.text, sent.html)


def _subject(told: Scene, template: str) -> str:
    try:
        return shown(told, template, "complaints", "TS-1", now="2025-09-28 18:30").rendered.subject
    except NotThere:
        return ""


def test_several_matters_of_a_row_are_shown_as_one_mail_to_one_reader(stage: Scene) -> None:
    found = shown(stage, "several", "complaints", "TS-1", language="en")
    rules = "complaint-response/joint_investigation (joint_investigation.failed), complaint-response/first_response (due + 1 working day)"

    assert found.text().split("\n")[:6] == [
        f"[客户投诉, row 2 (TS-1), to 李客 <li@example.com>: {rules}]",
        "Subject: [Several reminders] matters waiting for you: 2, urgent: 2",
        "",
        "Hello 李客,",
        "",
        "[Several reminders] Matters waiting for you: 2, urgent: 2.",
    ]


def test_a_template_that_does_not_concern_the_row_is_refused_with_those_that_do(stage: Scene) -> None:
    lines = refused(stage, "deadline-escalated", "TS-1", now="2025-09-26 17:00")

    assert lines[0] == "'deadline-escalated' has nothing to say about TS-1 in complaints at 2025-09-26 17:00"
    assert "  later: deadline-late, for complaint-handling/assign at 'due', due 2025-09-28 18:00" in lines
    assert lines[-1] == "  preview one of these, or move the clock with --now"


def test_a_row_with_nothing_open_says_where_to_ask(stage: Scene) -> None:
    assert refused(stage, "deadline-late", "staff", "YG-09") == [
        "'deadline-late' has nothing to say about YG-09 in staff at 2025-09-29 09:00",
        "  nothing is open in this row; `runner.py explain staff YG-09` says why",
    ]


def test_a_key_that_is_not_one_row_is_refused(stage: Scene) -> None:
    doubled = scene(customers=CUSTOMERS + "    KH-1        | 乙商贸\n")
    assert [
        refused(stage, "finding", "KH-1"),
        refused(stage, "finding", "TS-2"),
        refused(stage, "finding", "complaint", "TS-1"),
        refused(stage, "finding", "visits", "TS-1"),
        refused(stage, "finding", "a", "b", "c"),
        refused(doubled, "finding", "KH-1"),
    ] == [
        ["'KH-1' stands in customers, orders; write for example: customers KH-1"],
        ["no row 'TS-2' in this workbook; did you mean 'TS-1'?"],
        ["没有表“complaint”；是不是“complaints”？"],
        ["table 'visits' is not in this workbook"],
        ["'a b c' is not a row; write KEY, or TABLE KEY"],
        ["'KH-1' stands in 2 rows of customers; nobody is told about them until each has a key of its own"],
    ]


def test_a_row_on_hold_tells_nobody() -> None:
    held = scene(
        complaints=COMPLAINTS.replace("category\n", "category | hold_until\n").replace("质量问题\n", "质量问题 | 2025-10-20\n"), staff=STAFF
    )

    assert refused(held, "deadline-late", "TS-1") == [
        "'deadline-late' has nothing to say about TS-1 in complaints at 2025-09-29 09:00: the row is on hold"
    ]


# Files


def test_the_page_is_written_where_asked_and_nothing_else(stage: Scene, tmp_path: Path) -> None:
    found = shown(stage, "deadline-late")
    found.write(tmp_path / "mail.html", None)

    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"mail.html": found.rendered.html}


@pytest.mark.parametrize("kind", ["html", "png"])
def test_a_folder_that_is_not_there_is_said(stage: Scene, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "missing" / "mail.html"
    with pytest.raises(OutsideFailed) as said:
        shown(stage, "finding").write(file, None) if kind == "html" else draw("", file, width=390, path=browser(tmp_path)[0])

    assert str(said.value) == f"{file}: there is no folder {file.parent}; make it, or name another"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_a_picture_is_drawn_as_wide_as_asked_and_as_tall_as_the_page(tmp_path: Path) -> None:
    path, log = browser(tmp_path)
    draw("<p>你好</p>", tmp_path / "mail.png", width=390, dark=True, path=path)

    called = log.read_text(encoding="utf-8").split("\n")
    assert (tmp_path / "mail.png").read_text(encoding="utf-8") == "a picture"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bin", "called.txt", "mail.png"]
    assert (called.count("--headless"), called.count(DARK), called.count("--window-size=390,1234")) == (2, 2, 1)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_a_browser_that_draws_nothing_is_quoted(tmp_path: Path) -> None:
    path, _ = browser(tmp_path, "#!/bin/sh\necho 'no room on the disk' >&2\n")
    with pytest.raises(NoPicture) as said:
        draw("<p>", tmp_path / "mail.png", width=700, path=path)

    assert str(said.value) == f"{path}/chromium drew nothing: no room on the disk; write the page with --html and open it in a browser"


def test_without_a_browser_it_is_said_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(NoPicture) as said:
        browser_on(str(tmp_path))

    assert str(said.value) == (
        "a picture needs Chromium, and none of chromium, chromium-browser, google-chrome is on PATH; install it "
        "(Debian, Ubuntu: apt install chromium), or write the page with --html and open it in any browser"
    )


def test_only_root_goes_without_the_sandbox_of_the_browser(tmp_path: Path) -> None:
    assert ["--no-sandbox" in options(tmp_path, dark=False, root=root) for root in (True, False)] == [True, False]


# The command


def test_the_command_prints_the_mail_or_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["preview", "finding", "--language", "en"]) == runner.NOTHING
    text = capsys.readouterr().out
    assert runner.main(["preview", "finding", "--language", "en", "--json"]) == runner.NOTHING
    parts = json.loads(capsys.readouterr().out)

    assert list(parts) == ["subject", "text", "html"]
    assert text == f"[sample data]\nSubject: {parts['subject']}\n\n{parts['text']}"


@pytest.mark.parametrize(
    "line",
    [
        "preview deadline-late complaints TS-1 --language en",
        "preview deadline-late --language en complaints TS-1",
        "preview deadline-late complaints --language en TS-1",
        "preview --language en deadline-late complaints TS-1",
    ],
)
def test_the_row_may_stand_before_or_after_the_options(line: str) -> None:
    asked = runner.parser().parse_args(line.split(" "))

    assert (asked.notice, asked.row, asked.language) == ("deadline-late", ["complaints", "TS-1"], "en")


def test_an_unknown_option_of_preview_is_still_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        runner.parser().parse_args(["preview", "deadline-late", "TS-1", "--langauge"])

    assert "unrecognized arguments: --langauge" in capsys.readouterr().err


def test_the_summary_of_the_demo_has_a_word_for_the_mails_of_every_template():
    assert [set(words) for words in KINDS.values()] == [set(TEMPLATES) - {"several"}] * 2
