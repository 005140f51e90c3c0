"""Settings as an environment has them."""


def texts(values: dict[str, object]) -> dict[str, str]:
    """Write each value down."""
    return {name: str(value) for name, value in values.items()}
