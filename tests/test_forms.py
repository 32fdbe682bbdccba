"""Printed forms: a row in, a Word file out; refused with a list while something mandatory is blank."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from docx import Document

import runner
from automations.asking import NotThere
from automations.formcheck import TEMPLATES, form_problems
from automations.formfacts import lists_of, names_of
from automations.formmaking import FormIncomplete
from automations.formsdue import Made, with_pdfs
from automations.formtemplates import FILE_LIMIT, FormTemplates
from automations.pdf import NoPdf, office_on, to_pdf
from automations.printing import Listed, Printed, form
from automations.program import FormSpec
from tests.scene import CUSTOMERS, ROOT, STAFF, Scene, scene, shipped

NOW = datetime(2026, 9, 30, 16, 0)
SHIPMENTS = """
    notice_no | contract_no | customer_id | product_name | spec    | packaging | qty    | required_ship | attachments | special_situation
    FY-1      | HT-1        | KH-1        | 干腐竹       | 500g/袋 | 20袋/箱   | 1200.5 | 2026-09-21    | 检验报告    | a<b> & {{ qty }}
    FY-2      |             | KH-1        | 干腐竹       | 500g/袋 | 20袋/箱   | 31     |               | 检验报告    |
"""
FUNDS = """
    recovery_id       | month   | customer_id | contract_no | receivable | received | outstanding | finance_received
    2026-09/KH-1/HT-1 | 2026-09 | KH-1        | HT-1        | 5000.10    | 2000.00  | 3000.10     | 2000.00
    2026-09/KH-1/HT-2 | 2026-09 | KH-1        | HT-2        | 0.20       | 0.10     | 0.10        |
    2026-08/KH-1/HT-1 | 2026-08 | KH-1        | HT-1        | 9999.00    | 9999.00  | 0           | 9999.00
"""
PROJECTS = """
    project_no | customer_id | registered_by | requirement | solution_url | tech_feasible | service_feasible | prep_tools | prep_docs
    XM-1       | KH-1        | YG-01         | 冷藏展柜    | 方案一       | 可行          | 需修改           | 是         | 否
"""
SPECS = {spec.rule: spec for spec in shipped().program.forms}


@pytest.fixture(scope="module")
def stage() -> Scene:
    return scene(shipments=SHIPMENTS, customers=CUSTOMERS, staff=STAFF, fund_recovery=FUNDS)


def words_of(content: bytes) -> list[str]:
    """Every paragraph and cell of a Word file, in order, blank ones left out."""
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in dict.fromkeys(row.cells)]
    return [text for text in (*(paragraph.text for paragraph in document.paragraphs), *cells) if text.strip()]


def printed(stage: Scene, folder: Path, *words: str, language: str | None = None) -> bytes:
    result = form(stage.world, words, NOW, folder / "form.docx", language)
    assert isinstance(result, Printed)
    return (folder / "form.docx").read_bytes()


def test_a_dispatch_notice_says_what_the_row_says(stage: Scene, tmp_path: Path):
    words = words_of(printed(stage, tmp_path, "dispatch-form", "FY-1"))

    assert words[:3] == ["宁夏西香记食品有限公司", "产品发运通知单", "编号：FY-1\t下达时间："]
    pairs = dict(pairwise(words))
    assert {name: pairs[name] for name in ("合同号", "产品名称", "规格", "数量", "包装", "发运时间要求", "所需附件")} == {
        "合同号": "HT-1",
        "产品名称": "干腐竹",
        "规格": "500g/袋",
        "数量": "1200.5",
        "包装": "20袋/箱",
        "发运时间要求": "2026-09-21",
        "所需附件": "检验报告",
    }


def test_what_staff_typed_is_text_and_nothing_else(stage: Scene, tmp_path: Path):
    assert "a<b> & {{ qty }}" in words_of(printed(stage, tmp_path, "dispatch-form", "FY-1"))


def test_the_same_row_gives_the_same_bytes(stage: Scene, tmp_path: Path):
    first = printed(stage, tmp_path, "产品发运通知单", "FY-1")

    assert printed(stage, tmp_path, "dispatch-form", "FY-1") == first
    assert {part.date_time for part in zipfile.ZipFile(io.BytesIO(first)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_project_is_registered_with_its_ticks(tmp_path: Path):
    found = scene(staff=STAFF, customers=CUSTOMERS, projects=PROJECTS)

    words = words_of(printed(found, tmp_path, "project-form", "XM-1"))

    assert "☑ 可行    ☐ 需修改    ☐ 不可行" in words
    assert "☐ 可实现    ☑ 需修改    ☐ 不可实现" in words
    assert "☑ 服务工具已准备    ☐ 服务资料已准备" in words
    assert words[0] == shipped().settings.organisation


def test_a_form_is_refused_with_all_that_lacks(stage: Scene, tmp_path: Path):
    with pytest.raises(FormIncomplete) as said:
        printed(stage, tmp_path, "dispatch-form", "FY-2")

    assert str(said.value) == ("“产品发运通知单”（FY-2）还不能打印，缺：\n  合同号、发运时间要求\n请在“产品发运通知单”补填后再打印。")
    with pytest.raises(FormIncomplete) as said:
        printed(stage, tmp_path, "dispatch-form", "FY-2", language="en")
    assert str(said.value) == (
        "'Dispatch notice' (FY-2) cannot be printed yet, it lacks:\n  Contract no., Ship by\n"
        "fill these in, in 'Dispatch notices', then print it"
    )
    assert not (tmp_path / "form.docx").exists()


def test_a_month_is_one_form_with_exact_totals(stage: Scene, tmp_path: Path):
    document = Document(io.BytesIO(printed(stage, tmp_path, "fund-form", "2026-09")))
    rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows]

    assert [row[1:6] for row in rows[1:]] == [
        ["HT-1", "5,000.10", "2,000.00", "3,000.10", "2,000.00"],
        ["HT-2", "0.20", "0.10", "0.10", ""],
        ["", "5,000.30", "2,000.10", "3,000.20", "2,000.00"],
    ]
    assert rows[-1][0] == "合计"


def test_what_is_not_there_is_said_with_what_is(stage: Scene, tmp_path: Path):
    for words, said in (
        (("dispatch-from", "FY-1"), "no form 'dispatch-from'; did you mean 'dispatch-form'?"),
        (("dispatch-form", "FY-3"), "no row 'FY-3' in shipments; did you mean 'FY-2'?"),
        (("dispatch-form",), "form 'dispatch-form' of which row? write: form dispatch-form KEY"),
        (("production-form", "X"), "table 'production_notices' is not in this workbook"),
    ):
        with pytest.raises(NotThere) as refused:
            printed(stage, tmp_path, *words)
        assert str(refused.value) == said


def test_without_words_the_forms_are_listed(stage: Scene):
    listed = form(stage.world, [], NOW)

    assert isinstance(listed, Listed)
    assert "dispatch-form         产品发运通知单  (产品发运通知单)" in listed.text().splitlines()
    assert len(listed.data()) == len(SPECS)


def test_every_shipped_template_is_sound_and_used():
    config = shipped()

    assert form_problems(config) == []
    assert FormTemplates(config.root / TEMPLATES, config.root).names() == {spec.template for spec in SPECS.values()}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("rule", SPECS)
def test_every_template_can_be_filled_in_with_everything_and_with_nothing(rule: str, language: str):
    for word in ("说法\n第二行", ""):
        words = words_of(_filled(SPECS[rule], language, word))
        assert not [text for text in words if "{{" in text or "{%" in text]


def _filled(spec: FormSpec, language: str, word: str) -> bytes:
    templates, lists = FormTemplates(ROOT / TEMPLATES, ROOT), lists_of(spec)
    facts: dict[str, object] = dict.fromkeys(names_of(spec), word)
    facts |= {name: [dict.fromkeys(names, word)] * 2 if word else [] for name, names in lists.items()}
    facts |= {f"{name}_total": dict.fromkeys(names, word) for name, names in lists.items()}
    return templates.fill_in(templates.path(spec.template, language), facts)


def problems_with(folder: Path, content: bytes) -> list[str]:
    (folder / "zh").mkdir(parents=True, exist_ok=True)
    (folder / "zh" / "bad.docx").write_bytes(content)
    return [each.what for each in FormTemplates(folder, folder).faults(folder / "zh" / "bad.docx", {}, {})]


def packed(**parts: str) -> bytes:
    """The dispatch notice with more parts in its package."""
    shipped_file = ROOT / TEMPLATES / "zh" / "dispatch-notice.docx"
    written = io.BytesIO(shipped_file.read_bytes())
    with zipfile.ZipFile(written, "a") as package:
        for name, text in parts.items():
            package.writestr(name, text, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def test_files_that_could_do_harm_are_not_opened(tmp_path: Path):
    outside = '<Relationship Id="x" Type="a/attachedTemplate" Target="http://example.com/a" TargetMode="External"/>'

    assert problems_with(tmp_path, packed(**{"word/vbaProject.bin": "x"})) == ["the file holds macros or embedded files"]
    assert problems_with(tmp_path, packed(**{"word/_rels/settings2.xml.rels": outside})) == ["the file is linked to files elsewhere"]
    assert problems_with(tmp_path, packed(**{"word/big.xml": " " * 21 * 1024 * 1024})) == ["the file unpacks to more than 20 MB"]
    assert problems_with(tmp_path, b"x" * (FILE_LIMIT + 1)) == ["the file is larger than 2 MB"]


def test_without_libreoffice_it_says_what_to_install(tmp_path: Path):
    with pytest.raises(NoPdf) as said:
        to_pdf(tmp_path / "a.docx", path=str(tmp_path))

    assert str(said.value) == "a PDF needs LibreOffice, and none of soffice, libreoffice is on PATH; install it, or print a.docx from Word"


def test_libreoffice_that_makes_nothing_is_quoted(tmp_path: Path):
    office = tmp_path / "soffice"
    office.write_text("#!/bin/sh\necho 'Error: source file could not be loaded' >&2\n", encoding="utf-8")
    office.chmod(0o755)

    with pytest.raises(NoPdf) as said:
        to_pdf(tmp_path / "a.docx", path=str(tmp_path))

    assert office_on(str(tmp_path)) == str(office)
    assert str(said.value) == "LibreOffice made no PDF of a.docx: Error: source file could not be loaded; print it from Word"


def office_that(folder: Path, says: str) -> str:
    """A folder with a program in the place of LibreOffice; it is given a profile, options, `--outdir`, a folder, and files."""
    folder.mkdir()
    (folder / "soffice").write_text(f"#!/bin/sh\n{says}\n", encoding="utf-8")
    (folder / "soffice").chmod(0o755)
    return str(folder)


def test_forms_that_were_made_get_their_pdf_in_one_call(tmp_path: Path):
    files = [tmp_path / f"单据 {number}.docx" for number in (1, 2)]
    says = f"""
        echo call >> "{tmp_path}/calls"
        folder="$9"; shift 9
        for each; do printf '%%PDF\\n%%%%EOF\\n' > "$folder/$(basename "$each" .docx).pdf"; done
    """
    path = office_that(tmp_path / "bin", says)

    made = with_pdfs(Made(1, tuple(map(str, files))), path=path)

    assert made.text().splitlines()[1:] == [*map(str, files), *(str(file.with_suffix(".pdf")) for file in files)]
    assert files[1].with_suffix(".pdf").read_bytes() == b"%PDF\n%%EOF\n"
    assert (tmp_path / "calls").read_text() == "call\n"


def test_a_libreoffice_that_hangs_is_ended_with_all_it_started_and_stops_nothing(tmp_path: Path):
    says = f'printf "%%PDF half" > "$9/a.pdf"\nsleep 300 &\necho $! > "{tmp_path}/pid"\nwait'
    path = office_that(tmp_path / "bin", says)

    made = with_pdfs(Made(1, (str(tmp_path / "a.docx"),)), path=path, seconds=0.5)

    assert made.text() == f"做好了 1 份单据：\n{tmp_path / 'a.docx'}\n1 份没有做成 PDF：it took longer than 0.5 seconds"
    assert not (tmp_path / "a.pdf").exists()
    assert gone(int((tmp_path / "pid").read_text()))


def gone(process: int) -> bool:
    """Whether a process is over: not there, or only waiting to be taken away."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def test_without_libreoffice_forms_have_no_pdf_and_no_word_of_it(tmp_path: Path):
    made = Made(1, (str(tmp_path / "a.docx"),))

    assert with_pdfs(made, path=str(tmp_path)) == made


def test_the_command_line_lists_the_forms_as_json(capsys: pytest.CaptureFixture[str]):
    assert runner.main(["form", "--json"]) == 0
    assert {"name": "fund-form", "title": "销售资金回收表", "of": "销售资金回收表"} in json.loads(capsys.readouterr().out)
