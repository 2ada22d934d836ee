"""Evidence: files looked at, stored once, filed and linked."""

from communities.actions.evidence.contents import ACCEPTED, SUFFIXES, examined, plain_name
from communities.actions.evidence.filing import file_evidence, sweep
from communities.actions.evidence.links import (
    evidence_of,
    is_linkable,
    link_evidence,
    name_of,
    thing_named,
    thing_of,
    things_of,
    used_elsewhere,
)

__all__ = [
    "ACCEPTED",
    "SUFFIXES",
    "evidence_of",
    "examined",
    "file_evidence",
    "is_linkable",
    "link_evidence",
    "name_of",
    "plain_name",
    "sweep",
    "thing_named",
    "thing_of",
    "things_of",
    "used_elsewhere",
]
