"""Addresses of the registers of accounts and of what is done to one account."""

from django.urls import path

from communities.base.entry.forms import ENTRIES
from communities.base.urls import EntryPages, register, row_paths
from communities.models import RoleAssignment
from communities.views import OrganisationDetail, OrganisationList, UserList
from portal.accounts import account_pages, register_forms, register_pages

ACCOUNT = "users/<uuid:public_id>"

urlpatterns = [
    *register(
        "organisations",
        "organisation",
        OrganisationList,
        OrganisationDetail,
        entry=register_forms.OrganisationForm,
        pages=EntryPages(
            create=register_pages.OrganisationCreate,
            edit=register_pages.OrganisationEdit,
            remove=register_pages.OrganisationRemove,
            bring_back=register_pages.OrganisationBringBack,
        ),
    ),
    *register(
        "users",
        "user",
        UserList,
        register_pages.AccountDetail,
        entry=register_forms.UserForm,
        pages=EntryPages(
            create=register_pages.UserCreate,
            edit=register_pages.UserEdit,
            remove=register_pages.UserRemove,
            bring_back=register_pages.UserBringBack,
        ),
    ),
    path(f"{ACCOUNT}/link/", account_pages.MakeLink.as_view(), name="user-link"),
    path(f"{ACCOUNT}/sessions/end/", account_pages.EndSessions.as_view(), name="user-end-sessions"),
    path(f"{ACCOUNT}/tokens/new/", account_pages.IssueToken.as_view(), name="user-issue-token"),
    path(f"{ACCOUNT}/tokens/revoke/", account_pages.RevokeToken.as_view(), name="user-revoke-token"),
    *register("api-tokens", "api-token", register_pages.TokenList),
    *register("role-assignments", "role-assignment", register_pages.Roles, register_pages.RoleAssignmentPage),
    path("role-assignments/new/", register_pages.Grant.as_view(), name="role-assignment-new"),
    *row_paths("role-assignments", "role-assignment", register_forms.RoleAssignmentForm),
    path(
        "role-assignments/<uuid:public_id>/end/",
        register_pages.EndRole.as_view(),
        name="role-assignment-end",
    ),
]

# The list offers to enter a row: here, to grant a role.
ENTRIES[RoleAssignment._meta.label] = register_forms.RoleAssignmentForm
