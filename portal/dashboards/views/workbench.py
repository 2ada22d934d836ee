from communities.base.views import ScopedPage


class Workbench(ScopedPage):
    pass
