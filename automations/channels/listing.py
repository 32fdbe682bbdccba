"""The page that lists a folder of mails: one self-contained file for desktop and phone, light and dark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from itertools import groupby
from urllib.parse import quote

WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class Entry:
    """One mail of the folder: when, to whom, about what, and the name its files share."""

    sent_at: datetime
    reader: str
    address: str
    subject: str
    stem: str
    has_page: bool


def page(entries: Iterable[Entry]) -> str:
    """The whole page, newest mail first."""
    newest = sorted(entries, key=lambda entry: (entry.sent_at, entry.stem), reverse=True)
    days = "".join(_day(day, list(mails)) for day, mails in groupby(newest, key=lambda entry: entry.sent_at.date()))
    return PAGE.replace("{total}", _total(newest)).replace("{body}", f"<table>{HEADINGS}{days}</table>" if newest else EMPTY)


def _total(newest: list[Entry]) -> str:
    if not newest:
        return "还没有邮件"
    readers = len({entry.address.casefold() for entry in newest})
    return f"共 {len(newest)} 封，{readers} 位收件人，最近一封 {newest[0].sent_at:%Y-%m-%d %H:%M}"


def _day(day: date, mails: list[Entry]) -> str:
    heading = f"{day.year}年{day.month}月{day.day}日 星期{WEEKDAYS[day.weekday()]}"
    rows = "".join(map(_row, mails))
    return f'<tbody><tr class="day"><th colspan="4" scope="rowgroup">{heading}<span>{len(mails)} 封</span></th></tr>{rows}</tbody>'


def _row(entry: Entry) -> str:
    link = quote(entry.stem)
    shown = f"{link}.html" if entry.has_page else f"{link}.eml"
    subject = escape(entry.subject) or "（无主题）"
    web = f'<a class="button" href="{shown}">网页</a>' if entry.has_page else ""
    return (
        f'<tr><td class="time"><time datetime="{entry.sent_at:%Y-%m-%dT%H:%M}">{entry.sent_at:%H:%M}</time></td>'
        f'<td class="to"><b>{escape(entry.reader)}</b><small>{escape(entry.address)}</small></td>'
        f'<td class="subject"><a href="{shown}">{subject}</a></td>'
        f'<td class="open">{web}<a class="button" href="{link}.eml">原件</a></td></tr>\n'
    )


HEADINGS = '<thead><tr><th scope="col">时间</th><th scope="col">收件人</th><th scope="col">主题</th><th scope="col">打开</th></tr></thead>'
EMPTY = '<p class="empty">这里会列出表管家写好的每一封邮件。目前还没有。</p>'
PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>发件箱 - 表管家</title>
<style>
:root { --paper: #f6f7f9; --card: #fff; --ink: #1d2330; --soft: #667085; --line: #e4e7ec; --blue: #1f5fbf; --wash: #eef4fd; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171c; --card: #1c2027; --ink: #e6e9ef; --soft: #98a2b3; --line: #2d333d; --blue: #8ab4f8; --wash: #22303f; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.6 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { margin: 0; font-size: 24px; line-height: 1.3; }
header p { margin: 4px 0 20px; color: var(--soft); }
table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
th, td { padding: 10px 14px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tbody:last-child tr:last-child td { border-bottom: 0; }
thead th { font-weight: 500; font-size: 13px; color: var(--soft); }
.day th { background: var(--wash); font-size: 13px; font-weight: 600; padding-block: 6px; }
.day span { float: right; font-weight: 400; color: var(--soft); }
.time { width: 72px; color: var(--soft); font-variant-numeric: tabular-nums; }
.to { width: 240px; overflow-wrap: anywhere; }
.to b { display: block; font-weight: 600; line-height: 1.4; }
.to small { color: var(--soft); }
.subject { overflow-wrap: anywhere; }
.subject a { color: var(--ink); text-decoration: none; }
.subject a:hover { color: var(--blue); text-decoration: underline; }
.open { width: 140px; white-space: nowrap; }
.button { display: inline-block; padding: 1px 10px; margin-right: 6px; border: 1px solid var(--line); border-radius: 999px;
  color: var(--blue); font-size: 13px; text-decoration: none; }
.button:hover { background: var(--wash); }
a:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; border-radius: 4px; }
.empty { padding: 48px 24px; text-align: center; color: var(--soft); background: var(--card);
  border: 1px dashed var(--line); border-radius: 12px; }
@media (max-width: 640px) {
  main { padding: 20px 12px 48px; }
  thead { display: none; }
  table, tbody, tr, td, .day th { display: block; width: auto; }
  tr:not(.day) { display: grid; grid-template-columns: 1fr auto; padding: 12px 14px; border-bottom: 1px solid var(--line); }
  tbody:last-child tr:last-child { border-bottom: 0; }
  td { padding: 0; border: 0; }
  .to { grid-area: 1 / 1; width: auto; }
  .time { grid-area: 1 / 2; width: auto; padding-left: 12px; }
  .subject { grid-area: 2 / 1 / 3 / 3; margin: 6px 0 10px; font-size: 16px; line-height: 1.45; }
  .open { grid-area: 3 / 1 / 4 / 3; }
  .button { padding: 5px 18px; font-size: 14px; }
  .day th { padding: 6px 14px; }
}
</style>
</head>
<body>
<main>
<header><h1>发件箱</h1><p>{total}</p></header>
{body}
</main>
</body>
</html>
"""
