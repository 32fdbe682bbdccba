"""Addresses in the stand-in for Google Sheets: A1 and R1C1 read and written, apart from gspread and yet alike."""

from __future__ import annotations

import pytest
from gspread.utils import a1_range_to_grid_range
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sheets import a1
from tests.sheets.a1 import Box

CORNER = st.tuples(st.integers(0, 800), st.integers(0, 2000)).map(lambda at: f"{a1.letters(at[0])}{at[1] + 1}")


@settings(max_examples=150, deadline=None)
@given(CORNER, CORNER)
def test_addresses_are_read_as_gspread_reads_them(one: str, other: str) -> None:
    theirs = a1_range_to_grid_range(f"{one}:{other}")

    assert a1.box(f"{one}:{other}") == Box.of(theirs)


@pytest.mark.parametrize(
    ("address", "box"),
    [
        ("D4:A1", Box(0, 0, 4, 4)),
        ("A:A", Box(0, 0, None, 1)),
        ("2:3", Box(1, 0, 3, None)),
        ("A2:C", Box(1, 0, None, 3)),
        ("$B$7", Box(6, 1, 7, 2)),
        ("R2C3:R4C4", Box(1, 2, 4, 4)),
        ("A", None),
        ("A1:B2:C3", None),
        ("A0", None),
    ],
)
def test_every_form_of_address_is_known(address: str, box: Box | None) -> None:
    assert a1.box(address) == box


@pytest.mark.parametrize(("title", "written"), [("投诉", "投诉!A1"), ("D3", "'D3'!A1"), ("两 词", "'两 词'!A1"), ("it's", "'it''s'!A1")])
def test_a_title_is_quoted_only_where_it_must_be(title: str, written: str) -> None:
    assert a1.written(title, Box(0, 0, 1, 1)) == written
    assert a1.split(written)[0] == title
