"""In a notebook on AWS: a step that only the sandbox can do says so, and the notebook goes on.

IPython lets an AST transformer change each cell before it runs. Here every statement of a cell
gets a handler for SandboxOnly. An assert that fails with it is passed over; any other statement
ends the cell, and what the cell would have assigned becomes a Missing, so that later steps which
need it are left out as well, with the same reason.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from labhelpers.errors import SandboxOnly

#: Words of AWS's own sentences about what is not there.
_PROSE = frozenset(
    re.findall(
        r"\w+",
        "An error occurred (NoSuchEntity) when calling the operation: The user role group policy "
        "instance profile Policy Instance Profile with name cannot be found, does not exist. "
        "NoSuchBucket: The specified bucket. Invalid principal in policy: AWS arn:aws:iam",
    )
)
_HELPER = "__sts_lab_cell__"
_KEEP = """
if __sts_lab_cell__.runs({number}):
    try:
        pass
    except Exception as __sts_lab_error__:
        if not __sts_lab_cell__.skips({number}, __sts_lab_error__):
            raise
"""


class Missing:
    """Stands for what a step would have made that only the sandbox has; any use says so."""

    def __init__(self, name: str, why: str) -> None:
        object.__setattr__(self, "_told", (name, why))

    def _raise(self, *_: Any, **__: Any) -> Any:
        name, why = object.__getattribute__(self, "_told")
        raise SandboxOnly(f"`{name}` is not there: {why}")

    def __getattribute__(self, name: str) -> Any:
        if name in ("_raise", "__class__"):
            return object.__getattribute__(self, name)
        return self._raise()

    __call__ = __iter__ = __getitem__ = __setitem__ = __len__ = __bool__ = _raise
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __or__ = __ror__ = __and__ = __rand__ = _raise
    __str__ = __repr__ = __format__ = __hash__ = __enter__ = __exit__ = __next__ = _raise


def get_ipython() -> Any:
    """The shell that runs this process' cells, None without one."""
    try:
        import IPython
    except ImportError:
        return None
    return IPython.get_ipython()


def in_notebook() -> bool:
    """Whether cells run here."""
    return get_ipython() is not None


class CellGuard(ast.NodeTransformer):
    """One for each lab; `close` takes it out of IPython again. `skipped` counts the steps."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._statements: list[ast.stmt] = []
        self._last: list[str] = []
        self._why = ""
        self._said: set[str] = set()
        self.skipped: list[str] = []
        self._made: dict[str, str] = {}  # a text in a left-out statement -> why it was left out
        self.ran = 0
        shell.ast_transformers.append(self)
        shell.user_ns_hidden[_HELPER] = None

    def close(self) -> None:
        if self in self._shell.ast_transformers:
            self._shell.ast_transformers.remove(self)

    def why_not_made(self, said: str) -> str:
        """Why something that an error names was never made; "" if no left-out step is to blame."""
        words = set(re.findall(r"[\w.@+=-]+", said)) - _PROSE
        return next((why for text, why in self._made.items() if text in words), "")

    # ------------------------------------------------------------- before the cell runs

    def visit_Module(self, module: ast.Module) -> ast.Module:
        self._statements, self._why, self._last = list(module.body), "", []
        self._said = set()
        self._shell.user_ns[_HELPER] = self
        body: list[ast.stmt] = []
        for number, statement in enumerate(module.body):
            is_shown = isinstance(statement, ast.Expr) and number == len(module.body) - 1
            body.append(self._guarded(number, statement, is_shown))
        if body and is_shown:
            shown = ast.parse(f"{_HELPER}.shown()").body[0]
            body.append(ast.copy_location(shown, statement))
        module.body = body
        return ast.fix_missing_locations(module)

    def _guarded(self, number: int, statement: ast.stmt, is_shown: bool) -> ast.stmt:
        around = ast.parse(_KEEP.format(number=number)).body[0]
        assert isinstance(around, ast.If) and isinstance(around.body[0], ast.Try)  # _KEEP
        for node in ast.walk(around):
            ast.copy_location(node, statement)
        inner = statement
        if is_shown:
            assert isinstance(statement, ast.Expr)
            keep = ast.parse(f"{_HELPER}.keep", mode="eval").body
            inner = ast.Expr(ast.Call(keep, [statement.value], []))
            for node in (keep, inner.value, inner):
                ast.copy_location(node, statement)
        around.body[0].body = [inner]
        return around

    # ------------------------------------------------------------- while it runs

    def keep(self, value: Any) -> None:
        """Hold the value of the last expression for shown()."""
        self._last = [value]

    def shown(self) -> Any:
        """The value that the cell shows, None if its step was left out."""
        return self._last.pop() if self._last else None

    def runs(self, number: int) -> bool:
        """Whether a statement is to be run."""
        statement = self._statements[number]
        if self._why:
            return isinstance(statement, (ast.FunctionDef, ast.ClassDef))  # they fail when used
        for name in sorted(_reads(statement)):
            value = self._shell.user_ns.get(name)
            if type(value) is Missing:
                reason = object.__getattribute__(value, "_told")[1]
                self._left_out(number, reason)
                return False
        self.ran += 1
        return True

    def skips(self, number: int, error: Exception) -> bool:
        """Whether a statement met something that only the sandbox has; notes it if so."""
        if isinstance(error, SandboxOnly):
            why = str(error).rpartition("is not there: ")[2]
        elif self.skipped and Missing.__name__ in str(error):  # e.g. json: cannot be serialized
            why = self.skipped[-1]
        else:
            return False
        self.ran -= 1
        self._left_out(number, why)
        return True

    def _left_out(self, number: int, why: str) -> None:
        if why not in self._said:
            print(f"Sandbox only: {why}")
        self._said.add(why)
        self.skipped.append(why)
        if isinstance(self._statements[number], ast.Assert):
            return
        self._why = why
        for statement in self._statements[number:]:
            self._made |= dict.fromkeys(_texts(statement), why)
            for name in _assigns(statement):
                self._shell.user_ns[name] = Missing(name, why)
            for name in _changes(statement):
                if isinstance(self._shell.user_ns.get(name), (list, dict, set)):
                    self._shell.user_ns[name] = Missing(name, why)


_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_LOOP = (ast.comprehension, ast.For)
_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _reads(statement: ast.stmt) -> set[str]:
    """Names that a statement needs at once; the bodies of functions run later."""
    targets = [node.target for node in ast.walk(statement) if isinstance(node, _LOOP)]
    bound = set().union(*(_names(target, ast.Store, ()) for target in targets))
    return _names(statement, ast.Load, _INNER) - bound


def _assigns(statement: ast.stmt) -> set[str]:
    """Names that a statement would bind in the notebook; functions are defined all the same."""
    return _names(statement, ast.Store, (*_INNER, *_LOOPS))


def _names(node: ast.AST, context: type, inner: tuple[type, ...]) -> set[str]:
    if isinstance(node, inner):
        return set()
    found = {node.id} if isinstance(node, ast.Name) and isinstance(node.ctx, context) else set()
    return found.union(*(_names(child, context, inner) for child in ast.iter_child_nodes(node)))


def _texts(statement: ast.stmt) -> set[str]:
    """The texts in a statement: names of roles, users and buckets are among them."""
    nodes = (node for node in ast.walk(statement) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str) and len(node.value) > 2}


def _changes(statement: ast.stmt) -> set[str]:
    """Names of lists, dicts and sets that a statement would fill."""
    found = set()
    for node in ast.walk(statement):
        target = None
        if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            target = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            target = node.func.value
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
        if isinstance(target, ast.Name):
            found.add(target.id)
    return found
