"""Charts as PNG: lines over days, and lying bars; drawn at twice their size, with the font that comes with the program."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pillow costs a tenth of a second to import; a command that draws nothing does not pay for it
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-GB2312.otf"
WIDTH = 440
"""Pixels of a chart as it is shown, so narrow that a telephone need not shrink it much; the file has twice as many."""
SCALE, COLOURS = 2, 48
INK, SOFT, LINE, PAPER = "#1d2733", "#566370", "#dfe3e8", "#ffffff"
BLUE, RED, GREEN = "#5b7fa6", "#c4442f", "#3f8f5f"
EDGE, ROW, THICK = 16, 46, 14
TITLE, LABEL = 17, 14
TALL, LEFT, TOP = 160, 44, 78
"""Of a chart of lines: the height of its field, the room for the figures beside it, and for title and words above it."""


@dataclass(frozen=True)
class Drawn:
    """A chart: its file, and the size it is shown at."""

    content: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Series:
    """One line: its word, its colour and a figure for every day."""

    word: str
    colour: str
    figures: Sequence[int]


@dataclass(frozen=True)
class Bar:
    """One bar: its label, its figure in words, and its parts, each a share of the longest bar (0 to 1) with a colour."""

    label: str
    figure: str
    parts: Sequence[tuple[float, str]]


def lines(title: str, days: Sequence[str], series: Sequence[Series]) -> Drawn:
    """A line for every series over the same days; the last figure stands at its end."""
    canvas = _Canvas(TOP + TALL + 40)
    canvas.words(EDGE, 14, title, TITLE, INK)
    canvas.legend(EDGE, 44, [(each.word, each.colour) for each in series])
    highest = max([1, *(figure for each in series for figure in each.figures)])
    for mark in sorted({0, (highest + 1) // 2, highest}):
        height = TOP + TALL - TALL * mark / highest
        canvas.rule(LEFT, height, WIDTH - 52, height, LINE, 1)
        canvas.words(LEFT - 8, height, str(mark), LABEL, SOFT, "rm")
    step = (WIDTH - 52 - LEFT) / max(len(days) - 1, 1)
    for place in sorted({0, len(days) // 2, len(days) - 1}):
        canvas.words(LEFT + step * place, TOP + TALL + 10, days[place], LABEL, SOFT, "ma")
    ends: list[float] = []
    for each in series:
        points = [(LEFT + step * place, TOP + TALL - TALL * figure / highest) for place, figure in enumerate(each.figures)]
        canvas.path(points, each.colour)
        ends.append(_apart(points[-1][1], ends))
        canvas.words(points[-1][0] + 10, ends[-1], str(each.figures[-1]), LABEL, each.colour, "lm")
    return canvas.drawn()


def _apart(height: float, taken: Sequence[float]) -> float:
    """A height at which a figure covers none that stands there already."""
    near = next((each for each in taken if abs(each - height) < LABEL + 2), None)
    return height if near is None else near + (LABEL + 2 if height >= near else -LABEL - 2)


def bars(title: str, rows: Sequence[Bar], legend: Sequence[tuple[str, str]] = ()) -> Drawn:
    """A lying bar for every row, its label above and its figure behind it."""
    above = 72 if legend else 48
    canvas = _Canvas(above + ROW * len(rows) + 8)
    canvas.words(EDGE, 14, title, TITLE, INK)
    canvas.legend(EDGE, 44, legend)
    said = canvas.widest([each.figure for each in rows], 200)
    room = WIDTH - 2 * EDGE - said - 8
    for place, each in enumerate(rows):
        top, left = above + ROW * place, float(EDGE)
        canvas.words(left, top, canvas.cut(each.label, WIDTH - 2 * EDGE), LABEL, INK)
        for share, colour in each.parts:
            canvas.box(left, top + 22, left + room * share, top + 22 + THICK, colour)
            left += room * share
        canvas.words(left + 8, top + 22 + THICK / 2, canvas.cut(each.figure, said), LABEL, SOFT, "lm")
    return canvas.drawn()


class _Canvas:
    """A white sheet of WIDTH pixels, addressed in the pixels it is shown at."""

    def __init__(self, height: float) -> None:
        from PIL import Image
        from PIL.ImageDraw import Draw

        self._height = round(height)
        self._image = Image.new("RGB", (WIDTH * SCALE, self._height * SCALE), PAPER)
        self._draw: ImageDraw = Draw(self._image)

    def words(self, x: float, y: float, text: str, size: int, colour: str, anchor: str = "la") -> None:
        self._draw.text((x * SCALE, y * SCALE), text, font=_font(size), fill=colour, anchor=anchor)

    def rule(self, x: float, y: float, to_x: float, to_y: float, colour: str, wide: int) -> None:
        self._draw.line((x * SCALE, y * SCALE, to_x * SCALE, to_y * SCALE), colour, wide * SCALE)

    def path(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        if len(scaled) > 1:
            self._draw.line(scaled, colour, 2 * SCALE + 1, joint="curve")
        x, y = scaled[-1]
        self._draw.ellipse((x - 8, y - 8, x + 8, y + 8), colour)

    def box(self, x: float, y: float, to_x: float, to_y: float, colour: str) -> None:
        if to_x - x >= 1 / SCALE:
            self._draw.rectangle((round(x * SCALE), round(y * SCALE), round(to_x * SCALE), round(to_y * SCALE)), colour)

    def legend(self, x: float, y: float, words: Sequence[tuple[str, str]]) -> None:
        for word, colour in words:
            self.box(x, y + 3, x + 11, y + 14, colour)
            self.words(x + 17, y, word, LABEL, SOFT)
            x += 17 + _font(LABEL).getlength(word) / SCALE + 18

    def widest(self, texts: Sequence[str], most: int) -> int:
        return min(most, round(max((_font(LABEL).getlength(text) / SCALE for text in texts), default=0)) + 1)

    def cut(self, text: str, room: int) -> str:
        """The text, shortened with `…` where it is wider than its room."""
        font = _font(LABEL)
        if font.getlength(text) <= (room + 1) * SCALE:
            return text
        return next((short for end in range(len(text), 0, -1) if font.getlength(short := text[:end] + "…") <= (room + 1) * SCALE), "…")

    def drawn(self) -> Drawn:
        """The sheet as a file of few colours, the same bytes for the same chart."""
        from PIL.Image import Quantize

        written = io.BytesIO()
        # a sixth of the time that the median cut and the tightest packing take, for a file of the same size
        self._image.quantize(COLOURS, Quantize.FASTOCTREE).save(written, "PNG", compress_level=6)
        return Drawn(written.getvalue(), WIDTH, self._height)


@lru_cache(8)
def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(str(FONT), size * SCALE)
