"""The service answers."""

from service.application import create_app
from service.config import Config


def test_it_says_hello() -> None:
    client = create_app(Config.from_environment({"LOG_LEVEL": "WARNING"})).test_client()

    assert client.get("/").get_data(as_text=True).strip() == "Hello from ECS!"
