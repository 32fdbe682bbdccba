"""The manual of the kinds of rule says what they take, from the kinds themselves."""

from __future__ import annotations

import pytest

from automations.manual import NoSuchKind, kinds_data, kinds_text
from automations.rules import kinds


def test_one_kind_in_full() -> None:
    assert kinds_text("approval") == (
        "approval: consents that must be there before the next step.\n"
        "\n"
        "While `of` holds and an approval is blank, its approver is waited for; `before` may not be filled until then.\n"
        "\n"
        "    - id: solution-consent\n"
        "      kind: approval\n"
        "      of: solution is not null\n"
        '      by: [ { column: vp_ok_at, who: "role:营销副总" }, { column: manager_ok_at, who: "role:销售经理" } ]\n'
        "      before: customer_notified_at\n"
        "\n"
        "keys:\n"
        "  of              an expression; required\n"
        "  by              a list of { column, who }; required\n"
        "  before          a text; optional\n"
        "\n"
        "and those of every rule: id, kind, title, when, level, clause, catalogue, message, fix, risk, says"
    )


def test_the_overview_names_every_kind_and_the_shared_keys() -> None:
    lines = kinds_text().splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(kinds())]] == list(kinds())
    assert "  level           info or warn or fail; default warn" in lines


def test_keys_are_named_as_in_yaml() -> None:
    [classify] = kinds_data("classify")["kinds"]
    assert [(key["name"], key["takes"], key["required"], key["default"]) for key in classify["keys"]] == [
        ("rows", "a list of { if, then }", True, None),
        ("hit", "unique or first or collect", False, "unique"),
        ("otherwise", "a text", False, None),
        ("writes", "a text", False, None),
        ("as", "a text", False, None),
    ]


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_has_a_manual_with_an_example(kind: str) -> None:
    [found] = kinds_data(kind)["kinds"]
    assert found["about"]
    assert f"kind: {kind}" in found["manual"]


def test_an_unknown_kind_is_a_configuration_error_with_the_nearest() -> None:
    with pytest.raises(
        NoSuchKind, match=r"no kind of rule 'deadlin'; the kinds are: alert, approval, .*\n  did you mean 'deadline'\?"
    ) as caught:
        kinds_text("deadlin")
    assert caught.value.exit_code == 3
