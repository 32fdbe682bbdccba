"""Posts: the other names each goes by in this company, and those that the configuration turns to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from automations.errors import Problem
from automations.rules.approval import Approval
from automations.rules.duty import Duty

if TYPE_CHECKING:
    from automations.config import Config, LoadedPolicy
    from automations.yamlfile import Path

ROLE = "role:"
SEVERAL = re.compile(r"\s*[/、,，;；]\s*")
"""Between the posts of somebody who has several, and between departments in one cell."""
ALIKE = 0.75
"""From when on a post that is written once is taken for a slip of the pen for another one."""


def groups(config: Config) -> list[set[str]]:
    """The names of each post that packs or settings give other names to."""
    roles = (config.settings.roles, *(pack.roles for pack in config.packs.values()))
    return [{post, *names} for each in roles for post, names in each.items()]


def names_of(post: str, alike: Iterable[set[str]]) -> set[str]:
    """All names under which staff may have this post."""
    return {post}.union(*(group for group in alike if post in group))


def asked_for(config: Config) -> Counter[str]:
    """The posts that notices, approvals, duties and digests turn to, and how often."""
    found = Counter(post for policy in config.policies.values() for post, _ in _in_policy(policy))
    found.update(each.removeprefix(ROLE) for digest in config.digests.values() for each in digest.to if each.startswith(ROLE))
    return found


def _in_policy(policy: LoadedPolicy) -> Iterable[tuple[str, Path]]:
    """Every post a policy turns to, with its place in the file."""
    file = policy.file
    said: list[tuple[str, Path]] = [(file.owner, ("owner",))]
    for place, notice in enumerate(file.notices):
        said += [(each, ("notices", place, "to")) for each in notice.to]
        said += [(each, ("notices", place, "ladder", step, "to")) for step, rung in enumerate(notice.ladder) for each in rung.to]
    positions = {data.get("id"): place for place, data in enumerate(file.rules)}
    for rule in policy.rules.values():
        if isinstance(rule, Approval):
            said += [(each.who, ("rules", positions[rule.id], "by", place, "who")) for place, each in enumerate(rule.by)]
        if isinstance(rule, Duty):
            said.append((ROLE + rule.who, ("rules", positions[rule.id], "who")))
    return [(each.removeprefix(ROLE), at) for each, at in said if each.startswith(ROLE)]


def slips(config: Config) -> Iterable[Problem]:
    """Posts that are written once and look like another one: whoever has that one would not be told."""
    times, known = asked_for(config), _known(config)
    for policy in config.policies.values():
        for post, at in _in_policy(policy):
            near = get_close_matches(post, [each for each in times if each != post and times[each] > 1], n=1, cutoff=ALIKE)
            if near and times[post] == 1 and post not in known:
                hint = f"did you mean '{near[0]}'? A post of its own is given its other names under `roles`"
                yield policy.document.problem(at, f"post '{post}' is written nowhere else", hint)


def _known(config: Config) -> set[str]:
    return set[str]().union(*groups(config))


def unheld(asked: Mapping[str, int], posts: set[str], departments: set[str], alike: list[set[str]]) -> list[str]:
    """The posts that nobody has under any of their names, and that are no department either; those asked for most come first."""
    held = posts | departments
    return [post for post, _ in sorted(asked.items(), key=lambda each: -each[1]) if not names_of(post, alike) & held]
