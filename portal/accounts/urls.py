"""Addresses of one's own account, and of the doors."""

from django.urls import path

from portal.accounts import own, views

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("login/code/", views.second_step, name="second-step"),
    path("logout/", views.sign_out, name="logout"),
    path("link/", views.one_time_link, name="one-time-link"),
    path("link/password/", views.one_time_password, name="one-time-password"),
    path("profile/", own.profile, name="profile"),
    path("sessions/end/", own.end_sessions, name="end-sessions"),
    path("tokens/revoke/", own.revoke_token, name="revoke-token"),
    path("password/", own.password, name="password"),
    path("second-factor/", own.second, name="second-factor"),
]
