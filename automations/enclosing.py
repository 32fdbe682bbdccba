"""Forms that travel with a notice: made of its row while the mail is planned, or said to be lacking something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from automations.addressing import Addressed
from automations.config import Config
from automations.customers import CUSTOMER
from automations.formfacts import BETWEEN, lacking
from automations.formmaking import keys_of, made_of, rows_with
from automations.formtemplates import WORD, FormFailed
from automations.judging import Judged
from automations.model import Attachment, Words
from automations.occasions import Occasion
from automations.program import FormSpec

SAID: Mapping[str, Words] = {
    "with": {"zh": "随信附上{forms}。", "en": "Enclosed: {forms}."},
    "form": {"zh": "《{title}》", "en": "{title}"},
    "lacks": {"zh": "《{title}》暂未附上，还缺：{lacks}。", "en": "{title} is not enclosed yet, it lacks: {lacks}."},
    "broken": {
        "zh": "《{title}》的模板有误，暂未附上，请告诉管理员。",
        "en": "{title} is not enclosed, its template is faulty; tell the admin.",
    },
}


@dataclass(frozen=True)
class Enclosed:
    """The files that travel with one notice, and a sentence about them; what is lacking is said to staff only."""

    files: tuple[Attachment, ...] = ()
    said: str = ""


def enclosed_with(judged: Judged, config: Config, each: Addressed) -> Enclosed:
    """The forms a policy encloses with the notices of this rule."""
    language = each.notice.language
    made = [_made(judged, config, spec, each.occasion.row, language) for spec in _forms(config, each.occasion)]
    files = tuple(file for _, file, _ in made if file)
    titles = [SAID["form"][language].format(title=title) for title, file, _ in made if file]
    said = [SAID["with"][language].format(forms=BETWEEN[language].join(titles))] if titles else []
    if each.person.why != CUSTOMER:
        said += [why for _, _, why in made if why]
    return Enclosed(files, ("" if language == "zh" else " ").join(said))


def _forms(config: Config, occasion: Occasion) -> list[FormSpec]:
    policy = config.policies[occasion.policy].file
    wanted = [name for notice in policy.notices if f"{policy.policy}/{notice.on}" == occasion.rule for name in notice.encloses]
    known = {spec.rule: spec for spec in config.program.forms} if wanted else {}
    return [known[name] for name in dict.fromkeys(wanted) if name in known]


def _made(judged: Judged, config: Config, spec: FormSpec, row: int, language: str) -> tuple[str, Attachment | None, str]:
    """The title, and the file or why there is none."""
    title = spec.title.get(language) or spec.title.get("zh", "")
    lacks = _lacking(judged, spec, row, language)
    if lacks:
        return title, None, SAID["lacks"][language].format(title=title, lacks=lacks)
    try:
        rows = rows_with(judged.evaluation, spec, _key(judged, spec, row))
        content, name = made_of(judged, config, spec, rows, language)
    except FormFailed:
        return title, None, SAID["broken"][language].format(title=title)
    return title, Attachment(name, WORD, content), ""


def _lacking(judged: Judged, spec: FormSpec, row: int, language: str) -> str:
    """What the form lacks: columns of the workbook, or fields of its rows; empty when it can be made."""
    absent = [column for table, column in sorted(spec.needs) if not judged.evaluation.has(table, column)]
    if absent:
        return BETWEEN[language].join(absent)
    rows = rows_with(judged.evaluation, spec, _key(judged, spec, row))
    blank = [words for words in lacking(judged.evaluation, spec, language)[rows] if words]
    return blank[0] if blank else "" if len(rows) else spec.title.get(language, spec.rule)


def _key(judged: Judged, spec: FormSpec, row: int) -> str:
    return str(keys_of(judged.evaluation, spec)[row])
