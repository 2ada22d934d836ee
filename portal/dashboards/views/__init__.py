"""Pages that gather: dashboard, rows behind a figure, one community, the workbench."""

from portal.dashboards.views.community import CommunityPage
from portal.dashboards.views.dashboard import Dashboard
from portal.dashboards.views.sources import Sources
from portal.dashboards.views.start import home, sight
from portal.dashboards.views.subjects import Subjects
from portal.dashboards.views.workbench import Workbench

__all__ = ["CommunityPage", "Dashboard", "Sources", "Subjects", "Workbench", "home", "sight"]
