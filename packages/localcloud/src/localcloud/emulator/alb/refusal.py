"""How the checks of a request say no."""


class RefusedError(Exception):
    """AWS refuses the request.

    Args:
        message: What AWS says, or means.
        code: AWS's error code.
    """

    def __init__(self, message: str, code: str = "ValidationError") -> None:
        super().__init__(message)
        self.code = code
