"""Asking a stack's URL: what fails a deployment, and what only cannot be seen from here."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from automation.answering import wait_for_answer
from automation.engines import CloudResource
from automation.reachability import Door, door_of


class Service(BaseHTTPRequestHandler):
    status, hosts = 200, list[str]()

    def do_GET(self) -> None:
        self.hosts.append(self.headers["Host"])
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automation.answering._PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("automation.answering._SHUT_SECONDS", 0.0)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    Service.hosts.clear()


def serve(context: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def http() -> Iterator[int]:
    server = serve()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture
def https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server with a certificate for shop.example.com, which this machine trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server = serve(context)
    yield server.server_address[1]
    server.shutdown()


def test_a_service_that_answers_is_seen(http: int) -> None:
    answer = wait_for_answer(f"http://127.0.0.1:{http}")
    assert (answer.ok, answer.unseen) == (True, "")


def test_no_answer_fails_where_one_has_to_come() -> None:
    assert not wait_for_answer(Door(url="http://127.0.0.1:9", address="127.0.0.1"), timeout=0).ok


@pytest.mark.parametrize(
    ("door", "why"),
    [
        (Door(url="http://127.0.0.1:9", address="127.0.0.1", internal=True), "is internal"),
        (
            Door(url="http://127.0.0.1:9", address="127.0.0.1", let_in=("10.0.0.0/8",)),
            "lets in 10.0.0.0/8 only",
        ),
    ],
)
def test_a_door_that_is_shut_for_this_machine_says_what_was_not_seen(door: Door, why: str) -> None:
    answer = wait_for_answer(door)
    assert answer.ok
    assert "http://127.0.0.1:9 was not seen answering from here" in answer.unseen
    assert why in answer.unseen


def test_an_error_of_the_service_fails_also_behind_a_door_that_may_be_shut(
    http: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "status", 503)
    answer = wait_for_answer(Door(url=f"http://127.0.0.1:{http}", address="127.0.0.1", internal=True))
    assert not answer.ok
    assert answer.detail.startswith("503")


def test_a_domain_whose_dns_is_elsewhere_is_asked_at_the_load_balancer(https: int) -> None:
    door = Door(url=f"https://shop.example.com:{https}", address="localhost")
    answer = wait_for_answer(door)
    assert answer.ok, answer.detail
    assert Service.hosts == [f"shop.example.com:{https}"]
    assert "shop.example.com" in answer.unseen
    assert "has to lead to localhost (a CNAME" in answer.unseen


def test_a_certificate_for_another_name_than_the_domain_fails(https: int) -> None:
    answer = wait_for_answer(Door(url=f"https://other.example.com:{https}", address="localhost"), timeout=0)
    assert not answer.ok
    assert "CERTIFICATE_VERIFY_FAILED" in answer.detail


def test_a_certificate_without_a_domain_answers_and_says_that_browsers_refuse_it(https: int) -> None:
    answer = wait_for_answer(Door(url=f"https://localhost:{https}", address="localhost"), timeout=0)
    assert answer.ok, answer.detail
    assert "the certificate is not for localhost" in answer.unseen
    assert "loadBalancer.domain.name" in answer.unseen


def resource(type_: str, **outputs: Any) -> CloudResource:
    return CloudResource(urn=f"urn::{type_}::x", type=type_, id="x", inputs={}, outputs=outputs)


def test_the_way_to_a_url_is_read_from_the_stacks_resources() -> None:
    balancer = resource(
        "aws:lb/loadBalancer:LoadBalancer", dnsName="lb.aws", internal=False, securityGroups=["sg-1"]
    )

    def rule(cidr: str, port: int, group: str = "sg-1") -> CloudResource:
        return resource(
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            securityGroupId=group,
            cidrIpv4=cidr,
            fromPort=port,
            toPort=port,
        )

    office = [balancer, rule("198.51.100.0/24", 443), rule("0.0.0.0/0", 80), rule("10.0.0.0/8", 443, "sg-2")]
    door = door_of("https://shop.example.com", office)
    assert door == Door(url="https://shop.example.com", address="lb.aws", let_in=("198.51.100.0/24",))
    assert door_of("http://lb.aws", office).let_in == ()
    assert door_of("http://lb.aws", office).shut == ""
    assert door_of("http://lb.aws", []) == Door(url="http://lb.aws")
