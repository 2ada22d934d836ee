"""Pages that gather: dashboard, rows behind a figure, scores, one community, the workbench."""

from portal.dashboards.views.community import CommunityPage
from portal.dashboards.views.dashboard import Dashboard
from portal.dashboards.views.league import RunScores, ScoreList
from portal.dashboards.views.ratings import Ratings
from portal.dashboards.views.score import ScoreDetail, ScoreRows
from portal.dashboards.views.sources import Sources
from portal.dashboards.views.start import home, sight
from portal.dashboards.views.subjects import Subjects
from portal.dashboards.views.workbench import Workbench

__all__ = [
    "CommunityPage",
    "Dashboard",
    "Ratings",
    "RunScores",
    "ScoreDetail",
    "ScoreList",
    "ScoreRows",
    "Sources",
    "Subjects",
    "Workbench",
    "home",
    "sight",
]
