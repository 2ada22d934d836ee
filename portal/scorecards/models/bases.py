"""What an item of a scheme rests on, in words that stay."""

from __future__ import annotations

from dataclasses import dataclass

from communities.models import Clause


@dataclass(frozen=True)
class Basis:
    """The words of a clause on which an item rests, and of its document."""

    title: str
    number: str
    label: str
    text: str

    @classmethod
    def of(cls, clause: Clause) -> Basis:
        """As they stand now."""
        document = clause.document
        return cls(document.title, document.number, clause.label, clause.text)

    def __str__(self) -> str:
        return f"《{self.title}》{self.label}"

    @property
    def document(self) -> str:
        """The document as it is named elsewhere."""
        return f"《{self.title}》" + (f"({self.number})" if self.number else "")
