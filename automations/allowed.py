"""What an expression may consist of: the nodes, operators, functions and types of DuckDB's parse tree that are let through."""

from __future__ import annotations

from typing import Any

from automations.expressionfaults import ExpressionFault, foreign, unknown_function
from automations.trees import Tree, column_node, offset_of, replaced, walk

CLASSES = frozenset(
    {"COLUMN_REF", "CONSTANT", "COMPARISON", "CONJUNCTION", "OPERATOR", "BETWEEN", "CASE", "CAST", "FUNCTION", "PARAMETER", "TYPE"}
)
OPERATORS = frozenset({"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_COALESCE", "COMPARE_IN", "COMPARE_NOT_IN"})
FUNCTIONS = frozenset(
    """
    + - * / // % || ~~ !~~ ~~* !~~* blank filled today now add_workdays workdays_between is_workday coalesce greatest least nullif
    upper lower length trim ltrim rtrim left right substr substring replace concat concat_ws contains starts_with ends_with lpad
    trunc round abs floor ceil ceiling sign date_part year month day hour minute quarter weekday isodow date_trunc last_day date_diff
    datediff date_add to_years to_quarters to_months to_weeks to_days to_hours to_minutes to_seconds make_date make_timestamp strftime
    regexp_matches
    if ifnull list_value list_contains
    """.split()  # noqa: SIM905 (a list of words reads better than two hundred quotes)
)
TYPES = frozenset("date timestamp time varchar text string decimal numeric integer int bigint double boolean bool interval".split())  # noqa: SIM905
AGGREGATES = frozenset("count count_star sum min max avg median".split())  # noqa: SIM905
"""What may be taken over many rows, where a rule groups them."""
OURS = {"today": "policy_today", "now": "policy_now", "is_workday": "policy_is_workday"}


def only_expression(answer: Tree) -> Tree:
    """The one expression of a parsed statement; ExpressionFault for anything more."""
    statements = answer["statements"]
    node = statements[0]["node"]
    plain = (
        node["type"] == "SELECT_NODE" and node["from_table"]["type"] == "EMPTY" and len(node["select_list"]) == 1 and len(statements) == 1
    )
    extra = node.get("modifiers") or node.get("where_clause") or node.get("group_expressions") or node.get("having") or node.get("qualify")
    if not plain or extra or node["cte_map"]["map"]:
        raise ExpressionFault("this is a query; an expression over one row is wanted")
    tree: Tree = node["select_list"][0]
    if tree.get("alias"):
        raise ExpressionFault(f"an expression has no 'as {tree['alias']}'", offset_of(tree))
    return tree


def refuse_foreign(node: Tree, aggregates: bool) -> None:
    """Raises ExpressionFault for a node that is not let through; `aggregates` lets those through that are taken over many rows."""
    kind, name = str(node["class"]), str(node.get("function_name", ""))
    if kind not in CLASSES or (kind == "OPERATOR" and node["type"] not in OPERATORS):
        raise foreign(kind if kind not in CLASSES else str(node["type"]).removeprefix("OPERATOR_"), offset_of(node))
    gathers = aggregates and name.lower() in AGGREGATES
    if kind == "FUNCTION" and name.lower() not in FUNCTIONS and not gathers:
        raise unknown_function(name, FUNCTIONS, offset_of(node))
    if kind == "FUNCTION" and _more_than_values(node, gathers):
        raise ExpressionFault(f"'{name}' takes only plain values here", offset_of(node))
    if gathers and (inner := next((each for each in walk([node["arguments"], node["filter"]]) if _gathers(each)), None)):
        raise ExpressionFault(f"'{inner['function_name']}' stands inside '{name}'; take it in a rule of its own first", offset_of(inner))
    if kind == "TYPE" and str(node.get("type_name", "")).lower() not in TYPES:
        hint = "it may be: " + ", ".join(sorted(TYPES))
        raise ExpressionFault(f"no type '{node.get('type_name')}' in an expression", offset_of(node), hint)


def _more_than_values(node: Tree, gathers: bool) -> bool:
    """Whether a function is given an order, a schema or (unless it gathers rows) `distinct` or a filter."""
    ordered = bool((node.get("order_bys") or {}).get("orders") or node.get("schema"))
    return ordered or (not gathers and bool(node.get("distinct") or node.get("filter")))


def _gathers(node: Tree) -> bool:
    return node["class"] == "FUNCTION" and str(node.get("function_name", "")).lower() in AGGREGATES


def windowed(tree: Tree, key: str, when: str) -> Tree:
    """The tree with every aggregate taken over all rows of the same key where `when` holds, so that each row carries the result.

    Snapshots judged in one query are told apart by `policy_book()`.
    """

    def over(node: Tree) -> Tree | None:
        if not _gathers(node):
            return None
        counts = str(node["function_name"]).lower() == "count_star"
        conditions = [column_node(when)] if when else []
        conditions += [node["filter"]] if node.get("filter") else []
        return _window(
            "count" if counts else node["function_name"].lower(),
            [{**each, "expression": _tried(each["expression"])} for each in node["arguments"]],
            [column_node(key), _called("policy_book")],
            _tried(_both(conditions)) if conditions else None,
            bool(node.get("distinct")),
        )

    found: Tree = replaced(tree, over)
    return found


def gathered_by(tree: Tree) -> tuple[str, ...]:
    """The column all of a `windowed` tree is gathered by; none where it also speaks of single rows."""
    keys = {".".join(node["partitions"][0]["column_names"]) for node in walk(tree) if node["class"] == "WINDOW"}
    return tuple(keys) if len(keys) == 1 and not _of_a_row(tree) else ()


def _of_a_row(tree: Any) -> bool:
    """Whether a column stands outside of what gathers rows."""
    if isinstance(tree, list):
        return any(map(_of_a_row, tree))
    if not isinstance(tree, dict) or tree.get("class") == "WINDOW":
        return False
    return tree.get("class") == "COLUMN_REF" or any(map(_of_a_row, tree.values()))


def has_aggregates(tree: Tree) -> bool:
    """Whether an expression gathers rows."""
    return any(_gathers(node) for node in walk(tree))


def _node(kind: str, type_: str) -> Tree:
    return {"class": kind, "type": type_, "alias": "", "query_location": 0, "query_location_length": 0}


def _window(name: str, arguments: list[Tree], partitions: list[Tree], condition: Tree | None, distinct: bool) -> Tree:
    """`name(arguments) FILTER (WHERE condition) OVER (PARTITION BY partitions)` as DuckDB writes it."""
    return _node("WINDOW", "WINDOW_AGGREGATE") | {
        "function_name": name,
        "schema": "",
        "catalog": "",
        "partitions": partitions,
        "orders": [],
        "start": "UNBOUNDED_PRECEDING",
        "end": "CURRENT_ROW_RANGE",
        "start_expr": None,
        "end_expr": None,
        "offset_expr": None,
        "default_expr": None,
        "ignore_nulls": False,
        "filter_expr": condition,
        "exclude_clause": "NO_OTHER",
        "distinct": distinct,
        "arg_orders": [],
        "has_ignore_nulls": False,
        "arguments": arguments,
        "qualified_name": {"path": [name]},
    }


def _called(name: str) -> Tree:
    """A call without arguments."""
    more = {"filter": None, "order_bys": {"type": "ORDER_MODIFIER", "orders": []}, "distinct": False, "is_operator": False}
    names = {"function_name": name, "schema": "", "catalog": "", "qualified_name": {"path": [name]}}
    return _node("FUNCTION", "FUNCTION") | more | names | {"export_state": False, "arguments": []}


def _tried(tree: Tree) -> Tree:
    """The expression, blank where it cannot be computed: a window as a whole cannot be tried."""
    return _node("OPERATOR", "OPERATOR_TRY") | {"children": [tree]}


def _both(conditions: list[Tree]) -> Tree:
    return conditions[0] if len(conditions) == 1 else _node("CONJUNCTION", "CONJUNCTION_AND") | {"children": conditions}


def rename(node: Tree, name: str) -> None:
    """Call a function by the name of ours."""
    node["function_name"] = name
    if "qualified_name" in node:
        node["qualified_name"] = {"path": [name]}
