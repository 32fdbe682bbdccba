"""What can be wrong with an .xlsx file, and what to do about it, in the words of those who read it."""

from __future__ import annotations

from collections.abc import Mapping

from automations.model import Words

TOLD: Mapping[str, Words] = {
    "no file": {
        "zh": "{name}：{folder} 里没有这个文件；请把它放进去，或在设置里改正工作簿的路径",
        "en": "{name}: there is no such file in {folder}; put it there, or correct the workbook's path in the settings",
    },
    "not read": {
        "zh": "{name}：无法读取（{why}）；请允许读取，再运行一次",
        "en": "{name}: cannot be read: {why}; allow reading it and run again",
    },
    "damaged": {
        "zh": "{name}：文件不完整或已损坏（{why}）；{remedy}，或用 Excel 打开并修复",
        "en": "{name}: cut off or damaged ({why}); {remedy}, or let Excel open and repair it",
    },
    "kept": {"zh": "最近保留的一份是 {kept}", "en": "the last version kept is {kept}"},
    "no copy": {"zh": "请用备份恢复", "en": "restore it from a copy"},
    "empty": {
        "zh": "{name}：是空文件（0 字节）；请用备份恢复",
        "en": "{name}: is empty (0 bytes); restore it from a copy",
    },
    "password": {
        "zh": "{name}：设了打开密码；请用 Excel 打开，取消密码（文件 → 信息 → 保护工作簿），再保存",
        "en": "{name}: is protected by a password; open it in Excel, remove the password (File, Info, Protect), and save it",
    },
    "old": {
        "zh": "{name}：是改了名的旧式 .xls 文件；请用 Excel 打开，另存为 .xlsx",
        "en": "{name}: is an old .xls file under a new name; open it in Excel and save it as .xlsx",
    },
    "text": {
        "zh": "{name}：不是工作簿，可能是改了名的文本或 CSV 文件；请用 Excel 打开，另存为 .xlsx",
        "en": "{name}: is not a workbook but perhaps a text or CSV file under a new name; open it in Excel and save it as .xlsx",
    },
    "open document": {
        "zh": "{name}：是改了名的 OpenDocument 文件；请打开它，另存为 .xlsx",
        "en": "{name}: is an OpenDocument file under a new name; open it and save it as .xlsx",
    },
    "open in": {
        "zh": "{name}：正在 {program} 里打开{by}；请在那里保存并关闭，再运行一次（如果没有人打开它，请删除遗留的文件 {mark}）",
        "en": "{name}: open in {program}{by}; save and close it there, then run again "
        "(if nobody has it open, delete the left-over file {mark})",
    },
    "by": {"zh": "（{who}）", "en": " by {who}"},
    "open": {
        "zh": "{name}：正在别的程序里打开；请在那里保存并关闭，再运行一次。什么也没有改动。",
        "en": "{name}: open in another program; save and close it there, then run again. Nothing was changed.",
    },
    "read-only": {
        "zh": "{name}：文件是只读的；请允许写入，再运行一次。什么也没有改动。",
        "en": "{name}: the file is read-only; allow writing to it and run again. Nothing was changed.",
    },
    "not written": {
        "zh": "{name}：无法写入 {folder}（{why}）；请腾出磁盘空间，或允许写入这个文件夹，再运行一次。什么也没有改动。",
        "en": "{name}: could not be written in {folder}: {why}; "
        "make room on the disk or allow writing to the folder, and run again. Nothing was changed.",
    },
    "not replaced": {
        "zh": "{name}：无法替换（{why}）；请再运行一次。什么也没有改动。",
        "en": "{name}: could not be replaced: {why}; run again. Nothing was changed.",
    },
    "saved": {
        "zh": "{name}：其间被别人保存过；请再运行一次。什么也没有改动。",
        "en": "{name}: was saved by someone else meanwhile; run again. Nothing was changed.",
    },
    "tab gone": {
        "zh": "{name}：工作表“{tab}”不见了；请重新查看要补什么。什么也没有改动。",
        "en": "{name}: tab '{tab}' is gone; plan the upgrade again. Nothing was changed.",
    },
    "there": {
        "zh": "{name}：{folder} 里已经有这个文件；请补齐它，或另取名字。什么也没有改动。",
        "en": "{name}: exists already in {folder}; upgrade it, or choose another name. Nothing was changed.",
    },
    "meanwhile": {
        "zh": "{name}：保存期间被别人改写了 {times} 次；请再运行一次。什么也没有改动。",
        "en": "{name}: was written by someone else {times} times while being saved; run again. Nothing was changed.",
    },
}


def told(fault: str, language: str, **facts: object) -> str:
    """A fault in words."""
    return TOLD[fault][language].format(**facts)


def not_a_workbook(data: bytes) -> str:
    """Which fault these bytes have if they are no .xlsx file; "" if they may be one."""
    if not data:
        return "empty"
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return "password" if "EncryptedPackage".encode("utf-16-le") in data else "old"
    if not data.startswith(b"PK"):
        return "text"
    return "open document" if b"application/vnd.oasis.opendocument" in data[:200] else ""
