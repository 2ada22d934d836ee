"""The rows behind a figure: asked live, by the very statements that made the card, and checked against it.

Rows may have changed since the card was written; ``changed_since`` says so rather than letting page and figure
disagree in silence. Unlike totals, rows are shown only inside the asker's own places.
"""

from portal.scorecards.rows.scene import Position, PositionLost, Scene
from portal.scorecards.rows.sources import SourceRow, SourceRowPage, source_rows
from portal.scorecards.rows.subjects import Room, Subject, SubjectOrder, SubjectPage, subjects

__all__ = [
    "Position",
    "PositionLost",
    "Room",
    "Scene",
    "SourceRow",
    "SourceRowPage",
    "Subject",
    "SubjectOrder",
    "SubjectPage",
    "source_rows",
    "subjects",
]
