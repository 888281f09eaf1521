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
from scene import allow, policy
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
    # Not every browser asks a learner before a stranger's page reaches this machine.
    "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
    "--host-resolver-rules=MAP *.example 127.0.0.1",  # as a name server of a stranger would
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
DOLLARS = """from IPython.display import HTML, display
from labhelpers import Outcome, check, policy
told = "it asks for ${aws:username}, and ${aws:userid} comes"
own = {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}/${aws:userid}"}
allow = {"Version": "2012-10-17", "Statement": own}
who = policy.Principal("user", "arn:aws:iam::111122223333:user/a", "111122223333")
asked = policy.Request(who, "s3:GetObject", "arn:aws:s3:::b/c", "111122223333")
display(Outcome("Allowed", "s3:GetObject", reason=told), check(1, lambda _: told, [told]))
display(policy.explain(policy.evaluate(asked, identity=[policy.parse(allow, kind="identity")])))
display(HTML("<p>A formula: $x^2$.</p>"))
"""
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
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(jupyter, browser):
    """JupyterLab in Chromium, opened as `make lab` opens it: on the first notebook."""
    base, token = jupyter
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{base}/lab/tree/notebooks/{STEMS[0]}.ipynb?token={token}")
    page.wait_for_function(CONNECTED, arg=f"notebooks/{STEMS[0]}.ipynb", timeout=60_000)
    return page


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


#: What a page can do without asking anybody first, and what it then knows.
TRY_ALL = """async base => {
    const read = async (path, init) => {
        try {
            const answer = await fetch(base + path, init);
            return `${answer.type} ${answer.status} ${(await answer.text()).length}`;
        } catch (error) {
            return error.name;
        }
    };
    const form = new URLSearchParams({Action: "GetCallerIdentity", Version: "2011-06-15"});
    const picture = path => new Promise(done => {
        const image = new Image();
        image.onload = () => done("seen");
        image.onerror = () => done("not seen");
        image.src = base + path;
    });
    return {
        cors: await read("/public/picture.svg"),
        "no-cors": await read("/public/picture.svg", {mode: "no-cors"}),
        form: await read("/", {method: "POST", body: form}),
        "no-cors form": await read("/", {method: "POST", body: form, mode: "no-cors"}),
        text: await read("/", {method: "POST", body: "Action=GetCallerIdentity"}),
        preflight: await read("/", {headers: {"X-Amz-Target": "x"}}),
        discovery: await read("/.oidc/idp.example.com/.well-known/openid-configuration"),
        picture: await picture("/public/picture.svg"),
    };
}"""
SUBMIT = """([base, kind]) => {
    const form = document.createElement("form");
    Object.assign(form, {method: "POST", action: base + "/", enctype: kind});
    for (const [name, value] of [["Action", "GetCallerIdentity"], ["Version", "2011-06-15"]]) {
        form.append(Object.assign(document.createElement("input"), {name, value}));
    }
    document.body.append(form);
    form.submit();
}"""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@pytest.fixture
def open_bucket(lab):
    """A lab with an object that the whole world may read, and an issuer that publishes its keys."""
    s3 = lab.client("s3")
    place = {"LocationConstraint": lab.region}
    s3.create_bucket(Bucket="public", CreateBucketConfiguration=place)
    s3.put_object(Bucket="public", Key="picture.svg", Body=SVG, ContentType="image/svg+xml")
    s3.delete_public_access_block(Bucket="public")
    read = allow("s3:GetObject", "arn:aws:s3:::public/*", Principal="*")
    s3.put_bucket_policy(Bucket="public", Policy=policy(read))
    lab.identity_provider("https://idp.example.com")
    return lab


def page_of(browser, site):
    """An empty page of a site, which a stranger serves."""
    context = browser.new_context()
    page = context.new_page()
    page.route(f"{site}/page", lambda route: route.fulfill(body="<body>", content_type="text/html"))
    page.goto(f"{site}/page")
    return page


def test_another_sites_page_learns_nothing(browser, open_bucket):
    page = page_of(browser, "http://evil.example:8080")
    tried = page.evaluate(TRY_ALL, open_bucket.endpoint_url)
    assert tried.pop("picture") == "seen"  # anybody may see it, with a browser or without
    opaque = [tried.pop(name) for name in ("no-cors", "no-cors form")]
    assert opaque == ["opaque 0 0"] * 2
    assert set(tried.values()) == {"TypeError"}
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain"):
        page = page_of(browser, "http://evil.example:8080")
        with page.expect_navigation() as arrived:
            page.evaluate(SUBMIT, [open_bucket.endpoint_url, kind])
        assert (arrived.value.status, "ForeignOrigin" in arrived.value.text()) == (403, True)
        page.context.close()


def test_a_rebound_name_reaches_nothing(browser, open_bucket):
    """The stranger's name leads to this machine now, so the page may read what comes."""
    port = open_bucket.endpoint_url.rsplit(":", 1)[1]
    site = f"http://rebound.example:{port}"
    page = page_of(browser, site)
    tried = page.evaluate(TRY_ALL, site)
    assert tried.pop("picture") == "not seen"
    assert {answer.rsplit(" ", 1)[0] for answer in tried.values()} == {"basic 421"}
    page.context.close()


def test_policy_variables_are_no_formulas(jupyter, page):
    """MathJax would set what stands between two dollars; here it sets the real formula alone."""
    notebook = read(ROOT / "notebooks" / f"{STEMS[0]}.ipynb")
    notebook.cells = [nbformat.v4.new_code_cell(DOLLARS)]
    path, (base, token) = "notebooks/dollars.ipynb", jupyter
    body = json.dumps({"type": "notebook", "content": notebook})
    headers = {"Authorization": f"token {token}"}
    address = f"{base}/api/contents/{path}"
    urllib.request.urlopen(
        urllib.request.Request(address, body.encode(), headers=headers, method="PUT")
    )
    page.evaluate(OPEN, path)
    page.wait_for_function(CONNECTED, arg=path, timeout=60_000)
    page.evaluate(RUN_ALL)
    page.wait_for_selector(".jp-OutputArea mjx-container", timeout=20_000)
    page.wait_for_timeout(500)
    assert page.locator(".jp-OutputArea mjx-container").count() == 1
    assert page.locator(".jp-OutputArea").inner_text().count("${aws:username}") >= 4
    end_kernels(jupyter)
