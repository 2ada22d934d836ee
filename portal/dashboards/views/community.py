from communities.base.views import ScopedPage


class CommunityPage(ScopedPage):
    pass
