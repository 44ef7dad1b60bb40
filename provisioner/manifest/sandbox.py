"""Jinja2 for values: expressions over `vars`, without loops, calls or any way to grow without bound.

The sandbox of Jinja2 keeps expressions away from Python; it does not bound time and memory. What can
multiply (loops, macros, `*` on text, `%` formatting, most filters) is therefore not there at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

LONGEST_EXPRESSION = 2_000
LARGEST_RESULT = 64 * 1024
MOST_BRACKETS = 60

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If,
    nodes.List, nodes.Dict, nodes.Tuple, nodes.Pair, nodes.Keyword, nodes.Slice,
    nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.CondExpr, nodes.Compare, nodes.Operand,
    nodes.And, nodes.Or, nodes.Not, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod,
    nodes.Neg, nodes.Pos, nodes.Concat,
)  # fmt: skip
_FILTERS = (
    "abs", "capitalize", "d", "default", "first", "float", "last", "length", "list", "lower", "max", "min",
    "sort", "string", "trim", "unique", "upper",
)  # fmt: skip
_TESTS = (
    "boolean", "defined", "divisibleby", "even", "false", "in", "integer", "mapping", "none", "number", "odd",
    "sequence", "string", "true", "undefined", "==", "!=", ">", ">=", "<", "<=", "eq", "ne", "gt", "lt",
)  # fmt: skip


class ExpressionFault(Exception):
    """What is wrong with an expression, and what to do."""

    def __init__(self, what: str, next_step: str = "Correct the expression.") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, optimized=False, keep_trailing_newline=True, cache_size=0)
        self.globals.clear()
        kept = {name: self.filters[name] for name in _FILTERS}
        self.filters = kept | {"replace": _replace, "join": _join, "int": _int}
        self.tests = {name: self.tests[name] for name in _TESTS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Keys of maps and places of lists; never an attribute of a Python object."""
        try:
            if isinstance(obj, Mapping) or (isinstance(obj, (list, str)) and isinstance(argument, int)):
                return obj[argument]
        except LookupError:
            pass
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers only: text times a number, and `'%9999999d' % 1`, take any amount of memory."""
        if not all(isinstance(side, (int, float)) and abs(side) < 10**18 for side in (left, right)):
            raise ExpressionFault(f"'{operator}' is for numbers only.")
        return super().call_binop(context, operator, left, right)


def _replace(text: str, old: str, new: str) -> str:
    if not old or len(text) + text.count(old) * len(new) > LARGEST_RESULT:
        raise ExpressionFault("'replace' gives too long a text.")
    return text.replace(old, new)


def _join(items: Any, between: str = "") -> str:
    words = [str(item) for item in items]
    if sum(map(len, words)) + len(words) * len(between) > LARGEST_RESULT:
        raise ExpressionFault("'join' gives too long a text.")
    return between.join(words)


def _int(value: Any) -> int:
    return int(str(value)[:18], 10) if isinstance(value, str) else int(value)


_SANDBOX = _Sandbox()


class Expression:
    """A text with `{{ }}` or `{% %}`, checked and compiled. Raises `ExpressionFault`."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_EXPRESSION or sum(map(text.count, "([{")) > MOST_BRACKETS:
            raise ExpressionFault("the expression is too long.", "Compute it in steps, with variables.")
        template = _translated(lambda: _checked(_SANDBOX.parse(text)))
        self.names = {name.name for name in template.find_all(nodes.Name)}
        alone = _alone(template)
        if alone is not None:
            result = nodes.Name("result", "store", lineno=1)
            template = nodes.Template([nodes.Assign(result, alone, lineno=1)], lineno=1)
            template.set_environment(_SANDBOX)
        self._keeps_type = alone is not None
        self._template = _translated(lambda: _SANDBOX.from_string(template))

    def value(self, variables: Mapping[str, Any]) -> tuple[Any, int]:
        """Text (or any type, where the whole text is one `{{ }}`), and its size in characters."""
        value, size = _translated(lambda: self._evaluated(variables))
        return value, int(size)

    def _evaluated(self, variables: Mapping[str, Any]) -> tuple[Any, int]:
        context = self._template.new_context(dict(variables))
        text = "".join(self._template.root_render_func(context))
        value = context.vars["result"] if self._keeps_type else text
        if isinstance(value, Undefined):
            str(value)
        return value, _size(value)


def _translated(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except ExpressionFault:
        raise
    except TemplateSyntaxError as error:
        raise ExpressionFault(f"the expression is not valid: {error.message}.") from None
    except TemplateError as error:
        raise ExpressionFault(f"the expression fails: {error.message}.") from None
    except RecursionError:
        raise ExpressionFault("the expression is nested too deeply.") from None
    except (
        Exception
    ) as error:  # an expression can fail like any Python expression: TypeError, ZeroDivision...
        raise ExpressionFault(f"the expression fails: {str(error)[:200]}.") from None


def _checked(template: nodes.Template) -> nodes.Template:
    for node in _all(template):
        if type(node) not in _ALLOWED:
            what = type(node).__name__.lower()
            raise ExpressionFault(
                f"'{what}' is not available in a manifest.",
                "Use variables, filters, comparisons and if/else.",
            )
    return template


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    for child in node.iter_child_nodes():
        yield child
        yield from _all(child)


def _alone(template: nodes.Template) -> nodes.Expr | None:
    match template.body:
        case [nodes.Output(nodes=[only])] if not isinstance(only, nodes.TemplateData):
            return only
    return None


def _size(value: Any) -> int:
    left = LARGEST_RESULT
    waiting = [value]
    while waiting:
        part = waiting.pop()
        left -= 8 + (len(part) if isinstance(part, str) else 0)
        if left < 0:
            raise ExpressionFault("the expression gives too large a value.")
        if isinstance(part, Mapping):
            waiting.extend(part.keys())
            waiting.extend(part.values())
        elif isinstance(part, (list, tuple)):
            waiting.extend(part)
        elif not isinstance(part, (str, int, float, bool, type(None))):
            raise ExpressionFault("the expression gives nothing that can stand in a manifest.")
    return LARGEST_RESULT - left
