"""The service as the seed had it: the yardstick of `python -m bench.app`."""

from flask import Flask

app = Flask(__name__)


@app.route("/")
def home() -> str:
    """Greet."""
    return "Hello from ECS!"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)  # noqa: S104 - as in the seed; reached from outside its container
