"""Who is told: columns, roles and superiors resolved through the staff table, never silently nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from automations.judging import Judged
from automations.speaking import owners_of

ADDRESS = re.compile(r"[^@\s<>\"']+@[^@\s<>\"']+\.[^@\s<>\"']+")
LEFT = ("离职", "left")


@dataclass(frozen=True)
class Person:
    """Somebody who can be told: a name, an address, and why it is them."""

    name: str
    address: str
    role: str = ""
    department: str = ""
    superior: str = ""
    why: str = ""


class People:
    """The staff of a workbook, and the fallbacks for whoever cannot be found."""

    def __init__(self, judged: Judged, admin: str) -> None:
        self._judged, self._admin = judged, admin
        self._owned: dict[str, Sequence[str]] = {}

    @cached_property
    def staff(self) -> dict[str, Person]:
        """Everyone at work, by staff number and by name."""
        evaluation = self._judged.evaluation
        if "staff" not in self._judged.snapshot.sheets:
            return {}
        wanted = ("staff_id", "staff_name", "email", "role", "department", "superior", "status")
        columns = [
            evaluation.texts("staff", name) if evaluation.has("staff", name) else [""] * evaluation.count("staff") for name in wanted
        ]
        found: dict[str, Person] = {}
        for number, name, email, role, department, superior, status in zip(*columns, strict=True):
            if status not in LEFT:
                person = Person(name or number, email, role, department, superior)
                found |= {each: person for each in (number, name) if each}
        return found

    @cached_property
    def _at_work(self) -> list[Person]:
        return list(dict.fromkeys(self.staff.values()))

    def told(self, to: Sequence[str], table: str, row: int, who: str, fallback: str) -> list[Person]:
        """The readers of one occasion: all that `to` names; when none can be reached, the policy's owner, then the admin."""
        found: dict[str, Person] = {}
        for each in to:
            for person in self._named(who if each == "approver" else each, table, row):
                if ADDRESS.fullmatch(person.address):
                    found.setdefault(person.address, person)
        if not found:
            found = {person.address: person for person in self._named(fallback, table, row) if ADDRESS.fullmatch(person.address)}
        return list(found.values()) or [Person("管理员", self._admin, why="fallback")]

    def owner(self, table: str, row: int) -> str:
        """The name of the person responsible for a row."""
        said = str(self._owners(table)[row])
        return self.staff[said].name if said in self.staff else said

    def _named(self, target: str, table: str, row: int) -> Iterable[Person]:
        if target.startswith("role:"):
            return self._in_role(target.removeprefix("role:"))
        if target in ("owner", "superior"):
            owner = self.staff.get(str(self._owners(table)[row])) or _by_address(str(self._owners(table)[row]))
            return self._above(owner) if target == "superior" else ([owner] if owner else [])
        if ADDRESS.fullmatch(target):
            return [Person(target.split("@")[0], target)]
        return self._in_column(target, table, row)

    def _in_column(self, column: str, table: str, row: int) -> Iterable[Person]:
        if not self._judged.evaluation.has(table, column):
            return []
        said = str(self._judged.evaluation.texts(table, column)[row])
        person = self.staff.get(said) or _by_address(said)
        return [person] if person else []

    def _in_role(self, role: str) -> Iterable[Person]:
        at_work = self._at_work
        return [person for person in at_work if person.role == role] or [person for person in at_work if person.department == role]

    def _above(self, person: Person | None) -> Iterable[Person]:
        above = self.staff.get(person.superior) if person else None
        return [above] if above and above != person else []

    def _owners(self, table: str) -> Sequence[str]:
        if table not in self._owned:
            self._owned[table] = owners_of(self._judged, table)
        return self._owned[table]


def _by_address(text: str) -> Person | None:
    return Person(text.split("@")[0], text) if ADDRESS.fullmatch(text) else None
