"""A whole project folder of one pack, one table and one policy, for tests of what reads config/."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent

SETTINGS = """\
language: {language}
calendar: cn
workbook: {{ path: team.xlsx }}
admin: admin@example.com
packs: [care]
"""
PACK = """\
pack: care
title: { zh: 客户关怀, en: Customer care }
catalogue: care-rules
entries: 6
left_to_people:
  - { id: care-rules.5, why: { zh: 要有礼貌, en: manners } }
partly:
  - { id: care-rules.3, missing: { zh: 还没有信, en: the letter is missing } }
by_design:
  - { id: care-rules.6, feature: { zh: 台账就是共享的表, en: the workbook is shared } }
"""
TABLE = """\
table: complaints
title: { zh: 客户投诉, en: Complaints }
key: complaint_no
columns:
  complaint_no: { title: { zh: 投诉编号, en: Complaint no. } }
  received_at: { title: { zh: 受理时间, en: Received at }, type: datetime, required: true }
  assigned_at: { title: { zh: 确定受理时间, en: Assigned at }, type: datetime }
  remark: { title: { zh: 备注, en: Remark } }
  assign_due: { title: { zh: 确定受理到期, en: Assign by }, type: datetime, ours: true }
"""
POLICY = """\
policy: complaint-handling
title: 投诉处理
table: complaints
dated_by: received_at
parameters:
  assign_within: { title: 确定受理, unit: working_days, values: { 2000-01-01: 1 } }
rules:
  - id: assign
    kind: deadline
    starts: received_at
    within: $assign_within
    done: assigned_at
    writes: { due: assign_due }
    catalogue: [care-rules.2, care-rules.3]
  - id: number
    kind: required
    columns: [received_at]
    catalogue: care-rules.1
examples:
  - name: 补班日也算
    now: 2025-09-27 09:00
    row: { received_at: 2025-09-26 16:30 }
    expect: { assign_due: 2025-09-28 18:00 }
"""


def project(folder: Path, *, language: str = "en", **files: str) -> Path:
    """Write the project under `folder`; `pack`, `table`, `policy` and `settings` replace its files."""
    config = folder / "config"
    texts = {
        config / "settings.yaml": files.get("settings", SETTINGS.format(language=language)),
        config / "packs/care/pack.yaml": files.get("pack", PACK),
        config / "packs/care/tables/complaints.yaml": files.get("table", TABLE),
        config / "packs/care/policies/complaints.yaml": files.get("policy", POLICY),
    }
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (config / "calendars").mkdir()
    shutil.copy(ROOT / "config/calendars/cn.yaml", config / "calendars/cn.yaml")
    shutil.copytree(ROOT / "templates", folder / "templates", ignore=shutil.ignore_patterns("forms"))
    return folder
