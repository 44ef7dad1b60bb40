"""`vars`, and the expressions over them, evaluated in the tree before anything is validated."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

from provisioner.manifest.complaint import Complaints, did_you_mean
from provisioner.manifest.masking import tells_of_secret
from provisioner.manifest.sandbox import Expression, ExpressionFault
from provisioner.manifest.tree import Entry, Listing, Origin, Scalar, Section, Tree, plain

LARGEST_TOTAL = 8 * 1024 * 1024
"""Characters that all expressions of a manifest together may give."""
MOST_EXPRESSIONS = 20_000
"""Different ones; compiling one takes about a millisecond."""

_SECRET_SOURCES = frozenset({"env", "file", "command", "keyring"})
_JINJA_WORDS = frozenset({"true", "false", "none", "loop", "self", "caller", "result"})


def evaluated(whole: Section, complaints: Complaints) -> Section:
    """The manifest without `vars` and with a value in the place of every expression."""
    evaluator = _Evaluator(complaints)
    declared = whole.get("vars")
    if isinstance(declared, Section):
        evaluator.declare(declared)
    elif declared is not None:
        complaints.add(declared.origin, "type", "'vars' must be a map.", "Write 'vars: {name: value}'.")
    result = evaluator.section(whole.without("vars"))
    return result


class _Evaluator:
    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints
        self._variables: dict[str, Any] = {}
        self._failed: set[str] = set()
        self._later: set[str] = set()
        self._faults = 0
        self._compiled: dict[str, Expression] = {}
        self._left = LARGEST_TOTAL

    def declare(self, declared: Section) -> None:
        """Each variable may use those above it."""
        self._later = set(declared.entries)
        for name, entry in declared.entries.items():
            before = self._faults
            value = self.tree(entry.value) if self._is_variable(name, entry) else entry.value
            self._later.discard(name)
            if self._faults == before:
                self._variables[name] = plain(value)
            else:
                self._failed.add(name)

    def _is_variable(self, name: str, entry: Entry) -> bool:
        if not name.isidentifier() or keyword.iskeyword(name) or name in _JINJA_WORDS:
            next_step = "Use letters, digits and '_'; begin with a letter."
            self._complaints.add(entry.key, "variable", "this is no name for a variable.", next_step)
        elif (tells_of_secret(name) and isinstance(entry.value, Scalar)) or _holds_reference(entry.value):
            next_step = "Write the reference where the secret is used: password: {env: NAME}."
            self._complaints.add(entry.value.origin, "secret", "a secret cannot be a variable.", next_step)
        else:
            return True
        self._faults += 1
        return False

    def tree(self, tree: Tree) -> Tree:
        if isinstance(tree, Section):
            return self.section(tree)
        if isinstance(tree, Listing):
            return Listing(tuple(self.tree(item) for item in tree.items), tree.origin)
        if isinstance(tree.value, str) and ("{{" in tree.value or "{%" in tree.value):
            return self._scalar(tree.value, tree)
        return tree

    def section(self, section: Section) -> Section:
        entries = {}
        for key, entry in section.entries.items():
            # Text under such a key is a literal secret; an expression's error would quote it.
            literal = tells_of_secret(key) and isinstance(entry.value, Scalar)
            entries[key] = entry if literal else Entry(entry.key, self.tree(entry.value))
        return Section(entries, section.origin)

    def _scalar(self, text: str, written: Scalar) -> Tree:
        try:
            value = self._value(text)
        except ExpressionFault as fault:
            self._faults += 1
            self._complaints.add(written.origin, "expression", fault.what, fault.next_step, spoils=True)
            return written
        if value is _NOT_KNOWN:
            self._faults += 1
            self._complaints.spoil(written.origin)
            return written
        return _grown(value, written.origin)

    def _value(self, text: str) -> Any:
        expression = self._expression(text)
        if expression.names & self._failed:
            return _NOT_KNOWN
        try:
            value, size = expression.value(self._variables)
        except ExpressionFault:
            self._explain_unknown(expression)
            raise
        self._left -= size
        if self._left < 0:
            raise ExpressionFault("the expressions of this manifest give too much.", "Use smaller variables.")
        return value

    def _explain_unknown(self, expression: Expression) -> None:
        for name in sorted(expression.names - self._variables.keys()):
            if name in self._later:
                what = f"the variable '{name}' is declared further down."
                raise ExpressionFault(what, "Move it up in 'vars'.") from None
            next_step = did_you_mean(name, self._variables) or "Declare it in 'vars'."
            raise ExpressionFault(f"no variable is called '{name}'.", next_step) from None

    def _expression(self, text: str) -> Expression:
        if text not in self._compiled:
            if len(self._compiled) >= MOST_EXPRESSIONS:
                raise ExpressionFault("too many different expressions.", "Split the site into several.")
            self._compiled[text] = Expression(text)
        return self._compiled[text]


_NOT_KNOWN = object()


def _holds_reference(tree: Tree) -> bool:
    if isinstance(tree, Section):
        if len(tree.entries) == 1 and tree.entries.keys() <= _SECRET_SOURCES:
            return True
        return any(_holds_reference(entry.value) for entry in tree.entries.values())
    return isinstance(tree, Listing) and any(map(_holds_reference, tree.items))


def _grown(value: Any, origin: Origin) -> Tree:
    """A computed value as a tree; all of it was written where the expression stands."""
    if isinstance(value, Mapping):
        return Section({str(key): Entry(origin, _grown(part, origin)) for key, part in value.items()}, origin)
    if isinstance(value, (list, tuple)):
        return Listing(tuple(_grown(part, origin) for part in value), origin)
    return Scalar(value, origin)
