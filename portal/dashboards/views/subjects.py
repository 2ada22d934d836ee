from communities.base.views import ScopedPage


class Subjects(ScopedPage):
    pass
