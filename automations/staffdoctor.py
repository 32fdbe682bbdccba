"""What `doctor` says of the addresses in the staff table: missing, unreadable, read by nobody, out of reach, or the same for two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from automations.channels.presets import Reach
from automations.config import Config
from automations.doctorline import Line
from automations.model import Sheet, Words
from automations.people import LEFT, MACHINE
from automations.posts import SEVERAL, asked_for, groups, unheld

MOST_SHOWN = 6
LACKING: Words = {
    "zh": "没有能用的邮箱，通知会改发给制度负责人或管理员：{}",
    "en": "without an address that works, so the policy's owner or the admin is told instead: {}",
}
CORRECT: Words = {"zh": "在员工表的邮箱列填上本人的邮箱，例如 name@example.cn", "en": "write their own address into the staff table"}
MACHINES: Words = {"zh": "邮箱是没人看的地址，不会发信：{}", "en": "with an address nobody reads, which gets no mail: {}"}
STRANGE: Words = {
    "zh": "邮箱不在 mail.allow_domains 允许的域名里，发不出去：{}",
    "en": "with an address in none of the domains of mail.allow_domains, which gets no mail: {}",
}
ALLOW: Words = {
    "zh": "更正邮箱，或在 config/settings.yaml 的 mail.allow_domains 加上它的域名",
    "en": "correct the address, or add its domain to mail.allow_domains in config/settings.yaml",
}
TWICE: Words = {
    "zh": "几个人用同一个邮箱，各人的通知会进同一个信箱：{}",
    "en": "several people with one address, who share what is sent to each: {}",
}
UNHELD: Words = {
    "zh": "制度要通知的岗位，员工表里没有人担任：{}；通知没有别的收件人时，改发给制度负责人或管理员",
    "en": "posts the policies turn to that nobody in the staff table has: {}; where a notice names nobody else, "
    "the policy's owner or the admin is told instead",
}
NAME: Words = {
    "zh": "在员工表的岗位列填上担任的人，或在 config/settings.yaml 的 roles 里写明它在本单位叫什么：{}",
    "en": "write the post beside whoever has it, or say under roles in config/settings.yaml what it is called here: {}",
}
EACH: Words = {"zh": "各人填各人的邮箱；是同一个人的，合成一行", "en": "give each their own; if it is one person, keep one row"}


def staff_lines(sheet: Sheet | None, config: Config) -> Iterator[Line]:
    """One line for each kind of fault, with the people it concerns; nothing where all is well, or there is no such table."""
    if sheet is None or not {"email", "staff_name"}.issubset(sheet.frame.columns):
        return
    staff, mail = _at_work(sheet), config.settings.mail
    reach = mail.reach if mail.kind == "smtp" else Reach()
    written = staff["email"] != ""
    machine = written & staff["email"].str.fullmatch(MACHINE)
    strange = written & ~machine & pd.Series([not _reaches(reach, each) for each in staff["email"]], staff.index, dtype=bool)
    yield from _told(staff[~written], LACKING, CORRECT)
    yield from _told(staff[machine], MACHINES, CORRECT)
    yield from _told(staff[strange], STRANGE, ALLOW)
    yield from _told(staff[written & staff["email"].str.casefold().duplicated(keep=False)], TWICE, EACH)


def post_lines(sheet: Sheet | None, config: Config) -> Iterator[Line]:
    """One line with the posts that policies and digests turn to and nobody at work has; nothing without a column of posts."""
    if sheet is None or "role" not in sheet.frame.columns:
        return
    there = sheet.frame[~_gone(sheet).to_numpy()]
    posts, departments = (_words(there, name) for name in ("role", "department"))
    missing = unheld(asked_for(config), posts, departments, groups(config))
    if missing:
        rest = len(missing) - MOST_SHOWN
        zh = "、".join(missing[:MOST_SHOWN]) + (f"，另 {rest} 个" if rest > 0 else "")
        en = ", ".join(missing[:MOST_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
        example = f"roles: {{{{ {missing[0]}: [{{}}] }}}}"
        remedy = {"zh": NAME["zh"].format(example.format("本单位的叫法")), "en": NAME["en"].format(example.format("its name here"))}
        yield Line("warning", {"zh": UNHELD["zh"].format(zh), "en": UNHELD["en"].format(en)}, remedy)


def _words(frame: pd.DataFrame, name: str) -> set[str]:
    """The posts or departments in a column; a cell may name several."""
    cells = frame[name].astype("string").dropna().unique() if name in frame.columns else ()
    return {word for cell in cells for word in (cell, *SEVERAL.split(cell)) if word}


def _gone(sheet: Sheet) -> pd.Series[bool]:
    """Which rows are of those who have left."""
    frame = sheet.frame
    if "status" not in frame.columns:
        return pd.Series(False, frame.index, dtype=bool)
    return frame["status"].astype("string").isin(LEFT).astype(bool)


def _at_work(sheet: Sheet) -> pd.DataFrame:
    """Name, address and row of everybody who has not left; what is no address is blank."""
    frame = sheet.frame
    texts = {name: frame[name].astype("string").fillna("") for name in ("staff_name", "email")}
    staff = pd.DataFrame(texts | {"row": list(sheet.rows)})
    return staff[(staff["staff_name"] != "").to_numpy(dtype=bool) & ~_gone(sheet).to_numpy()]


def _reaches(reach: Reach, address: str) -> bool:
    return bool(reach.redirect_all_to) or reach.allows(address)


def _told(who: pd.DataFrame, said: Words, remedy: Words) -> Iterator[Line]:
    if len(who):
        people: Sequence[tuple[str, int]] = list(zip(who["staff_name"], who["row"], strict=True))
        rest = len(people) - MOST_SHOWN
        zh = "、".join(f"{name}（第 {row} 行）" for name, row in people[:MOST_SHOWN]) + (f"，另 {rest} 人" if rest > 0 else "")
        en = ", ".join(f"{name} (row {row})" for name, row in people[:MOST_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
        yield Line("warning", {"zh": said["zh"].format(zh), "en": said["en"].format(en)}, remedy)
