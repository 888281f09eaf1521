"""Keep the host's AWS settings away from moto.

moto asks boto3 for the names of Regions and services, and boto3 reads the host's profiles for
that: a broken file in ~/.aws or an absent AWS_PROFILE would break the sandbox. moto's modules
therefore import a boto3 of their own; everybody else's stays as it is.
"""

from __future__ import annotations

import builtins
import logging
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

import boto3

from labhelpers.boto_session import IsolatedSession


class HostFreeSession(boto3.Session):
    """A boto3 Session that reads nothing of the host unless it is asked for something."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not args and not kwargs:
            kwargs["botocore_session"] = _botocore_session()
        super().__init__(*args, **kwargs)


def _botocore_session() -> IsolatedSession:
    return IsolatedSession("http://127.0.0.1:9", "us-east-1")  # never used for a call


def keep_host_out() -> None:
    """Have moto's modules, from now on, import host-free sessions. Safe to call again.

    Modules that somebody has imported before have read the host already. moto's core reads it
    when it is used, so that its names can be changed.
    """
    if not any(isinstance(finder, _MotoFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _MotoFinder())
        # Where nobody has set logging up, Python would write warnings into a learner's cell.
        logging.getLogger("moto").addHandler(logging.NullHandler())
        warnings.filterwarnings("ignore", module=r"moto\.")
    import moto.core.base_backend
    import moto.core.loaders
    import moto.core.utils

    own = moto.core.loaders.Loader
    own.CUSTOMER_DATA_PATH = own.BUILTIN_DATA_PATH  # not ~/.aws/models
    moto.core.base_backend.Session = HostFreeSession
    moto.core.utils.Session = _botocore_session


def _own_import(name: str, *args: Any, **kwargs: Any) -> Any:
    found = builtins.__import__(name, *args, **kwargs)
    return _boto3 if found is boto3 and name == "boto3" else found


class _HostFreeBoto3(ModuleType):
    """boto3 with another Session and without the default session, which is the learner's."""

    Session = HostFreeSession

    def __getattr__(self, name: str) -> Any:
        if name in ("client", "resource"):
            return getattr(HostFreeSession(), name)
        return getattr(boto3, name)


_boto3 = _HostFreeBoto3("boto3")
#: Python looks up `import` among a module's builtins, so that each module can have its own; and
#: `print`, for a cell shows what the learner prints.
_BUILTINS = {**vars(builtins), "__import__": _own_import, "print": lambda *_, **__: None}


class _MotoLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = _BUILTINS
        super().exec_module(module)


class _MotoFinder(MetaPathFinder):
    """Finds moto's modules where they are, and has them loaded by _MotoLoader."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith("moto.") or name.startswith("moto.core."):
            return None  # the core's mock_aws() is for the learner's boto3
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _MotoLoader(spec.loader.name, spec.loader.path)
        return spec
