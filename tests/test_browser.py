"""A real browser: JupyterLab, the notebook, Run All, and what a learner then sees.

Judged by the saved file, read back through the contents API, since cells off screen are not in
the page. LAB_SCREENSHOTS names a folder that receives a picture of each part of the page.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import nbformat
import pytest
import warm
from test_notebooks import read

ROOT = Path(__file__).parents[1]
STEMS = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WARM = """
import sys
sys.path.append({tests!r})
import warm
warm.make_kernels_warm()
"""
RUN_ALL = """async () => {
    const app = window.jupyterapp;
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await app.commands.execute("notebook:run-all-cells");
    await app.commands.execute("docmanager:save");
}"""
OPEN = """async path => {
    const app = window.jupyterapp;
    await app.commands.execute("application:close-all");
    await app.commands.execute("docmanager:open", {path});
}"""
CONNECTED = """path => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    return panel?.context?.path === path
        && kernel?.connectionStatus === "connected" && kernel?.status === "idle";
}"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine"),
]


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """(base URL, token) of JupyterLab on a copy of the notebooks."""
    home = tmp_path_factory.mktemp("jupyter")
    for name in ("notebooks", "terraform"):
        shutil.copytree(ROOT / name, home / "lab" / name)
    for path in (home / "lab" / "notebooks").glob("*.ipynb"):
        nbformat.write(read(path), path)  # without outputs that somebody has saved
    settings = home / "settings" / "overrides.json"
    settings.parent.mkdir()
    news = {"fetchNews": "false", "checkForUpdates": False}
    settings.write_text(json.dumps({"@jupyterlab/apputils-extension:notification": news}))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")}
    environment |= {
        name: str(home / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    if warm.WARM:
        config = home / "JUPYTER_CONFIG_DIR" / "jupyter_server_config.py"
        config.parent.mkdir()
        config.write_text(WARM.format(tests=str(ROOT / "tests")))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0"]
    command += [f"--ServerApp.root_dir={home / 'lab'}", "--LabApp.expose_app_in_browser=True"]
    command += ["--LanguageServerManager.autodetect=False"]  # it would start node and npm
    command += [f"--LabApp.app_settings_dir={settings.parent}", "--allow-root"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    for line in process.stderr:
        if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab\?token=(\w+)", line):
            break
    else:
        pytest.fail("JupyterLab did not start")
    # A full pipe would stop the server.
    threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
    yield found[1], found[2]
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)


@pytest.fixture(scope="module")
def page(jupyter):
    """JupyterLab in Chromium, opened as `make lab` opens it: on the first notebook."""
    from playwright.sync_api import sync_playwright

    base, token = jupyter
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{base}/lab/tree/notebooks/{STEMS[0]}.ipynb?token={token}")
        page.wait_for_function(CONNECTED, arg=f"notebooks/{STEMS[0]}.ipynb", timeout=60_000)
        yield page
        browser.close()


def saved(jupyter, path):
    base, token = jupyter
    request = urllib.request.Request(
        f"{base}/api/contents/{path}", headers={"Authorization": f"token {token}"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["content"]


def end_kernels(jupyter):
    base, token = jupyter
    headers = {"Authorization": f"token {token}"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{base}/api/kernels", headers=headers)
    ) as a:
        kernels = json.load(a)
    for kernel in kernels:
        address = f"{base}/api/kernels/{kernel['id']}"
        urllib.request.urlopen(urllib.request.Request(address, headers=headers, method="DELETE"))


def look_through(page, stem):
    """Scroll from top to end; take a picture of each part, count the widgets that were drawn."""
    folder = os.environ.get("LAB_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    scroller = page.locator(".jp-WindowedPanel-outer").first
    scroller.evaluate("e => { e.scrollTop = 0; }")
    page.wait_for_timeout(300)
    widgets = 0
    for part in range(60):
        widgets = max(widgets, page.locator(".jp-OutputArea .jupyter-widgets").count())
        if folder:
            page.screenshot(path=f"{folder}/{stem}-{part:02}.png")
        before = scroller.evaluate("e => e.scrollTop")
        scroller.evaluate("e => { e.scrollTop += e.clientHeight - 60; }")
        page.wait_for_timeout(250 if folder else 60)
        if scroller.evaluate("e => e.scrollTop") == before:
            break
    return widgets


@pytest.mark.parametrize("stem", STEMS)
def test_run_all_in_jupyterlab(jupyter, page, stem):
    path = f"notebooks/{stem}.ipynb"
    if stem != STEMS[0]:
        page.evaluate(OPEN, path)
    page.wait_for_function(CONNECTED, arg=path, timeout=60_000)
    page.evaluate(RUN_ALL)
    notebook = saved(jupyter, path)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert all(cell["execution_count"] for cell in cells)
    assert [o for o in outputs if o["output_type"] == "error"] == []
    kinds = [kind for output in outputs for kind in output.get("data", {})]
    assert kinds.count("image/png") >= 1, "a picture explains more than the text"
    has_widgets = "application/vnd.jupyter.widget-view+json" in kinds
    if has_widgets or os.environ.get("LAB_SCREENSHOTS"):
        assert bool(look_through(page, stem)) == has_widgets
    title = "".join(notebook["cells"][0]["source"]).splitlines()[0].removeprefix("# ")
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
    page.wait_for_timeout(300)
    assert page.locator(".jp-RenderedHTMLCommon h1").first.inner_text().startswith(title)
    end_kernels(jupyter)
