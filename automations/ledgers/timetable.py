"""The timetable as statements: slots, leases and troubles in the same database as the runs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from automations.ledgers import rows
from automations.ledgers.slots import Lease, SlotEnd, SlotRecord, SlotState, Trouble
from automations.ledgers.store import Store

UNSETTLED: frozenset[SlotState] = frozenset(("due", "running"))


class SqlTimetable:
    """A `Timetable` on an open database; what each method promises is written in the protocol."""

    def __init__(self, database: Store) -> None:
        self._database = database

    def offer(self, automation: str, workbook: str, due: datetime, now: datetime, *, skipped: int = 0, give_up: str = "") -> bool:
        state = "skipped" if give_up else "due"
        told = {"state": state, "why": give_up, "skipped": skipped, "now": _utc(now)}
        return self._do("offer_slot", **_slot(automation, workbook, due), **told) == 1

    def take(self, automation: str, workbook: str, due: datetime, owner: str, now: datetime) -> bool:
        return self._do("take_slot", **_slot(automation, workbook, due), owner=owner, now=_utc(now)) == 1

    def end(self, automation: str, workbook: str, due: datetime, owner: str, end: SlotEnd, now: datetime) -> bool:
        told = {"state": end.state, "why": end.why, "run_id": end.run_id, "not_before": _utc(end.not_before or due), "now": _utc(now)}
        return self._do("end_slot", **_slot(automation, workbook, due), owner=owner, **told) == 1

    def drop_older(self, automation: str, workbook: str, due: datetime, now: datetime, why: str) -> int:
        return self._do("drop_slots", **_slot(automation, workbook, due), state="skipped", why=why, now=_utc(now))

    def orphans(self, owner: str, now: datetime, why: str) -> int:
        return self._do("orphaned_slots", owner=owner, now=_utc(now), why=why)

    def slots(self, states: Collection[SlotState] = (), automation: str | None = None, limit: int = 100) -> list[SlotRecord]:
        asked: dict[str, Any] = {"states": rows.some(states), "limit": limit}
        if states and UNSETTLED.issuperset(states):
            found = self._database.rows("open_slots", automation=automation, **asked)
        elif automation is not None:
            found = self._database.rows("slots_of", automation=automation, **asked)
        else:
            found = self._database.rows("slots", **asked)
        return [_slot_record(row) for row in found]

    def slot(self, automation: str, workbook: str, due: datetime) -> SlotRecord | None:
        found = self._database.rows("slot_at", **_slot(automation, workbook, due))
        return _slot_record(found[0]) if found else None

    def last(self, automation: str, workbook: str, now: datetime) -> datetime | None:
        found = self._database.rows("last_slot", automation=automation, workbook=workbook, now=_utc(now))[0]["due"]
        return datetime.fromisoformat(found) if found else None

    def forget(self, before: datetime) -> int:
        return self._do("forget_slots", before=_utc(before))

    def lease(self, resource: str, owner: str, now: datetime, expires: datetime) -> Lease | None:
        with self._database.transaction():
            found = self._database.rows("take_lease", resource=resource, owner=owner, now=_utc(now), expires=_utc(expires))
        return Lease(resource, owner, int(found[0]["epoch"]), expires) if found else None

    def renew(self, owner: str, now: datetime, expires: datetime) -> int:
        return self._do("renew_leases", owner=owner, now=_utc(now), expires=_utc(expires))

    def holds(self, lease: Lease, now: datetime) -> bool:
        held = {"resource": lease.resource, "owner": lease.owner, "epoch": lease.epoch}
        return bool(self._database.rows("holds_lease", **held, now=_utc(now)))

    def release(self, lease: Lease) -> bool:
        return self._do("release_lease", resource=lease.resource, owner=lease.owner, epoch=lease.epoch) == 1

    def release_all(self, owners: str) -> int:
        return self._do("release_leases", owners=f"{owners}%")

    def leases(self, now: datetime) -> list[Lease]:
        found = self._database.rows("leases", now=_utc(now))
        return [Lease(row["resource"], row["owner"], int(row["epoch"]), datetime.fromisoformat(row["expires"])) for row in found]

    def trouble(self, name: str, now: datetime, why: str) -> Trouble:
        with self._database.transaction():
            return _trouble(self._database.rows("note_trouble", name=name, now=_utc(now), why=why)[0])

    def tell(self, name: str) -> bool:
        return self._do("tell_trouble", name=name) == 1

    def over(self, name: str) -> Trouble | None:
        with self._database.transaction():
            found = self._database.rows("end_trouble", name=name)
        return _trouble(found[0]) if found else None

    def troubles(self) -> list[Trouble]:
        return [_trouble(row) for row in self._database.rows("troubles")]

    def _do(self, statement: str, **values: object) -> int:
        return self._database.do_alone(statement, **values)


def _utc(moment: datetime) -> str:
    """A moment as it is kept: UTC, so that texts compare as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _slot(automation: str, workbook: str, due: datetime) -> dict[str, str]:
    return {"automation": automation, "workbook": workbook, "due": _utc(due)}


def _slot_record(row: Any) -> SlotRecord:
    kept: dict[str, Any] = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row iterates over its values
    return SlotRecord(**kept | {name: datetime.fromisoformat(row[name]) for name in ("due", "not_before", "changed_at")})


def _trouble(row: Any) -> Trouble:
    since, last_at = (datetime.fromisoformat(row[name]) for name in ("since", "last_at"))
    return Trouble(row["name"], since, last_at, int(row["times"]), row["why"], bool(row["told"]))
