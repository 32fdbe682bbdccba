"""Who is told: columns, roles and superiors resolved through the staff table, deputies for those away, never silently nobody."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from email.utils import parseaddr
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from automations.customers import CUSTOMER, customer_of
from automations.judging import Judged
from automations.posts import SEVERAL, groups, names_of
from automations.quiet import OpenHours
from automations.speaking import owners_of

if TYPE_CHECKING:
    from automations.config import Config

ADDRESS = re.compile(r"[^@\s<>\"']+@[^@\s<>\"']+\.[^@\s<>\"']+")
MACHINE = re.compile(r"((no|do[-_.]?not)[-_.]?reply.*|mailer-daemon|postmaster|bounces?)@.*", re.IGNORECASE)
"""Addresses nobody reads; a mail to one of them reaches no one, or comes back for ever."""
LEFT = ("离职", "left")
LANGUAGES: Mapping[str, str] = {"中文": "zh", "zh": "zh", "英文": "en", "en": "en"}
TEXTS = ("staff_id", "staff_name", "email", "role", "department", "superior", "status", "language", "calendar", "deputy")
DAYS = ("away_from", "away_until")


@dataclass(frozen=True)
class Person:
    """Somebody who can be told: a name, an address, in which language and hours, and why it is them."""

    name: str
    address: str
    role: str = ""
    department: str = ""
    superior: str = ""
    why: str = ""
    language: str = ""
    calendar: str = ""
    deputy: str = ""
    away_from: date | None = None
    away_until: date | None = None
    stands_for: Person | None = None

    @property
    def roles(self) -> frozenset[str]:
        """The posts this person has."""
        return frozenset(SEVERAL.split(self.role)) | {self.role}

    @property
    def known_as(self) -> str:
        """Whose matter it is, whoever stands in: the identity of a notice must not change when somebody goes on leave."""
        whose = self.stands_for or self
        return whose.address or whose.name

    def is_away(self, day: date) -> bool:
        """Whether the person is away on this day; a blank end is open, and so is a blank beginning."""
        if self.away_from is None and self.away_until is None:
            return False
        return (self.away_from or day) <= day <= (self.away_until or day)


class People:
    """The staff of a workbook, and the fallbacks for whoever cannot be found."""

    def __init__(self, judged: Judged, config: Config) -> None:
        self._judged, self._admin = judged, config.settings.admin
        self._today = judged.evaluation.now.date()
        self._groups = groups(config)
        self._own = {parseaddr(each)[1].casefold() for each in (config.settings.mail.sender, config.settings.mail.user)}
        self._owned: dict[str, Sequence[str]] = {}
        self._posts: dict[str, list[Person]] = {}
        self._read: dict[str, bool] = {}
        self._config, self._hours = config, dict[datetime, OpenHours]()
        self.without_address: dict[tuple[str, int], str] = {}
        """The rows whose customer was to be told and cannot be, with the customer's name."""

    @cached_property
    def staff(self) -> dict[str, Person]:
        """Everyone at work, by staff number and by name."""
        if "staff" not in self._judged.snapshot.sheets:
            return {}
        texts = zip(*(self._texts(name) for name in TEXTS), strict=True)
        days = zip(*(self._days(name) for name in DAYS), strict=True)
        found: dict[str, Person] = {}
        for (number, name, email, role, department, superior, status, language, calendar, deputy), (begin, end) in zip(
            texts, days, strict=True
        ):
            if status not in LEFT:
                spoken = LANGUAGES.get(language, "")
                person = Person(name or number, email, role, department, superior, "", spoken, calendar, deputy, begin, end)
                found |= {each: person for each in (number, name) if each}
        return found

    def _texts(self, name: str) -> Sequence[str]:
        evaluation = self._judged.evaluation
        return evaluation.texts("staff", name) if evaluation.has("staff", name) else [""] * evaluation.count("staff")

    def _days(self, name: str) -> Sequence[date | None]:
        evaluation = self._judged.evaluation
        if not evaluation.has("staff", name):
            return [None] * evaluation.count("staff")
        days: Any = evaluation.times("staff", name)
        return [None if np.isnat(day) else day.astype("datetime64[D]").item() for day in days]

    @cached_property
    def _at_work(self) -> list[Person]:
        return list(dict.fromkeys(self.staff.values()))

    def told(self, to: Sequence[str], table: str, row: int, who: str, fallback: str) -> list[Person]:
        """The readers of one occasion: all that `to` names; when none can be reached, the policy's owner, then the admin.

        A customer's letter goes to the customer or to nobody.
        """
        if CUSTOMER in to:
            return self._customer(table, row)
        wanted = [who if each == "approver" else each for each in to]
        found = self._reached(wanted, table, row) or self._reached([fallback], table, row)
        return found or [Person("管理员", self._admin, why="fallback")]

    def instead(self, fallback: str, table: str, row: int, left_out: Collection[str]) -> list[Person]:
        """Who is told when none of those named takes mail: the policy's owner, then the admin."""
        found = [person for person in self._reached([fallback], table, row) if person.address.casefold() not in left_out]
        return found or [Person("管理员", self._admin, why="fallback")]

    def address_of(self, target: str, table: str, row: int) -> str:
        """The address of the first whom a target names and mail can reach; blank when there is none."""
        addresses = (person.address for person in (self._named(target, table, row) if target else ()))
        return next((address for address in addresses if ADDRESS.fullmatch(address)), "")

    def _customer(self, table: str, row: int) -> list[Person]:
        name, address = customer_of(self._judged, table, row)
        if ADDRESS.fullmatch(address):
            return [Person(name or address.split("@")[0], address, why=CUSTOMER)]
        self.without_address[(table, row)] = name
        return []

    def owner(self, table: str, row: int) -> str:
        """The name of the person responsible for a row."""
        said = str(self._owners(table)[row])
        return self.staff[said].name if said in self.staff else said

    def opens(self, person: Person, at: datetime) -> datetime | None:
        """When somebody is next at work, counted from a moment; None when they are at work then."""
        return self._hours.setdefault(at, OpenHours(self._config, at)).opens(person)

    def _reached(self, targets: Iterable[str], table: str, row: int) -> list[Person]:
        """Whoever is named and can be reached, each address once."""
        found: dict[str, Person] = {}
        for target in targets:
            for person in self._named(target, table, row):
                if reader := self._present(person):
                    found.setdefault(reader.address.casefold(), reader)
        return list(found.values())

    def _present(self, person: Person) -> Person | None:
        """The person, or while they are away the first of their deputies who is there; nobody when no mail can reach them."""
        seen, at = [person], person
        while at.is_away(self._today) and (deputy := self.staff.get(at.deputy)) and deputy not in seen:
            seen.append(deputy)
            at = deputy
        if at != person and not at.is_away(self._today) and self._reads(at.address):
            return replace(at, stands_for=person)
        return person if self._reads(person.address) else None

    def _reads(self, address: str) -> bool:
        """Whether somebody reads what is sent there: no machine, and not the mailbox this program sends from."""
        if address not in self._read:
            known = ADDRESS.fullmatch(address) and not MACHINE.fullmatch(address)
            self._read[address] = bool(known) and address.casefold() not in self._own
        return self._read[address]

    def _named(self, target: str, table: str, row: int) -> Iterable[Person]:
        if target.startswith("role:"):
            return self._in_role(target.removeprefix("role:"))
        if target in ("owner", "superior"):
            owners = self._known(str(self._owners(table)[row]))
            return [above for each in owners for above in self._above(each)] if target == "superior" else owners
        if ADDRESS.fullmatch(target):
            return [self.at(target)]
        return self._in_column(target, table, row)

    def _in_column(self, column: str, table: str, row: int) -> Iterable[Person]:
        if not self._judged.evaluation.has(table, column):
            return []
        return self._known(self._judged.evaluation.text(table, column, row))

    def _known(self, said: str) -> list[Person]:
        """Whom a cell means: a staff number or name, an address, or all in the posts that the cell names."""
        person = self.staff.get(said) or _by_address(said)
        return [person] if person else [each for name in SEVERAL.split(said) if name for each in self._in_role(name)]

    def _in_role(self, role: str) -> list[Person]:
        if role not in self._posts:
            self._posts[role] = self._holding(role)
        return self._posts[role]

    def _holding(self, role: str) -> list[Person]:
        names, at_work = names_of(role, self._groups), self._at_work
        return [person for person in at_work if person.roles & names] or [person for person in at_work if person.department in names]

    def at(self, address: str) -> Person:
        """Who has this address: of the staff, or nobody known."""
        same = (person for person in self._at_work if person.address.casefold() == address.casefold())
        return next(same, Person(address.split("@")[0], address))

    def _above(self, person: Person | None) -> Iterable[Person]:
        above = self.staff.get(person.superior) if person else None
        return [above] if above and above != person else []

    def _owners(self, table: str) -> Sequence[str]:
        if table not in self._owned:
            self._owned[table] = owners_of(self._judged, table)
        return self._owned[table]


def _by_address(text: str) -> Person | None:
    return Person(text.split("@")[0], text) if ADDRESS.fullmatch(text) else None
