"""`check`: every mistake of config/ and templates/, every example, and what is worth a second look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from automations.config import Config, LoadedPolicy, load
from automations.coverage import coverage_problems
from automations.digestpages import DigestPages
from automations.errors import ConfigProblems, Problem, RowkeeperError
from automations.examples import Prover
from automations.formcheck import form_problems
from automations.hints import hints_of
from automations.noticecheck import notice_problems
from automations.proving import Progress, unnoticed
from automations.rendering import Renderer
from automations.sharedpromises import Shared, shared_promises
from automations.wordpapers import PaperTemplates
from automations.yamlcheck import closest


@dataclass(frozen=True)
class Checked:
    """What `check` found: problems stop a run, hints do not."""

    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    counts: dict[str, int]
    unproved: tuple[str, ...] = ()
    unnoticed: tuple[str, ...] | None = None
    tried: int = 0
    """How many rules were switched off in turn."""
    config: Config | None = None
    """The configuration, where it is whole."""
    shared: Shared | None = None
    """The promises that several rules make, where a day was given."""

    def on(self, day: date) -> Checked:
        """With the promises that several rules make, in the numbers in force on a day."""
        return self if self.config is None else replace(self, shared=shared_promises(self.config, day))

    def text(self) -> str:
        lines = [str(problem) for problem in self.problems] + [f"{problem}".replace(": ", ": hint: ", 1) for problem in self.hints]
        lines += [f"hint: no example proves rule '{rule}'" for rule in self.unproved]
        if self.problems:
            return "\n".join([*lines, ConfigProblems(self.problems).report().splitlines()[-1]])
        lines += [f"no example notices when rule '{rule}' is switched off" for rule in self.unnoticed or ()]
        if self.unnoticed is not None:
            lines.append(f"{self.tried - len(self.unnoticed)} of {self.tried} rules switched off one at a time: an example noticed.")
        lines += [self.shared.text()] if self.shared and self.shared.promises else []
        counted = ", ".join(f"{count} {what}" for what, count in self.counts.items())
        return "\n".join([*lines, f"config is good: {counted}."])

    def data(self) -> dict[str, Any]:
        return {
            "problems": [vars(problem) for problem in self.problems],
            "hints": [vars(problem) for problem in self.hints],
            "unproved": list(self.unproved),
            "unnoticed": self.unnoticed,
            "counts": self.counts,
            "promises": self.shared.data() if self.shared else [],
        }


class NoSuchPolicy(RowkeeperError):
    """Neither a policy nor a pack has that name."""

    exit_code = 3


def check(root: Path, *, examples: bool = True, prove: bool = False, only: Sequence[str] = (), progress: Progress | None = None) -> Checked:
    """Everything wrong with the configuration under `root`, at once; `prove` also switches every rule off in turn.

    `only` names policies or packs whose examples are judged; without it all are. Raises NoSuchPolicy.
    """
    try:
        config = load(root)
    except ConfigProblems as error:
        return Checked((*error.problems, *Renderer(root / "templates" / "notices").problems(root)), (), {})
    policies = _policies_of(config, only)
    problems = other_problems(config)
    unproved: tuple[str, ...] = ()
    if examples:
        prover = Prover(config)
        problems += prover.problems(policies)
        unproved = tuple(prover.unproved(policies))
    silent = tuple(unnoticed(config, policies, progress)) if prove and not problems else None
    tried = sum(len(policy.rules) for policy in policies) if silent is not None else 0
    return Checked(tuple(problems), tuple(hints_of(config)), counts_of(config), unproved, silent, tried, config)


def _policies_of(config: Config, only: Sequence[str]) -> tuple[LoadedPolicy, ...]:
    """The policies of these names, and those of packs of these names."""
    known = {*config.policies, *config.packs}
    for name in only:
        if name not in known:
            near = closest(name, known)
            raise NoSuchPolicy(f"no policy or pack '{name}'" + (f"\n  did you mean '{near}'?" if near else ""))
    return tuple(policy for name, policy in config.policies.items() if not only or {name, policy.pack} & {*only})


def other_problems(config: Config) -> list[Problem]:
    """Faults that need the whole configuration: templates and notices."""
    renderer = Renderer(config.root / "templates" / "notices")
    pages = [*DigestPages(config.root / "templates").problems(), *_papers(config)] if config.digests else []
    notices = notice_problems(config, renderer.names())
    return [*renderer.problems(config.root), *pages, *notices, *form_problems(config), *coverage_problems(config)]


def _papers(config: Config) -> Iterable[Problem]:
    """Faults of the Word templates of papers, where a digest is kept as one."""
    asked = any(digest.paper for digest in config.digests.values())
    return PaperTemplates(config.root / "templates").problems() if asked else ()


def counts_of(config: Config) -> dict[str, int]:
    policies = config.policies.values()
    return {
        "packs": len(config.packs),
        "tables": len(config.tables),
        "policies": len(config.policies),
        "rules": sum(len(policy.rules) for policy in policies),
        "examples": sum(len(policy.file.examples) for policy in policies),
    }
