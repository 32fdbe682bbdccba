"""`init` shows what a workbook lacks, adds it only when told to, and takes nothing away."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from automations.choosing import NoSuchTable
from automations.config import load
from automations.errors import WorkbookBusy, WorkbookUnreadable
from automations.setup import init, init_of
from tests.project import project as small_project
from tests.project import table_file
from tests.small_project import SETTINGS, project


def workbook(path: Path, *rows: tuple[object, ...], title: str = "客户投诉") -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def headers(path: Path, title: str) -> list[object]:
    return [cell.value for cell in openpyxl.load_workbook(path)[title][1]]


def test_a_missing_workbook_is_planned_and_not_written(tmp_path: Path) -> None:
    result = init(project(tmp_path))
    assert result.text() == (
        "would create the workbook team.xlsx:\n"
        "  tab 'Complaints', 5 columns: Complaint no., Received at, Assigned at, Remark, Assign by\n"
        "Nothing was written yet. To do it: runner.py init --yes"
    )
    assert (result.empty, (tmp_path / "team.xlsx").exists()) == (False, False)


def test_a_missing_workbook_is_created_once(tmp_path: Path) -> None:
    root = project(tmp_path, language="zh")
    created = init(root, do=True)
    assert created.data() == {
        "workbook": str(tmp_path / "team.xlsx"),
        "creates": True,
        "done": True,
        "steps": [
            {"tab": "客户投诉", "new": True, "columns": ("投诉编号", "受理时间", "确定受理时间", "备注", "确定受理到期"), "mends": False}
        ],
    }
    before = (tmp_path / "team.xlsx").read_bytes()
    again = init(root, do=True)
    assert (again.empty, again.text()) == (True, "工作簿 team.xlsx 已齐全，没有要补的。")
    assert (tmp_path / "team.xlsx").read_bytes() == before


def test_only_columns_that_are_needed_are_added_at_the_right(tmp_path: Path) -> None:
    root = project(tmp_path, language="zh")
    path = workbook(tmp_path / "old.xlsx", ("投诉编号", "谁", "受理时间(日期)"), ("TS-1", "王芳", None))
    before = path.read_bytes()
    planned = init(root, path)
    assert planned.text() == (
        "将补全工作簿 old.xlsx，只增加，不删改：\n"
        "  工作表“客户投诉”右侧增加 2 列：确定受理时间、确定受理到期\n"
        "什么都还没有写。执行：runner.py init --yes"
    )
    assert path.read_bytes() == before
    assert init(root, path, do=True).text().splitlines()[0] == "已补全工作簿 old.xlsx："
    assert headers(path, "客户投诉") == ["投诉编号", "谁", "受理时间(日期)", "确定受理时间", "确定受理到期"]
    assert init(root, path).empty


def test_a_tab_known_by_its_headers_is_not_added_again(tmp_path: Path) -> None:
    path = workbook(tmp_path / "old.xlsx", ("投诉编号", "受理时间", "确定受理时间", "确定受理到期"), title="2026年")
    assert init(project(tmp_path), path).empty


def test_a_workbook_without_the_tab_gets_it(tmp_path: Path) -> None:
    path = workbook(tmp_path / "old.xlsx", ("别的",), title="别的")
    init(project(tmp_path, language="zh"), path, do=True)
    assert openpyxl.load_workbook(path).sheetnames == ["别的", "客户投诉"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", "old.xlsx：正在 Excel 里打开；请在那里保存并关闭，再运行一次（如果没有人打开它，请删除遗留的文件 ~$old.xlsx）"),
        (
            "en",
            (
                "old.xlsx: open in Excel; save and close it there, then run again "
                "(if nobody has it open, delete the left-over file ~$old.xlsx)"
            ),
        ),
    ],
)
def test_an_open_workbook_is_left_alone(tmp_path: Path, language: str, words: str) -> None:
    path = workbook(tmp_path / "old.xlsx", ("投诉编号",))
    path.with_name(f"~${path.name}").write_bytes(b"")
    before, root = path.read_bytes(), project(tmp_path, language=language)
    assert not init(root, path).empty
    with pytest.raises(WorkbookBusy) as caught:
        init(root, path, do=True)
    assert (str(caught.value), path.read_bytes()) == (words, before)


def test_columns_of_ours_that_are_apart_get_a_tab_of_their_own(tmp_path: Path) -> None:
    settings = SETTINGS.format(language="zh").replace("path: team.xlsx", "path: team.xlsx, apart: all")
    root = project(tmp_path, settings=settings)
    init(root, do=True)
    path = tmp_path / "team.xlsx"
    assert headers(path, "客户投诉") == ["投诉编号", "受理时间", "确定受理时间", "备注"]
    assert headers(path, "客户投诉·状态") == ["投诉编号", "原表中的行", "确定受理到期"]
    assert init(root).empty


def test_a_table_that_is_put_apart_later_keeps_the_tab_it_has(tmp_path: Path) -> None:
    root = project(tmp_path, language="zh")
    init(root, do=True)
    before = headers(tmp_path / "team.xlsx", "客户投诉")
    settings = root / "config/settings.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("team.xlsx", "team.xlsx, apart: [complaints]"), encoding="utf-8")
    assert [(step.tab, step.columns) for step in init(root, do=True).steps] == [
        ("客户投诉·状态", ("投诉编号", "原表中的行", "确定受理到期"))
    ]
    assert headers(tmp_path / "team.xlsx", "客户投诉") == before


def test_an_upgrade_creates_no_workbook(tmp_path: Path) -> None:
    config = load(project(tmp_path))
    with pytest.raises(WorkbookUnreadable, match="there is no such file"):
        init_of(config, do=True, upgrade=True)
    init_of(config, do=True)
    assert init_of(config, do=True, upgrade=True).empty


TWO_PACKS = """
language: zh
calendar: cn
admin: admin@example.com
packs: [one, two]
workbook: { kind: xlsx, path: team.xlsx }
"""


def packs_of_two(tmp_path: Path) -> Path:
    """Two packs: one over the complaints, the other over complaints and costs."""
    complaints = "no | 编号\n said | 内容\n asked | 追问"
    costs = "cost | 费用号\n amount | 金额 | money |"
    rule = "policy: {name}\ntitle: {name}\ntable: {table}\nrules:\n  - {{ id: {name}, kind: required, columns: [{column}] }}\n"
    files = {
        f"config/packs/{pack}/{path}": text
        for pack, path, text in (
            ("one", "pack.yaml", "pack: one\ntitle: 甲制度\n"),
            ("one", "tables/complaints.yaml", table_file("complaints", complaints)),
            ("one", "policies/said.yaml", rule.format(name="said-stated", table="complaints", column="said")),
            ("two", "pack.yaml", "pack: two\ntitle: 乙制度\nneeds: [one]\n"),
            ("two", "tables/costs.yaml", table_file("costs", costs)),
            ("two", "policies/asked.yaml", rule.format(name="asked-stated", table="complaints", column="asked")),
            ("two", "policies/amount.yaml", rule.format(name="amount-stated", table="costs", column="amount")),
        )
    }
    return small_project(tmp_path, tables={}, settings=TWO_PACKS, files=files)


def test_a_tab_that_is_only_looked_into_says_whose_rules_need_it(tmp_path: Path) -> None:
    root = packs_of_two(tmp_path)
    parts = "part | 编号\n no | 投诉 |\n amount | 金额 | money |"
    of_costs = "cost | 费用号\n amount | 金额 | money |\n parts | 明细合计 | money ours |"
    summed = "\n\nrollups:\n  parts: { of: parts, via: no, how: sum, value: amount }\n"
    check = "{ id: agrees, kind: check, require: parts = amount, message: 不符, unknown: pass }"
    rule = f"policy: amount\ntitle: amount\ntable: costs\nrules:\n  - {check}\n"
    for name, text in (("tables/parts", table_file("parts", parts)), ("tables/costs", table_file("costs", of_costs) + summed)):
        (root / f"config/packs/two/{name}.yaml").write_text(text, encoding="utf-8")
    (root / "config/packs/two/policies/amount.yaml").write_text(rule, encoding="utf-8")

    said = init_of(load(root)).text().splitlines()
    assert said[said.index("  工作表“parts”，3 列：编号、投诉、金额") + 1] == "    《乙制度》要用；没有它，1条规则不起作用"


def test_what_staff_fill_in_stands_together_whichever_pack_adds_it(tmp_path: Path) -> None:
    root = packs_of_two(tmp_path)
    first = "no | 编号\n step | 进度 | ours |\n said | 内容\n asked | 追问\n days | 天数 | integer ours |"
    more = "no2 | 来源号\n late | 逾期 | boolean ours |\n cause | 原因"
    (root / "config/packs/one/tables/complaints.yaml").write_text(table_file("complaints", first), encoding="utf-8")
    added = table_file("complaints", more).replace("key: no2", "key: no")
    (root / "config/packs/two/tables/complaints.yaml").write_text(added, encoding="utf-8")

    assert init_of(load(root)).text().splitlines()[1] == "  工作表“complaints”，8 列：编号、进度、内容、追问、来源号、原因、天数、逾期"


def test_the_plan_says_who_asks_for_each_tab_and_some_may_be_chosen(tmp_path: Path) -> None:
    config = load(packs_of_two(tmp_path))

    assert init_of(config).text() == (
        "将新建工作簿 team.xlsx：\n"
        "  工作表“complaints”，3 列：编号、内容、追问\n"
        "    《甲制度》《乙制度》要用；没有它，2条规则不起作用\n"
        "  工作表“costs”，2 列：费用号、金额\n"
        "    《乙制度》要用；没有它，1条规则不起作用\n"
        "只要其中几张：runner.py init --tables 客户，客户订单（写工作表名，逗号隔开）\n"
        "什么都还没有写。执行：runner.py init --yes"
    )
    assert init_of(config, tables=["costs"]).text().splitlines()[-1] == "什么都还没有写。执行：runner.py init --tables costs --yes"
    init_of(config, tables=["complaints"], do=True)
    assert openpyxl.load_workbook(tmp_path / "team.xlsx").sheetnames == ["complaints"]
    assert init_of(config, tables=["complaints"]).empty
    assert [step.tab for step in init_of(config).steps] == ["costs"]
    with pytest.raises(NoSuchTable, match="no table 'cost'\n  did you mean 'costs'"):
        init_of(config, tables=["cost"])
    with pytest.raises(NoSuchTable, match=r"no table 'xyz'\n  `runner[.]py init` lists the tabs there are"):
        init_of(config, tables=["xyz"])
