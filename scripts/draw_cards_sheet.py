"""Draw twelve cards on one sheet, docs/cards-sheet.png: every kind, light and dark, and many scripts; all made up."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyvips

from imgsvc.model.card import Card, CardKind
from imgsvc.opengraph.cards import card_of
from imgsvc.opengraph.data import ShareData
from imgsvc.opengraph.palette import read_colour
from imgsvc.transform import runtime
from imgsvc.transform.cards import draw_card
from imgsvc.transform.runtime import KillSwitch

SHEET = Path(__file__).parent.parent / "docs" / "cards-sheet.png"

SHOWN_PX = 600
GAP_PX = 28
COLUMNS = 3
GROUND = (0xDF, 0xE3, 0xE8)


@dataclass(frozen=True)
class Example:
    """One card; *emblem* is what is drawn on it, an SVG."""

    host: str
    title: str
    text: str
    colours: str
    kind: CardKind = CardKind.OG_CARD
    site: str | None = None
    locale: str | None = None
    emblem: str = ""

    def card(self) -> Card:
        data = ShareData(title=self.title, description=self.text, site_name=self.site, locale=self.locale)
        colours = [found for word in self.colours.split() if (found := read_colour(word)) is not None]
        return card_of(self.kind, data, name=self.host.partition(".")[0].title(), host=self.host, colours=colours)


def svg(body: str, side: int = 100) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="600" viewBox="0 0 {side} {side}">{body}</svg>'


def petals(colour: str, count: int = 6) -> str:
    turned = (
        f'<ellipse cx="50" cy="26" rx="13" ry="24" transform="rotate({n * 360 / count} 50 50)"/>' for n in range(count)
    )
    return svg(f'<g fill="{colour}" fill-opacity=".82">{"".join(turned)}</g>')


def waves(ground: str, ink: str) -> str:
    lines = (f'<path d="M-10 {y}q15 -16 30 0t30 0 30 0 30 0"/>' for y in (36, 52, 68))
    return svg(
        f'<rect width="100" height="100" fill="{ground}"/>'
        f'<g fill="none" stroke="{ink}" stroke-width="7">{"".join(lines)}</g>'
    )


def hexagon(colour: str) -> str:
    corners = " ".join(
        f"{50 + 46 * math.sin(n * math.pi / 3):.1f},{50 - 46 * math.cos(n * math.pi / 3):.1f}" for n in range(6)
    )
    return svg(
        f'<polygon points="{corners}" fill="none" stroke="{colour}" stroke-width="9"/>'
        f'<circle cx="50" cy="50" r="16" fill="{colour}"/>'
    )


def arrow(colour: str) -> str:
    return svg(f'<path d="M10 78L50 14 90 78 50 58z" fill="{colour}"/>')


def face() -> str:
    """Somebody nobody knows, before an evening sky."""
    return svg(
        '<defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#f6c28b"/>'
        '<stop offset="1" stop-color="#d9737f"/></linearGradient></defs><rect width="100" height="100" fill="url(#s)"/>'
        '<path d="M8 112q6-38 42-38t42 38z" fill="#2d4a63"/>'
        '<rect x="42" y="58" width="16" height="22" rx="7" fill="#d99c76"/>'
        '<ellipse cx="50" cy="45" rx="19" ry="23" fill="#eab592"/>'
        '<path d="M29 46q-4-32 22-32 25 0 20 34-3-14-13-19-14 8-27 6-1 5-2 11z" fill="#3b2a2a"/>'
    )


TALL = (
    "The quiet craft of making software that is still fast, small and pleasant to use ten years after everybody else "
    "has moved on to something new and shiny"
)

EXAMPLES = (
    Example(
        "northwind.example",
        "How we cut image latency in half",
        "A tour of the cache, the queue, and the one lock that was in everybody’s way — with numbers from production.",
        "#2563eb",
        site="Northwind Engineering",
        emblem=arrow("#2563eb"),
    ),
    Example(
        "nocturne.example",
        "Observability after dark: what your logs do while you sleep",
        "Field notes on sampling, retention and the art of being woken only once.",
        "#0b1020 #8b5cf6",
        site="Nocturne",
        emblem=hexagon("#a78bfa"),
    ),
    Example(
        "longreads.example",
        TALL,
        "An essay on maintenance, on taste, and on the people who say no. It goes on for far longer than there is "
        "room for here, so this line has to end somewhere around a word.",
        "#b45309",
        site="Long Reads",
    ),
    Example(
        "tasmim.example",
        "كيف نصمم بطاقات جميلة لكل اللغات والثقافات",
        "دليل قصير عن التفاف الأسطر من اليمين إلى اليسار، وعن الخطوط التي تبقى مقروءة.",
        "#0f766e",
        site="مجلة التصميم",
        emblem=petals("#0f766e", 8),
    ),
    Example(
        "sfarim.example",
        "מדריך קצר לעיצוב כרטיסים יפים בכל שפה",
        "איך שורות נשברות מימין לשמאל, ואיך צבעים נשארים קריאים גם על רקע כהה.",
        "#1e1b4b #f59e0b",
        site="ספרייה פתוחה",
    ),
    Example(
        "gijutsu.example",
        "美しいカードを自動で描画する方法について考える",
        "日本語の文章は単語の間に空白がないため、どこでも折り返すことができます。",
        "#dc2626",
        site="技術ノート",
        locale="ja_JP",
        emblem=waves("#dc2626", "#fff"),
    ),
    Example(
        "hanok.example",
        "서울의 골목에서 찾은 오래된 서체 이야기",
        "간판과 책, 그리고 활자로 읽는 도시. 한글 글꼴을 걸으며 모았습니다.",
        "#15803d",
        site="한옥 매거진",
        locale="ko_KR",
        emblem=petals("#15803d", 5),
    ),
    Example(
        "recipes.example",
        "🍋 Lemon cake for a rainy Sunday ☔ and friends 👩‍🍳",
        "Twelve ingredients, one bowl, fifty minutes. Serve it warm, with far too much cream.",
        "#facc15",
        site="Kitchen Table",
        emblem=waves("#fde047", "#a16207"),
    ),
    Example(
        "people.example",
        "Amélie Østergård",
        "Type designer in Copenhagen. Draws letters for screens, signs and the occasional lighthouse.",
        "#be185d",
        kind=CardKind.PERSON,
        site="Letterform Guild",
        emblem=face(),
    ),
    Example(
        "fellows.example",
        "Kwame Nkansah-Boateng",
        "Professor of distributed systems; keeps bees, and time",
        "#7c3aed",
        kind=CardKind.PERSON,
        site="Institute of Slow Clocks",
    ),
    Example(
        "fjord.example",
        "Fjord & Sons",
        "Boats, built by hand since 1921",
        "#0e7490",
        kind=CardKind.COMPANY,
        site="Fjord & Sons",
        emblem=arrow("#fff"),
    ),
    Example(
        "halcyon.example",
        "Halcyon",
        "Batteries that remember the sun",
        "#16181d #f97316",
        kind=CardKind.COMPANY,
        site="Halcyon",
    ),
)


def drawn(example: Example) -> pyvips.Image:
    emblem = None
    if example.emblem:
        pyvips.operation_block_set("VipsForeignLoadSvg", False)
        emblem = pyvips.Image.thumbnail_buffer(example.emblem.encode(), 300).pngsave_buffer()
    return pyvips.Image.new_from_buffer(draw_card(example.card(), emblem, KillSwitch()), "")


def shown() -> Iterator[pyvips.Image]:
    for example in EXAMPLES:
        small = drawn(example).thumbnail_image(SHOWN_PX)
        yield small.embed(
            GAP_PX // 2,
            GAP_PX // 2,
            small.width + GAP_PX,
            small.height + GAP_PX,
            extend="background",
            background=GROUND,
        )


def main() -> None:
    runtime.prepare()
    sheet = pyvips.Image.arrayjoin(list(shown()), across=COLUMNS)
    sheet = sheet.embed(
        GAP_PX // 2, GAP_PX // 2, sheet.width + GAP_PX, sheet.height + GAP_PX, extend="background", background=GROUND
    )
    sheet.pngsave(str(SHEET), compression=9, palette=False, keep="none")


if __name__ == "__main__":
    main()
