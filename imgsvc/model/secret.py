"""Texts that are shown nowhere."""


class Secret:
    """
    A text that no log line, error or list of settings shows: whoever needs it asks for it by name.

    No Struct, whose members any representation and any JSON has: msgspec refuses to write this.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text itself."""
        return self._text

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same text; takes as long as it takes: not for what a client sends."""
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        """By the text."""
        return hash(self._text)

    def __repr__(self) -> str:
        """Stars, however long it is."""
        return "***"
