"""Charts of digests: Chinese labels without a font of the machine, the figures of the text, pictures that travel within the mail."""

from __future__ import annotations

import email
import io
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import Message
from pathlib import Path

import docx
import pytest
from PIL import Image, ImageColor

from automations.channels.folder import FolderChannel
from automations.channels.message import compose
from automations.checking import other_problems
from automations.config import Config, load
from automations.digestcontent import Content, Desk, Reader, content_of
from automations.digestfile import DigestFile
from automations.digestpages import SAMPLE, DigestPages
from automations.digests import send_digests
from automations.digestslots import latest_slot
from automations.digestview import keep
from automations.digestwords import CHARTS, SAID
from automations.drawing import BLUE, GREEN, LABEL, RED, Bar, Series, _font, bars, lines
from automations.ledgers.memory import MemoryLedger
from automations.model import Mail
from automations.people import Person
from tests.project import judged, project
from tests.scene import ROOT, Scene, scene

TABLES = {
    "complaints": """
        no      | 编号     | required
        got     | 受理时间 | datetime
        handler | 负责人   | reference | refers_to: staff, known_as: handler_person
        kind    | 类别     | choice | choices: [质量, 运输]
        loss    | 损失     | money
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
      - id: kind-named
        kind: required
        columns: [kind]
"""
DIGEST = """
    digest: manager
    title: { zh: 管理日报, en: Manager's digest }
    to: "role:市场部部长"
    trend: true
    pictures: true
    at_stake: { complaints: loss }
    breakdowns:
      - { title: { zh: 按类别, en: By kind }, of: complaints, by: kind, sums: loss, picture: true }
"""
STAFF = """
    staff_id | staff_name | department | role       | superior | email            | status
    YG-1     | 陈立       | 市场部     | 业务员     | YG-2     | chen@example.com | 在职
    YG-2     | 王敏       | 市场部     | 市场部部长 |          | wang@example.com | 在职
"""
ROWS = """
    no   | got              | handler | kind | loss   | done_at
    TS-1 | 2026-09-14 10:00 | YG-1    | 质量 | 100.50 | 2026-09-15 09:00
    TS-2 | 2026-09-14 10:00 | YG-1    | 质量 | 200.25 |
    TS-3 | 2026-09-15 10:00 | YG-1    | 运输 | 50     |
    TS-4 | 2026-09-14 10:00 | YG-1    | 运输 | 1      | 2026-09-18 09:00
"""
NOW = "2026-09-22 08:30"


@pytest.fixture
def stage(tmp_path: Path) -> Scene:
    root = project(tmp_path, policy=POLICY, tables=TABLES, files={"config/digests/manager.yaml": DIGEST})
    (tmp_path / "templates/digests").symlink_to(ROOT / "templates/digests")
    found = scene(config=load(root), complaints=ROWS, staff=STAFF)
    found.run("2026-09-21 17:00")
    return found


def sent(found: Scene) -> Mail:
    before = len(found.sent)
    send_digests(found.world, datetime.fromisoformat(NOW))
    return found.sent[before:][0]


def parts(mail: Mail) -> Iterator[Message]:
    return email.message_from_bytes(compose(mail, "表管家 <rowkeeper@example.com>")).walk()


def colours(content: bytes) -> Counter[tuple[int, ...]]:
    """How many pixels of a picture have each colour."""
    found = Image.open(io.BytesIO(content)).convert("RGB").getcolors(1_000_000) or []
    return Counter({colour: count for count, colour in found})


def pixels(content: bytes, colour: str) -> int:
    """The pixels of about this colour; a file of few colours may shift one a little."""
    wanted = ImageColor.getrgb(colour)
    return sum(n for seen, n in colours(content).items() if max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) < 12)


def test_every_word_of_the_charts_has_its_signs_in_the_font_that_comes_along():
    missing = bytes(_font(LABEL).getmask("\ue000"))
    words = "".join(text for said in (*CHARTS.values(), SAID["share"], SAID["days"], SAID["trend"]) for text in said.values())

    assert {sign for sign in words if sign.strip() and bytes(_font(LABEL).getmask(sign)) == missing} == set()
    assert bytes(_font(LABEL).getmask("逾")) != bytes(_font(LABEL).getmask("期"))


def test_a_bar_is_as_long_as_its_share():
    drawn = bars("按时率", [Bar("答复", "按时 3/4（75.0%）", [(0.75, GREEN), (0.25, RED)])])

    assert pixels(drawn.content, GREEN) / pixels(drawn.content, RED) == pytest.approx(3, rel=0.03)


def test_a_line_of_one_day_and_a_line_of_noughts_can_be_drawn():
    assert lines("走势", ["09-22"], [Series("未办结", BLUE, [0])]).content.startswith(b"\x89PNG")
    assert pixels(lines("走势", ["09-21", "09-22"], [Series("未办结", BLUE, [0, 5])]).content, BLUE) > 500


def test_the_same_chart_is_the_same_file():
    drawn = [bars("按类别", [Bar("质量", "2", [(1.0, BLUE)])]).content for _ in range(2)]

    assert drawn[0] == drawn[1]


def test_the_pictures_travel_within_the_mail_and_the_page_shows_each(stage: Scene):
    mail = sent(stage)
    pictures = {part["Content-ID"].strip("<>"): part for part in parts(mail) if part.get_content_maintype() == "image"}

    assert re.findall(r'src="cid:([^"]+)"', mail.html) == list(pictures)
    assert [name.partition("@")[0] for name in pictures] == ["trend", "time", "on-time", "money", "table-1"]
    assert all(part.get_payload(decode=True).startswith(b"\x89PNG") for part in pictures.values())  # type: ignore[union-attr]
    assert [part.get_content_type() for part in parts(mail) if part.is_multipart()] == ["multipart/alternative", "multipart/related"]


def test_a_picture_shows_the_figures_of_the_text(stage: Scene):
    mail = sent(stage)
    charts = {each.name: each.content for each in mail.attachments}

    assert "答复 (complaints) · 按时 1/2（50.0%）" in mail.text
    assert pixels(charts["on-time.png"], GREEN) == pytest.approx(pixels(charts["on-time.png"], RED), rel=0.05)
    assert "“损失”合计 250.25 元" in mail.text
    assert "质量 | 2 | 300.75" in mail.text


def test_pictures_come_back_from_the_ledger_as_they_were(stage: Scene):
    mail = sent(stage)

    kept = stage.world.ledger.mail(mail.message_id)

    assert kept is not None
    assert kept.mail.attachments == mail.attachments


def test_a_page_in_the_folder_shows_its_pictures_by_itself(stage: Scene, tmp_path: Path):
    FolderChannel(tmp_path / "outbox").send(sent(stage))

    page = next((tmp_path / "outbox").glob("*-王敏.html")).read_text(encoding="utf-8-sig")
    assert "cid:" not in page
    assert page.count("data:image/png;base64,") == 5


def test_a_digest_of_twenty_thousand_rows_is_made_within_two_seconds_and_stays_small(stage: Scene):
    config, now = stage.world.config, datetime.fromisoformat(NOW)
    begin = datetime(2026, 8, 3, 9, 0)
    got = [begin + timedelta(minutes=3 * row) for row in range(20_000)]
    done = [f"{moment + timedelta(hours=row % 60):%Y-%m-%d %H:%M}" if row % 3 else "" for row, moment in enumerate(got)]
    rows = [
        f"TS-{row} | {got[row]:%Y-%m-%d %H:%M} | YG-1 | {('质量', '运输', '')[row % 7 % 3]} | {row} | {done[row]}" for row in range(20_000)
    ]
    found = judged(config, {"complaints": "\n".join(["no | got | handler | kind | loss | done_at", *rows]), "staff": STAFF}, NOW)

    started = time.process_time()
    content = made(Desk(found, config, MemoryLedger(), now), config.digests["manager"], now)
    rendered = DigestPages(ROOT / "templates").render(content.language, content.fields)
    took = time.process_time() - started

    assert content.figures["open"] > 5_000
    assert content.figures["problems"] > 2_000
    assert len(content.charts) == 5
    assert took < 2
    assert len(rendered.html.encode()) + len(rendered.text.encode()) < 100_000
    assert sum(len(each.drawn.content) for each in content.charts) < 150_000


def made(desk: Desk, digest: DigestFile, now: datetime) -> Content:
    slot = latest_slot(digest, desk.config.calendar, now)
    assert slot is not None
    reader = Reader(Person("王敏", "wang@example.com", "市场部部长", "市场部"))
    return content_of(desk, digest, reader, slot, None, None)


def test_every_field_of_a_digest_stands_in_both_guides():
    guides = [(ROOT / "templates" / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")]

    assert [name for name in SAMPLE for guide in guides if f"`{name}`" not in guide] == []


def test_a_paper_for_a_meeting_is_kept_once_with_its_pictures_in_it(stage: Scene, tmp_path: Path):
    config = stage.world.config
    digest = config.digests["manager"].model_copy(update={"paper": True, "every": "week"})
    found = stage.with_world(config=replace(config, digests={"manager": digest}), papers=tmp_path / "papers")

    sent(found)

    file = tmp_path / "papers" / "管理日报 2026-09-14至2026-09-20.html"
    word = file.with_suffix(".docx")
    page = file.read_text(encoding="utf-8-sig")
    assert page.count("data:image/png;base64,") == 5
    assert "这是会议材料，供与会人员传阅。" in page
    assert "您好。" in page
    assert "王敏，您好" not in page
    file.write_text("加了批注", encoding="utf-8")
    word.write_bytes(b"minutes")
    assert keep(found.world, "manager", datetime.fromisoformat(NOW)).text() == f"{file}\n{word}"
    assert file.read_text(encoding="utf-8") == "加了批注"
    assert word.read_bytes() == b"minutes"


def test_the_word_file_of_a_paper_says_what_the_mail_says_and_travels_with_it(stage: Scene, tmp_path: Path):
    config = stage.world.config
    digest = config.digests["manager"].model_copy(update={"paper": True})
    found = stage.with_world(config=replace(config, digests={"manager": digest}), papers=tmp_path / "papers")

    mail = sent(found)

    (word,) = [each for each in mail.attachments if not each.content_id]
    assert (tmp_path / "papers" / word.name).read_bytes() == word.content
    document = docx.Document(io.BytesIO(word.content))
    lines = [each.text for each in document.paragraphs]
    cells = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    assert lines[:2] == ["管理日报", "2026-09-21 · 按 2026-09-22 08:30 的表格（第 2 次运行）"]
    counted = [line for line in cells if line[0] in ("质量", "运输", "合计")]
    assert counted == [["质量", "2", "300.75"], ["运输", "2", "51.00"], ["合计", "4", "351.75"]]
    assert ["答复", "TS-2，complaints 第 3 行", "陈立", "09-15 18:00，已逾期 6 个工作日"] in cells
    assert len(document.inline_shapes) == 5
    assert "会议记录" in lines
    assert "随信附上本材料的 Word 文件" in mail.text
    assert "随信附上本材料的 Word 文件" in mail.html


def test_a_faulty_word_template_stops_neither_the_page_nor_the_mail(stage: Scene, tmp_path: Path):
    config = own_templates(stage.world.config, tmp_path / "other")
    write_paper(config.root, "{{ nothing_like_it }}")
    digest = config.digests["manager"].model_copy(update={"paper": True})
    config = replace(config, digests={"manager": digest})
    found = stage.with_world(config=config, papers=tmp_path / "papers")

    done = send_digests(found.world, datetime.fromisoformat(NOW))

    assert [path.suffix for path in (tmp_path / "papers").iterdir()] == [".html"]
    assert done.posted.sent == 1
    assert done.posted.troubles[0].startswith("templates/digests/zh/paper.docx:1:1: this template cannot be filled in:")
    said = [each.what for each in other_problems(config) if each.file == "templates/digests/zh/paper.docx"]
    assert said == ["no field 'nothing_like_it'"]


def own_templates(config: Config, folder: Path) -> Config:
    """The configuration with templates of its own, that may be changed."""
    shutil.copytree(ROOT / "templates/digests", folder / "templates/digests")
    (folder / "templates/notices").mkdir()
    shutil.copy(ROOT / "templates/notices/layout.html.j2", folder / "templates/notices")
    return replace(config, root=folder)


def write_paper(root: Path, text: str) -> None:
    document = docx.Document()
    document.add_paragraph(text)
    document.save(str(root / "templates/digests/zh/paper.docx"))


def test_a_folder_for_papers_that_cannot_be_made_stops_no_mail(stage: Scene, tmp_path: Path):
    (tmp_path / "papers").write_text("a file in the way", encoding="utf-8")
    config = stage.world.config
    digest = config.digests["manager"].model_copy(update={"paper": True})
    found = stage.with_world(config=replace(config, digests={"manager": digest}), papers=tmp_path / "papers")

    done = send_digests(found.world, datetime.fromisoformat(NOW))

    assert done.posted.sent == 1
    assert done.posted.troubles == (
        f"{tmp_path / 'papers'}: File exists; make this folder, or name another under 'papers' in settings.yaml",
    )
