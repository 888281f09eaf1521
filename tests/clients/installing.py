"""Brings clients into folders of their own, each at one version, from the registries that know
them. A folder that is there already is used as it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from clients.client import Installed, NotToBeHad

Install = Callable[[Path], Installed]


def here(command: tuple[str, ...], version: str) -> Install:
    """A client that the project's own environment has."""
    return lambda _: Installed(version, command, {})


def from_pypi(*packages: str, command: tuple[str, ...] = ("python", "-c")) -> Install:
    """`packages` as name==version, the client first; `command` is one of its environment's."""

    def install(folder: Path) -> Installed:
        binaries = folder / ("Scripts" if sys.platform == "win32" else "bin")
        marked = folder / "installed"
        if not marked.exists():
            venv.create(folder, with_pip=True, clear=True)
            _run(binaries / "python", "-m", "pip", "--quiet", "install", *packages)
            marked.touch()
        program = shutil.which(command[0]) if command[0] == "sh" else str(binaries / command[0])
        environ = {"PATH": f"{binaries}:/usr/bin:/bin"} if command[0] == "sh" else {}
        version = packages[0].partition("==")[2]
        return Installed(version, (str(program), *command[1:]), environ)

    return install


def from_npm(*packages: str) -> Install:
    """`packages` as name@version, the client first; scripts find them by require()."""

    def install(folder: Path) -> Installed:
        node, npm = shutil.which("node"), shutil.which("npm")
        if not node or not npm:
            raise NotToBeHad("node and npm are not on PATH")
        marked = folder / "installed"
        if not marked.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _run(npm, "install", "--no-audit", "--no-fund", "--prefix", folder, *packages)
            marked.touch()
        version = packages[0].rpartition("@")[2]
        return Installed(version, (node, "-e"), {"NODE_PATH": str(folder / "node_modules")})

    return install


def from_debian(*packages: str) -> Install:
    """`packages` as name=version, the client first; unpacked into the folder, not installed."""

    def install(folder: Path) -> Installed:
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            raise NotToBeHad("it comes as a Debian package, and this is no Debian")
        marked, root = folder / "installed", folder / "root"
        if not marked.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _run("apt-get", "download", "--quiet", *packages, cwd=folder)
            for file in folder.glob("*.deb"):
                _run("dpkg", "--extract", file, root)
            marked.touch()
        environ = {
            "PATH": f"{root / 'usr/bin'}:/usr/bin:/bin",
            "PYTHONPATH": str(root / "usr/lib/python3/dist-packages"),
        }
        version = packages[0].partition("=")[2].partition("-")[0].partition("+")[0]
        return Installed(version, ("/bin/sh", "-c"), environ)

    return install


def _run(*command: object, cwd: Path | None = None) -> None:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
        raise NotToBeHad(f"it could not be installed: {last}")
