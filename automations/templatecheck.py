"""What a template may say: the fields of a notice, and everything else refused with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from automations.yamlcheck import closest

if TYPE_CHECKING:  # jinja2 costs a third of a second to import; a command that mails nobody does not pay for it
    from jinja2 import nodes

LAYOUT, SEVERAL = "layout", "several"
LETTER, LETTER_LAYOUT = "letter-", "letter-layout"
"""How the names of letters to customers begin, and the layout they share."""
LAYOUTS = frozenset({LAYOUT, LETTER_LAYOUT})
TEXTS: Mapping[str, str] = {
    "reader": "name of the person who gets the mail",
    "table": "title of the table",
    "key": "key of the row, such as TS-20260917-003",
    "place": "where the row stands, such as 客户投诉 第 12 行",
    "book": "file the row stands in; empty where it has a link",
    "link": "address that opens the row in the browser; empty where there is none, as for files",
    "title": "title of the rule: what is to be done",
    "state": "word for where the step stands",
    "due": "date and time by which it must be done",
    "left": "time left, or how late, in words",
    "next_step": "what to do next",
    "problem": "what is wrong with the row, a sentence",
    "fix": "how to put it right, a sentence",
    "clause": "clause of the policy",
    "source": "the policy document",
    "why": "why the reader gets this, a full sentence",
    "owner": "person responsible for the row",
    "contact": "whom to ask",
    "hold": "how to put the matter on hold, a sentence",
    "sent_at": "date and time of the mail",
    "before": "what was sent before and to whom, a sentence",
    "otherwise": "what happens next if nothing is done: when, and who is told, a sentence",
    "enclosed": "which forms travel with the mail, or what they lack, sentences",
}
SENTENCES = frozenset({"next_step", "problem", "fix", "why", "hold", "before", "otherwise", "enclosed"})
"""The fields that may be of several lines; the others are brought on one."""
FLAGS = frozenset({"provisional", "urgent"})
FIELDS = FLAGS | {*TEXTS, "rows"}
"""What a notice template may say; every field is always there, a text may be empty."""
SEVERAL_FIELDS = frozenset({"reader", "sent_at", "book", "count", "more", "urgent_count", "items", "whys", "holds", "contacts"}) | FLAGS
"""What the template for several notices in one mail may say."""
LISTS: Mapping[str, frozenset[str]] = {
    "rows": frozenset({"heading", "value"}),
    "items": FIELDS,
    **dict.fromkeys(("whys", "holds", "contacts"), frozenset({"sentence"})),
}
LETTER_FIELDS = frozenset({"reader", "key", "title", "rows", "sent_at", "enclosed"})
"""What a letter to a customer may say: nothing of how the matter is dealt with inside."""
FIELDS_OF: Mapping[str, frozenset[str]] = {SEVERAL: SEVERAL_FIELDS, LAYOUT: FIELDS | SEVERAL_FIELDS}
Known = Mapping[str, frozenset[str]]
"""The names in reach, each with what may stand after its dot."""
LOOP = frozenset({"index", "first", "last", "length"})
FILTERS = ("ended", "line", "lines", "escape", "lower", "upper", "trim", "length", "truncate")
_LOGIC = frozenset({"If", "For", "CondExpr", "Compare", "Operand", "Not", "And", "Or", "Filter"})
ALLOWED = _LOGIC | {"Template", "Output", "TemplateData", "Name", "Const", "Getattr", "Extends", "Block", "Concat"}
"""The parts of Jinja a template may use, by the names of its parse tree."""
REFUSED: Mapping[str, str] = {
    "Mul": "'*'",
    "Pow": "'**'",
    "Call": "a call with '()'",
    "Getitem": "'[]'",
    "Test": "'is'",
    "ScopedEvalContextModifier": "'autoescape'",
    **{kind: f"'{word}'" for kind, word in (("Assign", "set"), ("AssignBlock", "set"), ("CallBlock", "call"), ("FromImport", "import"))},
}

ADVICE = "a template only puts the fields into words; see templates/README.md"
LONGEST, MOST_STEPS = 50, 200_000
"""Items a list of a mail can have, and parts of a template that may be gone through for one file: about a tenth of a second."""
_LETTER_SAYS = ", ".join(sorted(LETTER_FIELDS))
_TAG = re.compile(r"\{[{%].*?[%}]\}")


@dataclass(frozen=True)
class Mistake:
    """Something in a template that is refused: its line, the word to point at, what, and hints."""

    line: int
    word: str
    what: str
    hints: tuple[str, ...] = ()


class Walk:
    """Finds what is refused in a parsed template: unknown names, calls, loops over anything but the lists of the notice."""

    deepest, most = 2, MOST_STEPS

    def __init__(
        self,
        tree: nodes.Template,
        name: str,
        templates: Sequence[str],
        fields: Known | None = None,
        lists: Known = LISTS,
        advice: str = ADVICE,
    ) -> None:
        self.found: list[Mistake] = []
        self._name, self._templates, self._lists, self._advice = name, templates, lists, advice
        deep = "two" if self.deepest == 2 else "three"
        self._loops = f"go through one of {', '.join(lists)}, at most {deep} loops deep" if lists else "there is no list here"
        self._letter = fields is None and notice_of(name).startswith(LETTER)
        said = LETTER_FIELDS if self._letter else FIELDS_OF.get(notice_of(name), FIELDS)
        self._fields: Known = dict.fromkeys(said, frozenset()) if fields is None else fields
        self._visit(tree, self._fields, 0)
        if steps(tree) > self.most:
            self._too_long(tree)

    def _visit(self, node: nodes.Node, known: Known, depth: int) -> None:
        kind = type(node).__name__
        if kind not in ALLOWED:
            word = REFUSED.get(kind, f"'{kind.lower()}'")
            return self._say(node, word.strip("'"), f"{word} is refused in a template", self._advice)
        special = getattr(self, f"_on_{kind.lower()}", None)
        if special:
            return special(node, known, depth)  # type: ignore[no-any-return]
        return self._visit_all(node.iter_child_nodes(), self._fields if kind == "Block" else known, depth)

    def _visit_all(self, children: Iterable[nodes.Node], known: Known, depth: int) -> None:
        for child in children:
            self._visit(child, known, depth)

    def _on_name(self, node: nodes.Name, known: Known, _depth: int) -> None:
        if self._letter and node.name in FIELDS - LETTER_FIELDS:
            self._say(node, node.name, f"'{node.name}' is internal: no letter to a customer says it", f"a letter says {_LETTER_SAYS}")
        elif node.name not in known:
            self._say(node, node.name, f"no field '{node.name}'", *meant(node.name, known))

    def _on_getattr(self, node: nodes.Getattr, known: Known, depth: int) -> None:
        owner = getattr(node.node, "name", None) if type(node.node).__name__ == "Name" else None
        if owner is None:
            self._visit(node.node, known, depth)
            self._say(node, node.attr, f"'.{node.attr}' is refused here", "write the name of a loop variable before the dot")
        elif owner not in known:
            self._say(node, owner, f"no field '{owner}'", *meant(owner, known))
        elif node.attr not in known[owner]:
            self._say(node, node.attr, f"'{owner}' has no '{node.attr}'", *meant(node.attr, known[owner]))

    def _on_for(self, node: nodes.For, known: Known, depth: int) -> None:
        over = getattr(node.iter, "attr", getattr(node.iter, "name", ""))
        if type(node.iter).__name__ not in ("Name", "Getattr") or over not in self._lists or node.recursive or depth >= self.deepest:
            return self._say(node, "for", "this loop is refused", self._loops)
        self._visit(node.iter, known, depth)
        inside = {**known, getattr(node.target, "name", ""): self._lists[over], "loop": LOOP}
        self._visit_all([*node.body, *([node.test] if node.test else [])], inside, depth + 1)
        return self._visit_all(node.else_, known, depth)

    def _on_filter(self, node: nodes.Filter, known: Known, depth: int) -> None:
        if node.name not in FILTERS:
            self._say(node, node.name, f"filter '{node.name}' is refused", *meant(node.name, FILTERS), f"filters: {', '.join(FILTERS)}")
        self._visit_all(node.iter_child_nodes(), known, depth)

    def _on_extends(self, node: nodes.Extends, _known: Known, _depth: int) -> None:
        parent = getattr(node.template, "value", "")
        if parent not in self._templates:
            self._say(node, str(parent) or "extends", f"no layout '{parent}'", *meant(str(parent), self._templates))
        elif parent.endswith(".html.j2") != self._name.endswith(".html.j2"):
            self._say(node, parent, f"'{parent}' is not of the same kind", "an HTML file extends an HTML layout, a text file a text layout")
        elif notice_of(self._name) != LETTER_LAYOUT and self._letter != (notice_of(parent) == LETTER_LAYOUT):
            what = f"'{parent}' is the layout of {'staff mails' if self._letter else 'letters to customers'}"
            self._say(node, parent, what, f"letters to customers, named '{LETTER}…', extend '{LETTER_LAYOUT}', all other mails 'layout'")

    def _too_long(self, tree: nodes.Template) -> None:
        """Refused before it is ever rendered: a loop in a loop, each over fifty items, goes through its inside 2,500 times."""
        from jinja2 import nodes

        loop = max(tree.find_all(nodes.For), key=steps, default=tree)
        what = f"this goes through up to {steps(loop):,} parts of the template, at most {self.most:,} are allowed"
        self._say(loop, "for", what, "write less inside the loop, or take one loop out of the other")

    def _say(self, node: nodes.Node, word: str, what: str, *hints: str) -> None:
        self.found.append(Mistake(node.lineno, word, what, hints))


def steps(node: nodes.Node) -> int:
    """How many parts of a template are gone through at most: what stands in a loop counts for every item, long text for its length."""
    inside = sum(map(steps, node.iter_child_nodes()))
    own = 1 + sum(len(str(getattr(node, name, ""))) // 1000 for name in ("value", "data"))
    if type(node).__name__ != "For":
        return own + inside
    again: list[nodes.Node] = [*node.body, *([node.test] if node.test else [])]  # type: ignore[attr-defined]
    return own + inside + (LONGEST - 1) * sum(map(steps, again))


def notice_of(name: str) -> str:
    """The notice a file belongs to: `zh/deadline-late.txt.j2` is of `deadline-late`."""
    return name.rpartition("/")[2].partition(".")[0]


def column_of(source: str, mistake: Mistake) -> int:
    """The 1-based column of the word inside a tag of its line."""
    line = source.split("\n")[mistake.line - 1]
    places = [tag.start() + at for tag in _TAG.finditer(line) if (at := tag[0].find(mistake.word)) >= 0]
    return places[0] + 1 if places else 1


def meant(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """A hint with the known word somebody most likely meant, if there is one."""
    near = closest(word, known)
    return (f"did you mean '{near}'?",) if near else ()
