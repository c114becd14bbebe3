"""What is sent to subscribers, and to which of them."""

import pytest

from localcloud.emulator import notifications, upstream
from localcloud.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "hook.localhost", "127.0.0.1", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["events.example.com", "10.0.0.7", "localhost.example.com", ""])
def test_another_machine(host: str) -> None:
    assert not is_loopback(host)


def test_nothing_is_sent_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []

    def post(endpoint: str, _payload: str, _kind: str) -> int:
        sent.append(endpoint)
        return 200

    monkeypatch.setattr(upstream.sns, "_http_post_sync", post)
    monkeypatch.setattr(upstream.sns, "_subscribe", upstream.sns._subscribe)
    notifications.install()
    upstream.sns._http_post_sync("https://events.example.com/sns", "{}", "Notification")
    upstream.sns._http_post_sync("http://localhost:8000/hook", "{}", "Notification")
    assert sent == ["http://localhost:8000/hook"]
