"""Expressions: what they can do, and that what they cannot do costs neither time nor memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.manifest.sandbox import Expression, ExpressionFault
from tests.manifest.written import complaints_about, places, site

VARIABLES: dict[str, Any] = {
    "net": "192.0.2",
    "n": 7,
    "on": True,
    "ntp": ["a", "b"],
    "host": {"name": "cr1", "items": 3},
    "long": "x" * 9000,
}


def value(text: str) -> Any:
    return Expression(text).value(VARIABLES)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ net }}.21", "192.0.2.21"),
        ("{{ net }}.{{ n + 14 }}", "192.0.2.21"),
        ("{{ n }}", 7),
        ("{{ on }}", True),
        ("{{ not on }}", False),
        ("{{ n > 3 and on }}", True),
        ("{{ ntp }}", ["a", "b"]),
        ("{{ ntp + ['c'] }}", ["a", "b", "c"]),
        ("{{ ntp[1] }}{{ ntp | length }}", "b2"),
        ("{{ host.name | upper }}", "CR1"),
        ("{{ host.items }}", 3),
        ("{{ '0' ~ n }}", "07"),
        ("{{ '%' }}{{ n % 4 * 2 }}", "%6"),
        ("{% if on %}yes{% else %}no{% endif %}", "yes"),
        ("{{ 'a' if n is even else 'b' }}", "b"),
        ("{{ gone | default('x') }}", "x"),
        ("{{ ntp | join(',') }}", "a,b"),
        ("{{ net | replace('.', '-') }}", "192-0-2"),
        ("{{ '5' | int + 1 }}", 6),
        ("{{ net }} \n", "192.0.2 \n"),
    ],
)
def test_values(text: str, expected: object) -> None:
    assert value(text) == expected and type(value(text)) is type(expected)


REFUSED = [
    "{{ 'x' * 999999999 }}",
    "{{ [1] * 999999999 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ long | replace('x', long) }}",
    "{{ long | join(long) }}",
    "{{ long ~ long ~ long ~ long ~ long ~ long ~ long ~ long }}",
    "{{ [long, long, long, long, long, long, long, long] }}",
    "{{ range(10) }}",
    "{{ lipsum() }}",
    "{% for i in ntp %}{% endfor %}",
    "{% set x = 1 %}",
    "{% macro m() %}{% endmacro %}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{{ ntp | map('upper') | list }}",
    "{{ n.__class__ }}",
    "{{ net.upper }}",
    "{{ net['__class__'] }}",
    "{{ ntp.append }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ net | attr('x') }}",
    "{{ self }}",
    "{{ gone }}",
    "{{ host.gone }}",
    "{{ n / 0 }}",
    "{{ n + net }}",
    "{{ ntp[9] }}",
    "{{ 'x' | center(999999999) }}",
    "{{ 'x' | int }}",
    "{{ '" + "x" * 3000 + "' }}",
    "{{ " + "(" * 500 + ")" * 500 + " }}",
    "{{ " + "not " * 480 + "n }}",
    "{{ n",
    "{{ }}",
    "{% if %}",
    "{{ 9999999999999999999 * 9 }}",
    "{{ 1.5 | round(999999) }}",
]


@pytest.mark.parametrize("text", REFUSED)
def test_refused(text: str) -> None:
    with pytest.raises(ExpressionFault) as refused:
        value(text)
    assert refused.value.what.endswith(".") and refused.value.next_step


@given(text=st.text(alphabet="{}%()[]'|.+-*~ nabx09_if\n", max_size=40))
def test_no_expression_does_more_than_fail(text: str) -> None:
    try:
        found = value("{{" + text)
    except ExpressionFault:
        return
    assert isinstance(found, (str, int, float, bool, list, dict, type(None), tuple))


WRONG_VARIABLES = {
    "vars: [a]": [(1, 7, "type")],
    "vars: {a-b: 1}": [(1, 8, "variable")],
    "vars: {class: 1}": [(1, 8, "variable")],
    "vars: {a: '{{ b }}', b: 1}": [(1, 11, "expression")],
    "vars: {a: '{{ a }}'}": [(1, 11, "expression")],
    "vars: {a: {env: HARBOUR}}": [(1, 11, "secret")],
    "vars: {a: [{file: x}]}": [(1, 11, "secret")],
    "vars: {winrm_password: hunter2}": [(1, 24, "secret")],
}


@pytest.mark.parametrize("line", WRONG_VARIABLES)
def test_variables_that_are_refused(tmp_path: Path, line: str) -> None:
    found = complaints_about(tmp_path, f"{line}\n{site()}")
    assert places(found) == WRONG_VARIABLES[line]
    assert "hunter2" not in repr(found)


def test_a_fault_stands_at_the_original_line_and_is_told_once(tmp_path: Path) -> None:
    text = "vars:\n  a: '{{ gone }}'\n  b: '{{ a }}'\n" + site(
        "clock: {poll_seconds: '{{ b }}', ntp: ['{{ c }}']}"
    )
    found = complaints_about(tmp_path, text)
    assert places(found) == [(2, 6, "expression"), (8, 44, "expression")]
    assert found[1].next_step.startswith("Known here: ") or "Declare" in found[1].next_step


def test_words_for_unknown_and_later_variables(tmp_path: Path) -> None:
    first, second = complaints_about(
        tmp_path,
        f"vars: {{a: '{{{{ b }}}}', b: 1}}\n{site('power: {sleep: `{{ bb }}`}'.replace('`', chr(39)))}",
    )
    assert (first.what, second.what) == (
        "the variable 'b' is declared further down.",
        "no variable is called 'bb'.",
    )
    assert second.next_step == "Did you mean 'b'?"


def test_a_wrong_result_is_judged_like_a_written_value(tmp_path: Path) -> None:
    text = "vars: {seconds: 5}\n" + site("clock: {ntp: [192.0.2.1], poll_seconds: '{{ seconds }}'}")
    (complaint,) = complaints_about(tmp_path, text)
    assert (complaint.line, complaint.column) == (6, 45) and "at least 1024" in complaint.what
