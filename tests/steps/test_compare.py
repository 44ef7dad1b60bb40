"""Only what is declared is compared, and what differs is named field by field."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioner.steps.compare import differing, explain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
FACTS = st.dictionaries(st.text("abc", min_size=1, max_size=2), JSON, max_size=4)


def test_undeclared_fields_do_not_count_at_any_depth() -> None:
    declared = {"restart": {"delay": 15}}
    assert differing(declared, {"restart": {"delay": 15, "always": True}, "day": "sunday"}) == []


def test_a_field_that_the_host_lacks_differs() -> None:
    assert differing({"day": "sunday"}, {}) == ["day"]
    assert differing({"restart": {"delay": 15}}, {"restart": {}}) == ["restart"]


def test_leaves_are_named_by_their_path() -> None:
    declared = {"restart": {"delay": 15, "always": True}, "day": "sunday"}
    live = {"restart": {"delay": 30, "always": True}, "day": "monday"}
    rows = explain(declared, live, differing(declared, live))
    assert rows == [("restart.delay", 30, 15), ("day", "monday", "sunday")]


def test_lists_are_shown_whole() -> None:
    declared = {"ntp": {"servers": ["a", "b"]}}
    rows = explain(declared, {"ntp": {"servers": ["a"]}}, ["ntp"])
    assert rows == [("ntp.servers", ["a"], ["a", "b"])]


@given(FACTS, FACTS)
def test_explained_exactly_where_it_differs(declared: dict[str, object], live: dict[str, object]) -> None:
    names = differing(declared, live)  # type: ignore[arg-type]
    rows = explain(declared, live, names)  # type: ignore[arg-type]
    assert {row[0].split(".")[0] for row in rows} == set(names)
    assert all(before != after for _, before, after in rows)


@given(FACTS)
def test_the_same_does_not_differ(facts: dict[str, object]) -> None:
    assert differing(facts, facts) == []  # type: ignore[arg-type]
