"""The benchmark compares equals: three ways of judging agree, the tables are the same every time, and the bars are read rightly."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from automations.config import Config, load
from automations.judging import Judge, Memory
from automations.model import Snapshot
from automations.reading import read_snapshot
from tests.bench import deadlines
from tests.bench.answers import COVERED, differences, of_engine
from tests.bench.atgoogle import measured
from tests.bench.bench import google_lines, judging_lines
from tests.bench.by_hand import ByHand
from tests.bench.by_row import ByRow, rows_of
from tests.bench.measuring import ROOT, Line, table
from tests.bench.sizes import cold, covered, judge_of
from tests.bench.tables import NOW, grids_of, made

SIZE = 200


@pytest.fixture(scope="module")
def config() -> Config:
    return load(ROOT)


@pytest.fixture(scope="module")
def judge(config: Config) -> Judge:
    return judge_of(config, covered(config.program))


def tables(config: Config, seed: int) -> Snapshot:
    return made(SIZE, config.tables, NOW, seed)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_engine_numpy_by_hand_and_the_script_row_by_row_agree(config: Config, judge: Judge, seed: int) -> None:
    snapshot = tables(config, seed)

    engine = of_engine(cold(judge, snapshot))

    assert differences(engine, ByHand(snapshot, config.calendar, NOW).judge()) == []
    assert differences(engine, ByRow(rows_of(snapshot), NOW).judge().answers()) == []


def test_a_wrong_answer_is_named(config: Config, judge: Judge) -> None:
    snapshot = tables(config, 1)
    engine, hand = of_engine(cold(judge, snapshot)), ByHand(snapshot, config.calendar, NOW).judge()
    hand.columns["complaints", "due_close"] = hand.columns["complaints", "due_close"] + np.timedelta64(1, "s")
    hand.states["complaint-handling/total"] = np.zeros(SIZE)
    hand.say("complaint-records/entry_complete", np.ones(SIZE, dtype=bool))

    assert differences(engine, hand) == [
        "complaints.due_close",
        "state of complaint-handling/total",
        "findings of complaint-records/entry_complete",
    ]


def test_every_rule_of_the_covered_policies_is_judged(config: Config, judge: Judge) -> None:
    program, lacking = judge.restricted_to(tables(config, 1))
    spoken = {spec.rule for spec in program.findings} | {clock.rule for clock in program.clocks} | set(program.writes.values())
    silent = {"complaint-handling/solve_class", "payment-before-goods/payment-enough"}
    silent |= {f"payment-before-goods/special-policy-{name}" for name in ("covers", "from", "to")}  # read by other rules only

    assert {f"{name}/{rule}" for name in COVERED for rule in config.policies[name].rules} - spoken == silent
    assert [rule for rule in lacking if rule.split("/")[0] in {*COVERED, "orders", "complaints"}] == []


def test_the_same_seed_makes_the_same_tables_and_another_seed_others(config: Config) -> None:
    def fingerprint(seed: int) -> str:
        return read_snapshot("bench", grids_of(tables(config, seed)), list(config.tables.values())).fingerprint

    assert fingerprint(1) == fingerprint(1) != fingerprint(2)


def test_a_workbook_written_from_the_tables_is_read_as_the_same_tables(config: Config) -> None:
    snapshot = tables(config, 1)

    again = read_snapshot("bench", grids_of(snapshot), list(config.tables.values()))

    assert [problem for problem in again.problems if problem.code != "tab absent"] == []
    assert [name for name, sheet in snapshot.sheets.items() if not sheet.frame.equals(again.sheets[name].frame)] == []


def test_judging_the_same_tables_again_gives_what_a_fresh_judge_gives(config: Config) -> None:
    snapshot, warm = tables(config, 1), judge_of(config, config.program)
    for later in (timedelta(0), timedelta(minutes=1), timedelta(days=1), timedelta(days=9)):
        again = warm.judge(snapshot, Memory(), NOW + later)
        fresh = judge_of(config, config.program).judge(snapshot, Memory(), NOW + later)

        assert differences(of_engine(again), of_engine(fresh)) == []
        assert again.hits.keys() == fresh.hits.keys()


def test_deadlines_by_column_are_those_of_the_holidays_package(config: Config) -> None:
    moments = deadlines.starts(40)

    by_column = [column.tolist() for column in deadlines.by_column(config.calendar, moments)]

    assert by_column == deadlines.by_row(moments.tolist())


def test_a_figure_is_held_to_its_first_bar_and_its_goal() -> None:
    assert [Line("", figure, bars=(2.5, 1.5)).verdict() for figure in (1.4, 2.0, 2.6)] == ["goal", "ok", "not yet"]
    assert [Line("", figure, bars=(20, 40), more_is_better=True).verdict() for figure in (50, 20, 19)] == ["goal", "ok", "not yet"]
    assert Line("", 1.0).verdict() == ""


def test_the_table_shows_ratios_bars_and_notes() -> None:
    lines = [Line("judging", 2.04, bars=(2.5, 1.5)), Line("faster", 31.2, "x", (20, 40), True, "scaled"), Line("rows", 1234.5, "MB")]

    assert table(lines) == "\n".join(
        [
            "what       figure  first bar      goal",
            "--------------------------------------",
            "judging    2.04 x   <= 2.5 x  <= 1.5 x  ok",
            "faster     31.2 x    >= 20 x   >= 40 x  ok",
            "rows     1,234 MB",
            "",
            "- faster: scaled",
        ]
    )


def test_the_script_is_scaled_beyond_the_rows_it_was_run_on() -> None:
    def found(cpu: float, **more: object) -> dict[str, object]:
        return {"engine": {"cpu": cpu}, "hand": {"cpu": cpu / 2}, "all": {"cpu": cpu * 2}, "rows": 1, "rules": 1, "findings": 1, **more}

    lines = judging_lines({10_000: found(0.5, script={"cpu": 5.0}, script_alone=4.0), 100_000: found(2.0)})

    assert {line.what: (line.figure, line.verdict()) for line in lines} == {
        "judging, CPU per order and complaint, 10,000": (50.0, ""),
        "  all shipped policies, 10,000": (100.0, ""),
        "judging, CPU per order and complaint, 100,000": (20.0, ""),
        "  all shipped policies, 100,000": (40.0, ""),
        "judging against numpy by hand, 10,000": (2.0, ""),
        "judging against numpy by hand, 100,000": (2.0, "ok"),
        "faster than the script row by row, 10,000": (10.0, ""),
        "faster than the script row by row, 100,000": (25.0, "ok"),
        "growth 10,000 to 100,000": (4.0, "goal"),
    }


def test_a_first_run_over_all_columns_at_google_settles_and_what_a_pass_costs_does_not_grow(config: Config):
    """Calls of a quiet and of a changed pass are the same for few rows and for five times as many; the next pass writes nothing."""
    found = {size: measured(size, config=config) for size in (10, 50)}

    costs = {size: {name: each["reads"] + each["writes"] for name, each in one["passes"].items()} for size, one in found.items()}
    assert [(costs[size]["unchanged"], costs[size]["changed"]) for size in found] == [(1, 3), (1, 3)]
    first = found[50]["passes"]["first"]
    assert first["cells"] > 150 and first["writes"] == 1 and found[50]["passes"]["unchanged"]["cells"] == 0
    lines = {line.what: line.verdict() for line in google_lines(found)}
    assert lines["unchanged pass at Google, 50 orders, calls"] == lines["changed pass at Google, 50 orders, calls"] == "goal"
