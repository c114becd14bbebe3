"""What a page of another origin can do to the local cloud, in a real browser: nothing."""

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from localcloud.emulator import start, stop
from localcloud.gate import Gate
from localcloud.settings import CloudSettings
from localcloud.watch.server import create_app
from packages.localcloud.tests.emulator.browser import attacker, find_browser, rebinding, visit
from packages.localcloud.tests.emulator.ports import free_port
from packages.localcloud.tests.emulator.stage import Cloud

BROWSER = find_browser() or ""
pytestmark = pytest.mark.skipif(
    not BROWSER, reason="no Chromium on this machine (Debian: apt-get install chromium)"
)

ATTACKS = """<!doctype html><form id=form method=post enctype=text/plain target=frame>
<input name=a value=b></form><iframe name=frame></iframe>
<script>/*SHARED*/
const make = name => 'Action=CreateUser&Version=2010-05-08&UserName=' + name;
const plain = {method: 'POST', mode: 'no-cors', headers: {'content-type': 'text/plain'}};
const load = (kind, url) => new Promise(done => {
  const element = document.createElement(kind);
  element.onload = element.onerror = done;
  element.src = url;
  document.body.append(element);
});
(async () => {
  const seen = {};
  for (const host of ['localhost', '127.0.0.1', '[::1]', '0.0.0.0']) {
    const cloud = 'http://' + host + ':PORT';
    const name = 'u' + Math.random().toString(36).slice(2);
    seen['read ' + host] = await read(cloud + '/_localcloud/world');
    seen['json ' + host] = await read(cloud + '/', {method: 'POST', headers: {'x-amz-target': 'a'}, body: '{}'});
    await settled(fetch(cloud + '/?' + make(name + 1), {...plain, body: ''}));
    await settled(fetch(cloud + '/?' + make(name + 2), {mode: 'no-cors', referrerPolicy: 'no-referrer'}));
    await settled(load('img', cloud + '/?' + make(name + 3)));
    await settled(load('iframe', cloud + '/?' + make(name + 4)));
    await settled(load('script', cloud + '/?' + make(name + 5)));
    navigator.sendBeacon(cloud + '/?' + make(name + 6));
  }
  form.action = 'http://localhost:PORT/?' + make('form');
  form.submit();
  const socket = new WebSocket('ws://localhost:PORT/_aws/execute-api/a/b');
  seen.socket = await new Promise(done => {
    socket.onopen = () => done([200, '']);
    socket.onerror = () => done([0, '']);
  });
  seen.page = await read('http://localhost:WATCH/readings');
  await new Promise(done => setTimeout(done, 300));
  report(seen);
})();
</script>"""

REBINDING = """<!doctype html><script>/*SHARED*/
(async () => {
  await read('/rebind', {method: 'POST'});
  report({
    world: await read('/_localcloud/world'),
    post: await read('/?Action=CreateUser&Version=2010-05-08&UserName=rebound', {method: 'POST'}),
    get: await read('/?Action=ListUsers&Version=2010-05-08'),
  });
})();
</script>"""

OWN = """<!doctype html><script>/*SHARED*/
(async () => {
  report({sts: await read('http://localhost:PORT/', {
    method: 'POST', headers: {authorization: 'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sts/aws4_request',
      'content-type': 'application/x-www-form-urlencoded'},
    body: 'Action=GetCallerIdentity&Version=2011-06-15'})});
})();
</script>"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudSettings]:
    """A local cloud without a Docker engine."""
    settings = CloudSettings(home=tmp_path_factory.mktemp("browser") / "home", port=free_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///no/such/engine.sock")
        start(settings)
    yield settings
    stop(settings)


@pytest.fixture
def watch_port(settings: CloudSettings) -> Iterator[int]:
    """The page of `make watch`."""
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def users(settings: CloudSettings) -> list[Any]:
    return list(Cloud(settings, "").client("iam").list_users()["Users"])


def test_a_page_reads_nothing_and_changes_nothing(
    settings: CloudSettings, watch_port: int, tmp_path: Path
) -> None:
    page = ATTACKS.replace("PORT", str(settings.port)).replace("WATCH", str(watch_port))
    with attacker(page) as found:
        seen = visit(BROWSER, f"http://www.evil.example:{found.port}/", tmp_path, found)

    assert users(settings) == []
    assert {name: status for name, (status, _) in seen.items() if status} == {}


def test_a_name_that_is_led_here_is_not_answered(settings: CloudSettings, tmp_path: Path) -> None:
    with attacker(REBINDING) as found, rebinding(found.port, settings.port, found.rebound) as port:
        seen = visit(BROWSER, f"http://rebind.evil.example:{port}/", tmp_path, found)

    for status, text in seen.values():
        assert status == 403
        assert f"does not answer for the host 'rebind.evil.example:{port}'" in text
    assert users(settings) == []


def test_the_page_of_an_origin_that_the_user_allowed_is_answered(tmp_path: Path) -> None:
    settings = CloudSettings(home=tmp_path / "home", port=free_port())
    with attacker(OWN.replace("PORT", str(settings.port))) as found:
        origin = f"http://app.evil.example:{found.port}"
        start(dataclasses.replace(settings, gate=Gate(origins=(origin,))))
        try:
            [status, text] = visit(BROWSER, f"{origin}/", tmp_path / "profile", found)["sts"]
        finally:
            stop(settings)
    assert status == 200
    assert "<Account>000000000000</Account>" in text
