"""The words of digests, in every language."""

from __future__ import annotations

from collections.abc import Mapping

from automations.model import Words

TITLES: Mapping[str, Words] = {
    "waiting": {"zh": "等您审批", "en": "Waiting for your approval"},
    "today": {"zh": "今天到期", "en": "Due today"},
    "newly late": {"zh": "新逾期", "en": "Newly late"},
    "soon": {"zh": "两个工作日内到期", "en": "Due within two working days"},
    "still open": {"zh": "其余未办结（按期限先后）", "en": "Other open matters, by due time"},
    "problems": {"zh": "需要改正的内容", "en": "To be corrected"},
    "alerts": {"zh": "新的预警", "en": "New alerts"},
    "settled": {"zh": "上次汇总以来办结", "en": "Settled since the last digest"},
}
FIGURES: Mapping[str, Words] = {
    "open": {"zh": "未办结", "en": "Open"},
    "late": {"zh": "已逾期", "en": "Late"},
    "newly late": {"zh": "新逾期", "en": "Newly late"},
    "today": {"zh": "今天到期", "en": "Due today"},
    "soon": {"zh": "两日内到期", "en": "Due soon"},
    "settled": {"zh": "已办结", "en": "Settled"},
    "settled on time": {"zh": "其中按时", "en": "of them on time"},
    "problems": {"zh": "待改正", "en": "To correct"},
    "waiting": {"zh": "等审批", "en": "To approve"},
    "alerts": {"zh": "新预警", "en": "New alerts"},
    "on hold": {"zh": "暂缓", "en": "On hold"},
    "paused": {"zh": "暂停", "en": "Paused"},
}
CARDS = ("open", "late", "newly late", "today", "soon", "settled")
"""The figures at the top; the others stand in the comparison at the end."""
SAID: Mapping[str, Words] = {
    "subject": {"zh": "{title} {day}：{what}", "en": "{title}, {day}: {what}"},
    "subject figures": {"zh": "今天到期{today}项，新逾期{new}项，未办结{open}项", "en": "{today} due today, {new} newly late, {open} open"},
    "subject period": {"zh": "{period}的统计", "en": "figures of {period}"},
    "subject clear": {"zh": "一切正常", "en": "all clear"},
    "clear": {"zh": "一切正常：核对了 {rows} 行，没有未办结的事项。", "en": "All clear: {rows} rows checked, nothing is open."},
    "window": {"zh": "{since} 至 {now}", "en": "{since} to {now}"},
    "period": {"zh": "{begin}至{end}", "en": "{begin} to {end}"},
    "more": {
        "zh": "共 {total} 项，列出前 {shown} 项；其余请看表格。",
        "en": "{total} in all, the first {shown} are listed; see the table for the rest.",
    },
    "row": {"zh": "第 {row} 行", "en": "row {row}"},
    "done": {"zh": "{when} 办结，{how}", "en": "done {when}, {how}"},
    "on time": {"zh": "按时", "en": "on time"},
    "late": {"zh": "逾期", "en": "late"},
    "before": {"zh": "上次 {before}", "en": "{before} last time"},
    "first": {"zh": "首次汇总", "en": "first digest"},
    "share": {"zh": "按时 {on_time}/{done}（{share}）", "en": "{on_time} of {done} on time ({share})"},
    "days": {"zh": "平均 {days} 个工作日", "en": "{days} working days on average"},
    "money": {
        "zh": "“{table}”中有逾期环节的行，“{column}”合计 {amount} 元",
        "en": "rows of '{table}' with a late step: '{column}' adds up to {amount} yuan",
    },
    "blank": {"zh": "（未填）", "en": "(blank)"},
    "whole": {"zh": "合计", "en": "Total"},
    "rest": {"zh": "其他", "en": "Others"},
    "company": {"zh": "公司指标", "en": "Indicators of the company"},
    "indicator": {"zh": "指标", "en": "Indicator"},
    "in unit": {"zh": "{kpi}（{unit}）", "en": "{kpi} ({unit})"},
    "indicator of": {"zh": "{kpi}（{kind}）", "en": "{kpi} ({kind})"},
    "more lines": {"zh": "另有{count}行，见表格", "en": "{count} more, see the workbook"},
    "count": {"zh": "件数", "en": "Rows"},
    "count before": {"zh": "上期", "en": "Before"},
    "change": {"zh": "增减", "en": "Change"},
    "all rows": {"zh": "全部行", "en": "all rows"},
    "none": {"zh": "本期没有记录。", "en": "No rows in this period."},
    "stages": {"zh": "近 {days} 天各环节：按时率和用时", "en": "Steps of the last {days} days: on time, and time taken"},
    "trend": {"zh": "近 {days} 个工作日：未办结与逾期", "en": "The last {days} working days: open and late"},
    "trend text": {"zh": "{day}：未办结 {open}，逾期 {late}", "en": "{day}: {open} open, {late} late"},
    "why own": {"zh": "您是这些行的负责人。", "en": "You are responsible for these rows."},
    "why role": {"zh": "您是{role}，本汇总发给这个岗位。", "en": "This digest goes to the post of {role}."},
    "why address": {"zh": "本汇总的设置中写有您的邮箱。", "en": "Your address is named in the settings of this digest."},
    "enclosed": {
        "zh": "随信附上本材料的 Word 文件，可在里面做会议记录。",
        "en": "This paper is enclosed as a Word file, with room for the minutes.",
    },
    "why paper": {"zh": "这是会议材料，供与会人员传阅。", "en": "This is a working paper for everybody at the meeting."},
    "why fallback": {
        "zh": "没有找到应收本汇总的人，所以发给管理员。",
        "en": "Nobody was found whom this digest is for, so it goes to the admin.",
    },
    "stands in": {"zh": "{name}外出，由您代办。", "en": "You stand in for {name}, who is away. "},
}
CHARTS: Mapping[str, Words] = {
    "open": {"zh": "未办结", "en": "open"},
    "late": {"zh": "其中逾期", "en": "of them late"},
    "time": {"zh": "各环节平均用时", "en": "Time taken by step, on average"},
    "on time": {"zh": "各环节按时率", "en": "On time, by step"},
    "kept": {"zh": "按时", "en": "on time"},
    "broken": {"zh": "逾期", "en": "late"},
    "money": {"zh": "逾期事项涉及金额（元）", "en": "Money in late rows (yuan)"},
}
HEALTH: Mapping[str, Words] = {
    "last run": {"zh": "上次正常核对：{at}（第 {run} 次运行）", "en": "last good run: {at} (run {run})"},
    "no run": {"zh": "还没有正常完成的核对", "en": "no run has ended well yet"},
    "old run": {
        "zh": "上次正常核对是 {at}，已超过一天，请查看程序是否在运行",
        "en": "the last good run was {at}, more than a day ago; see whether the program runs",
    },
    "stopped": {
        "zh": "上次汇总以来有 {count} 次运行被拦下或失败：{reason}",
        "en": "{count} runs were stopped or failed since the last digest: {reason}",
    },
    "rows": {"zh": "核对了 {tables} 张表 {rows} 行", "en": "{rows} rows of {tables} tables checked"},
    "sheet": {"zh": "以前读得到，现在读不到：{what}", "en": "could be read before and cannot now: {what}"},
    "sheets": {"zh": "另有 {count} 张表现在读不到", "en": "{count} more tabs cannot be read now"},
    "cells": {"zh": "有 {count} 个单元格看不懂，没有参加计算", "en": "{count} cells could not be read and were left out"},
    "blocked": {"zh": "有 {count} 行编号重复，没有处理", "en": "{count} rows share their key and were left alone"},
    "mails": {
        "zh": "有 {count} 封邮件没有发出或要人处理，请管理员用“runner.py outbox”处理",
        "en": "{count} mails did not leave or need a person; the admin finds them with 'runner.py outbox'",
    },
    "lacking": {"zh": "有 {count} 条规则因表中缺列没有执行", "en": "{count} rules do not run because the sheet lacks a column"},
    "addresses": {"zh": "有 {count} 个邮箱收不到邮件，暂停发送", "en": "{count} addresses do not receive mail and are not written to"},
}
ENDING: Mapping[str, Words] = {
    "hold": {"zh": "{table} {key} 的暂缓到 {day} 为止", "en": "the hold of {table} {key} ends on {day}"},
    "holds": {"zh": "另有 {count} 行的暂缓在 {day} 以前到期", "en": "{count} more holds end before {day}"},
    "parameter": {
        "zh": "《{policy}》的“{parameter}”自 {day} 起失效，没有新值",
        "en": "'{parameter}' of '{policy}' ends on {day} and has no new value",
    },
    "holidays": {
        "zh": "放假安排只公布到 {day}，以后的期限是暂定的",
        "en": "the holiday list ends on {day}; due times after it are provisional",
    },
}
