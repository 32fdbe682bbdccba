"""Mails from templates: whole mails, both languages, and what hostile cells and hostile templates cannot do."""

from __future__ import annotations

import html
import os
import re
import shutil
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from automations.digestpages import SAMPLE, DigestPages
from automations.occasions import HOLD_ENDED
from automations.rendering import ITEMS_LIMIT, OUTPUT_LIMIT, Rendered, Renderer, TemplateFailed
from automations.templatecheck import FIELDS, FILTERS, MOST_STEPS, SEVERAL_FIELDS, TEXTS, steps
from tests.notice_facts import BLANK, NOTICES, ZH, facts, rows

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "templates"
GOLDEN = Path(__file__).parent / "golden" / "mails"
MARKED = {
    **{name: f"〔{name}〕" for name in TEXTS},
    "link": "https://docs.google.com/spreadsheets/d/FILE/edit#gid=7&range=A12",
    "rows": rows(**{"〔heading〕": "〔value〕"}),
    "provisional": True,
    "urgent": True,
}
"""Facts in which every field is known by its name."""
UNENDED = (
    "Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. "
    "The innermost block that needs to be closed is 'if'."
)
SINGLE = [(language, name) for language, notices in NOTICES.items() for name in notices]

PAYLOADS = [
    "{{7*7}}",
    "{% for a in range(9) %}x{% endfor %}",
    "{{ ''.__class__.__mro__ }}",
    "{{ config }}",
    "{{ self }}",
    "{%raw%}",
    "{# gone #}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='//evil.example'>",
    "<style>*{display:none}</style>",
    "</td></tr></table><h1>paid</h1>",
    "<!--",
    "-->",
    "<![endif]-->",
    "<!--[if mso]><b>",
    "]]>",
    '" onmouseover="alert(1)',
    "' onclick='alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    "&lt;b&gt;",
    "&#60;b&#62;",
    "</title><script>1</script>",
    "x\nBcc: evil@example.cn",
    "x\r\nBcc: evil@example.cn\r\n\r\nbody",
    "x\rBcc: evil@example.cn",
    "x\u2028Bcc: evil@example.cn",
    "x\x0bBcc: evil@example.cn",
    "x\x85Bcc: evil@example.cn",
    "x\x00y",
    "\x1b[31mred",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\ufeffx\u200by",
    "\ud800 half a letter",
    '=HYPERLINK("http://evil.example")',
    "长" * 50_000,
    "x" + "\n" * 5_000 + "x",
]


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(TEMPLATES / "notices")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the templates to break."""
    return Path(shutil.copytree(TEMPLATES, tmp_path / "templates")) / "notices"


def several(renderer: Renderer, language: str) -> Rendered:
    notices = NOTICES[language]
    items = [notices[name] for name in ("deadline-soon", "deadline-late", "finding", "approval-wanted")]
    return renderer.render_several(language, str(items[0]["reader"]), items)


def whole(mail: Rendered) -> dict[str, str]:
    return {"subject": mail.subject + "\n", "txt": mail.text, "html": mail.html}


def matches_golden(stem: str, mail: Rendered) -> None:
    """Compare a mail with the files of that name; `REWRITE_GOLDEN=1` writes them instead, for a person to look at."""
    paths = {part: GOLDEN / f"{stem}.{part}" for part in whole(mail)}
    if os.environ.get("REWRITE_GOLDEN"):
        for part, path in paths.items():
            path.write_text(whole(mail)[part], "utf-8")
    assert whole(mail) == {part: path.read_text("utf-8") for part, path in paths.items()}


class Visible(HTMLParser):
    """The tags of a document, the text a reader sees, and the addresses it links to."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.seen: list[str] = []
        self.attributes: set[str] = set()
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.seen += [f" {value} " for name, value in attrs if name == "href" and value]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] not in (["style"], ["title"]) or "body" in self.tags:
            self.seen.append(data)


def letters_of(text: str) -> set[str]:
    """The sentences of a text without blanks and marks, to compare text and HTML."""
    return {re.sub(r"[\W_]", "", part) for part in re.split(r"[\n:：。，,;；·【】\[\]]", text)} - {""}


@pytest.mark.parametrize(("language", "name"), SINGLE)
def test_a_notice_is_the_mail_in_the_golden_file(renderer: Renderer, language: str, name: str) -> None:
    matches_golden(f"{language}-{name}", renderer.render(name, language, NOTICES[language][name]))


@pytest.mark.parametrize("language", NOTICES)
def test_several_notices_in_one_mail_are_the_mail_in_the_golden_file(renderer: Renderer, language: str) -> None:
    matches_golden(f"{language}-several", several(renderer, language))


def test_the_templates_we_ship_have_no_problem(renderer: Renderer) -> None:
    assert renderer.problems(ROOT) == []
    assert renderer.names() == {*ZH, "several"}


@pytest.mark.parametrize(("language", "name"), SINGLE)
def test_text_and_html_say_the_same(renderer: Renderer, language: str, name: str) -> None:
    mail = renderer.render(name, language, NOTICES[language][name])
    seen = "".join(Visible(mail.html).seen)
    assert {part for part in letters_of(mail.text) if part not in re.sub(r"[\W_]", "", seen)} == set()
    assert {part for part in letters_of(seen) if part not in re.sub(r"[\W_]", "", mail.subject + mail.text)} <= {"紧急", "urgent"}


def figures(text: str) -> set[str]:
    """The numbers, dates, times, keys and addresses in a text."""
    return {found.rstrip(".,:-") for found in re.findall(r"[A-Za-z]*[-/:.]*\d[\w.,:/?&=#-]*", text, re.ASCII)}


def marks(text: str) -> set[str]:
    return set(re.findall(r"〔[\w.]+〕|https://\S+", text))


@pytest.mark.parametrize(("language", "name"), [*SINGLE, *((language, "several") for language in NOTICES)])
def test_no_figure_date_key_or_field_stands_in_the_text_or_the_page_alone(renderer: Renderer, language: str, name: str) -> None:
    for filled in (dict(NOTICES[language].get(name, NOTICES[language]["deadline-escalated"])), MARKED, {**MARKED, "urgent": False}):
        one = renderer.render_several(language, "李强", [filled] * 2) if name == "several" else renderer.render(name, language, filled)
        page = " ".join(Visible(one.html).seen)
        whole_text = one.subject + "\n" + one.text
        assert (figures(one.text) - figures(page), figures(page) - figures(whole_text)) == (set(), set())
        assert (marks(one.text) - marks(page), marks(page) - marks(whole_text)) == (set(), set())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_text_and_the_page_of_a_digest_have_the_same_fields(language: str) -> None:
    undrawn = {**SAMPLE, "trend": {**SAMPLE["trend"], "days": []}}  # a chart is bars in the page and lines in the text
    digest = DigestPages(TEMPLATES).render(language, marked(undrawn))
    page = " ".join(Visible(digest.html).seen)

    in_subject = {"〔x.title〕", "〔x.day〕"}
    assert (marks(digest.text) - marks(page), marks(page) - marks(digest.text) - in_subject) == (set(), set())


def marked(fields: Any, name: str = "x") -> Any:
    """Fields with a mark of its own in place of every text."""
    if isinstance(fields, dict):
        return {key: marked(value, f"{name}.{key}") for key, value in fields.items()}
    if isinstance(fields, list):
        return [marked(value, f"{name}.{place}") for place, value in enumerate(fields)]
    return f"〔{name}〕" if isinstance(fields, str) else fields


def test_every_template_is_used_by_a_rule(renderer: Renderer) -> None:
    policies = [yaml.load(path.read_text("utf-8"), yaml.BaseLoader) for path in (ROOT / "config" / "packs").glob("*/policies/*.yaml")]
    notices = [notice for policy in policies for notice in policy.get("notices") or []]
    used = {each["template"] for notice in notices for each in (notice, *notice.get("ladder", ())) if "template" in each}

    assert renderer.names() - used == {"several", HOLD_ENDED}


def test_a_manager_is_asked_to_see_to_it_and_the_owner_to_do_it(renderer: Renderer) -> None:
    late = ZH["deadline-late"]
    asked = {
        "王芳": "【逾期】请尽快完成：确定受理部门和负责人。期限是 2026-09-18 18:00，已逾期 2 个工作日。",
        "马建国": "【逾期】请督促王芳尽快完成：确定受理部门和负责人。期限是 2026-09-18 18:00，已逾期 2 个工作日。",
    }
    assert {name: renderer.render("deadline-late", "zh", {**late, "reader": name}).text.split("\n")[2] for name in asked} == asked


def test_a_mail_with_every_field_empty_has_no_empty_labels(renderer: Renderer) -> None:
    mail = renderer.render("deadline-soon", "zh", facts(title="交表", why="您是负责人", sent_at="2026-09-17 14:00", place="客户!第 2 行"))
    assert mail.text == (
        "您好。\n\n【即将到期】请尽快完成：交表。\n\n  位置：客户!第 2 行\n\n为什么收到这封邮件：您是负责人。\n\n"
        "本邮件由表管家于 2026-09-17 14:00 自动发送。请直接在表格中填写办理情况，不必回复；填好以后，这项提醒自动停止。\n"
    )


def test_urgent_items_come_first_and_the_others_keep_their_order(renderer: Renderer) -> None:
    items = [facts(title=title, urgent=urgent) for title, urgent in (("a", False), ("b", True), ("c", False), ("d", True))]
    text = renderer.render_several("en", "Li Qiang", items).text
    assert re.findall(r"^\d\. .*", text, re.M) == ["1. [urgent] b", "2. [urgent] d", "3. a", "4. c"]


def test_beyond_the_limit_only_the_number_of_the_others_is_said(renderer: Renderer) -> None:
    text = renderer.render_several("en", "Li Qiang", [facts(title="visit")] * (ITEMS_LIMIT + 7)).text
    assert (text.count(". visit"), "Not listed here: 7 more; please look in the table." in text) == (ITEMS_LIMIT, True)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
@pytest.mark.parametrize("name", [*ZH, "several"])
def test_a_hostile_cell_stays_a_text(renderer: Renderer, name: str, payload: str) -> None:
    harmless, hostile = (_filled(renderer, name, text) for text in ("x", payload))
    calm, seen = Visible(harmless.html), Visible(hostile.html)
    assert sorted(tag for tag in seen.tags if tag != "br") == sorted(tag for tag in calm.tags if tag != "br")
    assert seen.attributes == calm.attributes
    assert len(hostile.html.encode()) < OUTPUT_LIMIT
    assert hostile.subject.isprintable() and len(hostile.subject) <= 150
    assert "49" not in hostile.subject + hostile.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202a-\u202e\u2066-\u2069\ufeff]", hostile.text + hostile.html)
    assert _headers(hostile) == ["Subject", "MIME-Version", "Content-Type"]


def _filled(renderer: Renderer, name: str, text: str) -> Rendered:
    fields = {**{field: text for field in BLANK if isinstance(BLANK[field], str)}, "rows": [{"heading": text, "value": text}] * 12}
    one = facts(**fields)
    return renderer.render_several("zh", text, [one] * 5) if name == "several" else renderer.render(name, "zh", one)


def _headers(mail: Rendered) -> list[str]:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = mail.subject
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message.keys()


def test_a_template_in_a_cell_is_shown_as_it_was_typed(renderer: Renderer) -> None:
    mail = renderer.render("finding", "zh", facts(title="{{7*7}}", rows=rows(备注="<b>{{7*7}}</b>")))
    assert mail.subject.endswith("：{{7*7}}")
    assert "备注：<b>{{7*7}}</b>" in mail.text
    assert html.escape("<b>{{7*7}}</b>") in mail.html


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ titel }}", "1:4: no field 'titel'\n  did you mean 'title'?"),
        ("a\n{{ zzz.value }}", "2:4: no field 'zzz'"),
        ("{% for row in rows %}{{ row.valeu }}{% endfor %}", "1:29: 'row' has no 'valeu'\n  did you mean 'value'?"),
        (
            "{{ range(9) }}",
            "1:1: a call with '()' is refused in a template\n  a template only puts the fields into words; see templates/README.md",
        ),
        (
            "{{ 'a' * 200000000 }}",
            "1:8: '*' is refused in a template\n  a template only puts the fields into words; see templates/README.md",
        ),
        ("{{ 9 ** 9 }}", "1:6: '**' is refused in a template\n  a template only puts the fields into words; see templates/README.md"),
        ("{% set a = 1 %}", "1:4: 'set' is refused in a template\n  a template only puts the fields into words; see templates/README.md"),
        (
            "{% include 'x' %}",
            "1:4: 'include' is refused in a template\n  a template only puts the fields into words; see templates/README.md",
        ),
        ("{{ title|center(300000000) }}", f"1:10: filter 'center' is refused\n  filters: {', '.join(FILTERS)}"),
        ("{{ title|safe }}", f"1:10: filter 'safe' is refused\n  filters: {', '.join(FILTERS)}"),
        ("{{ title.__class__ }}", "1:10: 'title' has no '__class__'"),
        (
            "{% for a in title %}{% endfor %}",
            "1:4: this loop is refused\n  go through one of rows, items, whys, holds, contacts, at most two loops deep",
        ),
        ("{% extends 'zh/layuot.txt.j2' %}", "1:13: no layout 'zh/layuot.txt.j2'\n  did you mean 'zh/layout.txt.j2'?"),
        (
            "{% extends 'zh/layout.html.j2' %}",
            "1:13: 'zh/layout.html.j2' is not of the same kind\n  an HTML file extends an HTML layout, a text file a text layout",
        ),
        (
            "{% if title %}",
            f"1:1: {UNENDED}",
        ),
        ("{% extends 'zh/finding.txt.j2' %}", "1:1: the layouts extend each other in a circle"),
    ],
)
def test_a_mistake_in_a_template_is_said_with_its_place(folder: Path, source: str, said: str) -> None:
    (folder / "zh" / "finding.txt.j2").write_text(source, "utf-8")
    problems = [str(problem) for problem in Renderer(folder).problems(folder.parent.parent)]
    assert problems == [f"templates/notices/zh/finding.txt.j2:{said}"]


def test_a_mistake_in_one_template_stops_no_other(folder: Path) -> None:
    (folder / "zh" / "finding.html.j2").write_text("{{ titel }}", "utf-8")
    renderer = Renderer(folder)
    with pytest.raises(TemplateFailed, match=r"finding\.html\.j2:1:4: no field 'titel'"):
        renderer.render("finding", "zh", ZH["finding"])
    assert renderer.render("deadline-late", "zh", ZH["deadline-late"]).subject == "[逾期] 客户投诉 TS-20260917-003：确定受理部门和负责人"


def test_a_folder_that_was_found_sound_is_looked_at_again_when_a_file_changes(folder: Path) -> None:
    assert Renderer(folder).problems(folder) == []
    for name in sorted((folder / "zh").glob("finding.*")):
        whole = name.read_text("utf-8")
        name.write_text(whole + "{{ no_such_field }}", "utf-8")
        assert [problem.file for problem in Renderer(folder).problems(folder)] == [f"zh/{name.name}"]
        name.write_text(whole, "utf-8")
        assert Renderer(folder).problems(folder) == []
    (folder / "en" / "finding.txt.j2").unlink()
    assert Renderer(folder).problems(folder) != []


def test_a_missing_file_a_missing_language_and_a_stray_file_are_said(folder: Path) -> None:
    (folder / "en" / "finding.txt.j2").unlink()
    for kind in ("subject.txt", "txt", "html"):
        (folder / "zh" / f"thanks.{kind}.j2").write_text("{{ title }}", "utf-8")
    (folder / "zh" / "old finding.html").write_text("x", "utf-8")
    three = "thanks.subject.txt.j2, thanks.txt.j2, thanks.html.j2"
    hint = "every notice has a subject, a text and an HTML file in each language"
    assert [str(problem) for problem in Renderer(folder).problems(folder)] == [
        "zh/old finding.html:1:1: the file name is not one of a template\n  names end in .subject.txt.j2, .txt.j2, .html.j2",
        f"en/finding.txt.j2:1:1: notice 'finding' has no finding.txt.j2 in language 'en'\n  {hint}",
        f"en/thanks.subject.txt.j2:1:1: notice 'thanks' has no {three} in language 'en'\n  {hint}",
    ]


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", "utf-8")
    (folder / "zh" / "finding.txt.j2").unlink()
    (folder / "zh" / "finding.txt.j2").symlink_to(secret)
    renderer = Renderer(folder)
    assert [str(problem) for problem in renderer.problems(folder)] == [
        "zh/finding.txt.j2:1:1: this is a link to another place\n  put the file itself here"
    ]
    with pytest.raises(TemplateFailed, match="this is a link to another place"):
        renderer.render("finding", "zh", ZH["finding"])


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..\\secret", "finding\x00", "Finding", ""])
def test_a_name_out_of_the_folder_is_refused(renderer: Renderer, name: str) -> None:
    with pytest.raises(TemplateFailed, match="there is no such template"):
        renderer.render(name, "zh", ZH["finding"])


def test_a_mail_beyond_the_limit_is_refused(folder: Path) -> None:
    (folder / "zh" / "finding.txt.j2").write_text(
        "{% for row in rows %}{% for row in rows %}" + "x" * 60_000 + "{% endfor %}{% endfor %}", "utf-8"
    )
    with pytest.raises(TemplateFailed, match="the mail grows beyond 256 kB"):
        Renderer(folder).render("finding", "zh", ZH["finding"])


def test_a_template_that_would_take_long_is_refused_at_its_loop_before_it_is_ever_rendered(folder: Path) -> None:
    busy = "{% if row.value and cell.value %}{% endif %}\n" * 100
    (folder / "zh" / "finding.txt.j2").write_text(
        "{{ sent_at }}\n{% for row in rows %}\n{% for cell in rows %}\n" + busy + "{% endfor %}{% endfor %}", "utf-8"
    )
    with pytest.raises(TemplateFailed) as refused:
        Renderer(folder).render("finding", "zh", ZH["finding"])

    said = [line.strip() for line in str(refused.value).splitlines()]
    assert said[0].endswith("/zh/finding.txt.j2:2:4: this goes through up to 1,500,153 parts of the template, at most 200,000 are allowed")
    assert said[1:] == ["write less inside the loop, or take one loop out of the other"]


def test_the_shipped_templates_stay_far_below_the_limit_of_length(renderer: Renderer) -> None:
    from jinja2 import Environment

    longest = max(steps(Environment().parse(path.read_text("utf-8"))) for path in renderer.folder.rglob("*.j2"))
    assert longest * 10 < MOST_STEPS


DIGEST_FAULTS = {
    "".join(f"{{% for {name} in money %}}" for name in "abcd") + "{% endfor %}" * 4: "2:4: this loop is refused",
    "{% for a in subject %}{% endfor %}": "2:4: this loop is refused",
    "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}": "2:4: 'macro' is refused in a template",
    "{% for a in parts %}{% for b in parts %}{% for c in parts %}" + "{{ c.title }}" * 20 + "{% endfor %}{% endfor %}{% endfor %}": (
        "2:4: this goes through up to 5,132,653 parts of the template, at most 2,000,000 are allowed"
    ),
    "{{ reeder }}": "2:4: no field 'reeder'",
}


@pytest.mark.parametrize(
    ("fault", "kind"), [*((fault, "html") for fault in DIGEST_FAULTS), *((fault, "subject.txt") for fault in DIGEST_FAULTS)]
)
def test_a_template_of_digests_that_could_go_on_for_ever_is_refused_before_it_is_rendered(tmp_path: Path, kind: str, fault: str) -> None:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    name = f"zh/digest.{kind}.j2"
    (tmp_path / "templates/digests" / name).write_text("\n" + fault, "utf-8")
    pages = DigestPages(tmp_path / "templates")

    assert [str(each).splitlines()[0] for each in pages.problems()] == [f"templates/digests/{name}:{DIGEST_FAULTS[fault]}"]
    with pytest.raises(TemplateFailed):
        pages.render("zh", SAMPLE)


def test_only_texts_flags_and_rows_reach_a_template(renderer: Renderer) -> None:
    with pytest.raises(TypeError, match="these fields of a notice should be texts: title"):
        renderer.render("finding", "zh", {**ZH["finding"], "title": os})
    with pytest.raises(TypeError, match="notice 'finding' is rendered without title"):
        renderer.render("finding", "zh", {name: value for name, value in ZH["finding"].items() if name != "title"})


@pytest.mark.parametrize("guide", ["README.md", "README.zh-CN.md"])
def test_the_guides_name_every_field_filter_and_template(renderer: Renderer, guide: str) -> None:
    text = (TEMPLATES / guide).read_text("utf-8")
    assert [name for name in sorted(FIELDS | SEVERAL_FIELDS | renderer.names() | {*FILTERS}) if f"`{name}`" not in text] == []


def test_a_row_of_huge_cells_is_cut_short_and_still_mailed(renderer: Renderer) -> None:
    texts = {name: "<" * 50_000 for name, value in BLANK.items() if isinstance(value, str)}
    huge = facts(**texts, rows=[{"heading": "'" * 50_000, "value": '"' * 50_000}] * 100)
    mails = [*(renderer.render(name, "zh", huge) for name in ZH), renderer.render_several("zh", "<" * 50_000, [huge] * 100)]
    assert [len(mail.html.encode()) < OUTPUT_LIMIT for mail in mails] == [True] * (len(ZH) + 1)
