"""Forms that nobody asks for: made once when a row has come so far, kept under a stable name, and travelling with notices."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from docx import Document

from automations.config import load
from automations.formsdue import FormsNotMade, Made, make_due
from automations.model import Mail
from tests.project import project
from tests.scene import Scene, scene

TABLES = {
    "complaints": """
        no      | 编号     | required
        got     | 受理时间 | datetime
        handler | 负责人   | reference | refers_to: staff, known_as: handler_person
        content | 内容
        month   | 月份
        done_at | 办结时间 | datetime
        due     | 答复到期 | datetime ours

        owner: [handler]
    """,
    "staff": """
        staff_id   | 工号
        staff_name | 姓名
        department | 部门
        role       | 职务
        superior   | 上级
        email      | 邮箱 | email
        status     | 在职状态
    """,
}
POLICY = """
    title: { zh: 投诉办理, en: Complaints }
    parameters:
      within: { title: 答复, unit: working_days, values: { 2000-01-01: 1 } }
    rules:
      - id: answer
        kind: deadline
        title: { zh: 答复, en: Answer }
        starts: got
        within: $within
        done: done_at
        writes: { due: due }
      - id: record
        kind: form
        title: { zh: 投诉记录, en: Record }
        template: record
        when: filled(done_at)
        by_itself: true
        required: [content]
      - id: monthly
        kind: form
        title: { zh: 月度投诉, en: Complaints of the month }
        template: monthly
        when: filled(done_at)
        by_itself: true
        per: month
        required: [content]
    notices:
      - on: answer
        encloses: handling/record
        ladder: [{ at: due, to: owner, template: deadline-late }]
"""
STAFF = """
    staff_id | staff_name | department | role   | superior | email            | status
    YG-1     | 陈立       | 市场部     | 业务员 |          | chen@example.com | 在职
"""
ROWS = """
    no   | got              | handler | content | month   | done_at
    TS-1 | 2026-09-01 10:00 | YG-1    | 旧事    | 2026-08 | 2026-09-01 11:00
    TS-2 | 2026-09-14 10:00 | YG-1    | 漏油    | 2026-09 |
    TS-3 | 2026-09-14 11:00 | YG-1    |         | 2026-09 |
"""


def written(folder: Path, name: str, text: str) -> None:
    """A Word template of one line."""
    document = Document()
    document.add_paragraph(text)
    (folder / "templates/forms/zh").mkdir(parents=True, exist_ok=True)
    document.save(str(folder / f"templates/forms/zh/{name}.docx"))


def words_of(content: bytes) -> str:
    return "\n".join(each.text for each in Document(io.BytesIO(content)).paragraphs)


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    """The small project after its first sweep and after the forms were first met."""
    root = project(tmp_path, policy=POLICY, tables=TABLES)
    written(root, "record", "{{ form_title }} {{ no }}：{{ content }}")
    written(root, "monthly", "{{ form_key }}：{{ rows_count }} 件")
    found = scene(config=load(root), complaints=ROWS, staff=STAFF)
    found.run("2026-09-14 12:00")
    assert due(found, "2026-09-14 12:05").files == ()
    return found


def due(found: Scene, now: str) -> Made:
    return make_due(found.world, datetime.fromisoformat(now))


def names(made: Made) -> list[str]:
    return [Path(file).name for file in made.files]


def test_a_form_is_made_once_when_its_row_has_come_so_far(stage: Scene):
    stage.edit("complaints", "done_at", "TS-2", datetime(2026, 9, 15, 9, 0))

    made = due(stage, "2026-09-15 09:05")

    assert names(made) == ["投诉记录 TS-2.docx"]
    assert words_of(Path(made.files[0]).read_bytes()) == "投诉记录 TS-2：漏油"
    assert made.text().splitlines()[0] == "做好了 1 份单据："
    assert due(stage, "2026-09-15 09:10").text() == "目前没有要做的单据。"


def test_what_had_come_so_far_before_the_forms_were_first_met_is_not_made(stage: Scene):
    assert not (stage.world.config.root / "forms").exists()
    assert stage.world.ledger.forms_noted("团队台账", "handling/record") == {"": "", "TS-1": ""}


def test_before_the_first_sweep_nothing_is_made(tmp_path: Path):
    root = project(tmp_path, policy=POLICY, tables=TABLES)
    found = scene(config=load(root), complaints=ROWS, staff=STAFF)

    assert due(found, "2026-09-14 12:05").run_id is None
    assert not found.world.ledger.forms_noted("团队台账", "handling/record")


def test_a_form_waits_for_what_lacks_and_says_so(stage: Scene):
    stage.edit("complaints", "done_at", "TS-3", datetime(2026, 9, 15, 9, 0))

    waiting = due(stage, "2026-09-15 09:05")
    stage.edit("complaints", "content", "TS-3", "少件")
    made = due(stage, "2026-09-15 09:10")

    assert waiting.text() == "目前没有要做的单据。\n还有 1 份要补填后才能做：\n投诉记录 TS-3：缺内容"
    assert names(made) == ["投诉记录 TS-3.docx"]


def test_a_form_of_a_month_is_made_when_its_last_row_is_done(stage: Scene):
    for key in ("TS-2", "TS-3"):
        stage.edit("complaints", "done_at", key, datetime(2026, 9, 15, 9, 0))
    stage.edit("complaints", "content", "TS-3", "少件")

    made = due(stage, "2026-09-15 09:05")

    assert names(made) == ["投诉记录 TS-2.docx", "投诉记录 TS-3.docx", "月度投诉 2026-09.docx"]
    assert words_of(Path(made.files[2]).read_bytes()) == "2026-09：2 件"


def test_a_file_that_a_person_has_changed_stays(stage: Scene):
    folder = stage.world.config.root / "forms"
    folder.mkdir()
    (folder / "投诉记录 TS-2.docx").write_bytes(b"changed by hand")
    stage.edit("complaints", "done_at", "TS-2", datetime(2026, 9, 15, 9, 0))

    due(stage, "2026-09-15 09:05")

    assert (folder / "投诉记录 TS-2.docx").read_bytes() == b"changed by hand"
    assert not list(folder.glob("*.unfinished"))


def test_keys_too_long_for_a_file_name_that_begin_alike_are_two_files(tmp_path: Path):
    root = project(tmp_path, policy=POLICY, tables=TABLES)
    written(root, "record", "{{ no }}")
    written(root, "monthly", "{{ form_key }}")
    long = "客户反映瓶盖渗漏" * 12 + "甲乙丙丁"
    found = scene(config=load(root), complaints=ROWS.replace("TS-2", long + "一").replace("TS-3", long + "二"), staff=STAFF)
    found.run("2026-09-14 12:00")
    due(found, "2026-09-14 12:05")
    found.edit("complaints", "content", long + "二", "少件")
    for key in (long + "一", long + "二"):
        found.edit("complaints", "done_at", key, datetime(2026, 9, 15, 9, 0))

    files = [Path(file) for file in due(found, "2026-09-15 09:05").files if "记录" in file]

    assert [words_of(file.read_bytes()) for file in files] == [long + "一", long + "二"]
    assert all(file.name.startswith("投诉记录 客户反映瓶盖渗漏") and len(file.name.encode()) < 240 for file in files)


def test_a_folder_that_cannot_be_written_is_said_and_tried_again(stage: Scene):
    folder = stage.world.config.root / "forms"
    folder.write_text("a file in the way", encoding="utf-8")
    stage.edit("complaints", "done_at", "TS-2", datetime(2026, 9, 15, 9, 0))

    with pytest.raises(FormsNotMade, match="name another"):
        due(stage, "2026-09-15 09:05")
    folder.unlink()

    assert names(due(stage, "2026-09-15 09:10")) == ["投诉记录 TS-2.docx"]


def late_mail(found: Scene, now: str) -> Mail:
    before = len(found.sent)
    found.run(now)
    return found.sent[before:][0]


def test_a_notice_encloses_the_form_of_its_row(stage: Scene):
    stage.staff("complaints", lambda rows: [row for row in rows if row[0] != "TS-3"])

    mail = late_mail(stage, "2026-09-16 09:30")

    assert [each.name for each in mail.attachments] == ["投诉记录 TS-2.docx"]
    assert words_of(mail.attachments[0].content) == "投诉记录 TS-2：漏油"
    assert "随信附上《投诉记录》。" in mail.text
    assert "随信附上《投诉记录》。" in mail.html


def test_a_notice_says_what_its_form_lacks(stage: Scene):
    stage.staff("complaints", lambda rows: [row for row in rows if row[0] != "TS-2"])

    mail = late_mail(stage, "2026-09-16 09:30")

    assert mail.attachments == ()
    assert "《投诉记录》暂未附上，还缺：内容。" in mail.text


def test_several_matters_in_one_mail_enclose_each_form_once(stage: Scene):
    mail = late_mail(stage, "2026-09-16 09:30")

    assert [each.name for each in mail.attachments] == ["投诉记录 TS-2.docx"]
    assert "《投诉记录》暂未附上，还缺：内容。" in mail.text
    assert "随信附上《投诉记录》。" in mail.text


def test_a_branch_keeps_its_forms_apart(stage: Scene):
    config = replace(stage.world.config, branch="east")
    stage.edit("complaints", "done_at", "TS-2", datetime(2026, 9, 15, 9, 0))

    made = due(stage.with_world(config=config), "2026-09-15 09:05")

    assert [Path(file).relative_to(config.root).as_posix() for file in made.files] == ["forms/east/投诉记录 TS-2.docx"]
