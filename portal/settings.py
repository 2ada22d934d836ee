"""Settings, from the environment only; what is missing in production fails at start-up.

``PORTAL_ENV`` is ``development`` (the default, for a checkout), ``test`` or ``production`` (set by
the Docker image). In production nothing that protects the portal has a default.
docs/operations.md lists the variables.
"""

from datetime import time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured

from portal import devstack, logs

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

PORTAL_ENV = env.str("PORTAL_ENV", "development")
if PORTAL_ENV not in {"development", "test", "production"}:
    msg = f"PORTAL_ENV is {PORTAL_ENV!r}; it must be development, test or production."
    raise ImproperlyConfigured(msg)
PRODUCTION = PORTAL_ENV == "production"


def _outside_production(value: Any) -> Any:
    """A default for checkouts and tests; in production the variable must be set."""
    return environ.Env.NOTSET if PRODUCTION else value


# ---------------------------------------------------------------- who we are

SECRET_KEY = env.str("SECRET_KEY", _outside_production("for-checkouts-only-" + "x" * 50))
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# What the database keeps encrypted; apart from SECRET_KEY, which may be replaced at any time.
ENCRYPTION_KEY = env.str("ENCRYPTION_KEY", _outside_production("for-checkouts-only-" + "y" * 50))
ENCRYPTION_KEY_FALLBACKS = env.list("ENCRYPTION_KEY_FALLBACKS", default=[])
# Off even on one machine: what a person meets there is what a person meets in production. DEBUG=1 for a developer.
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=_outside_production(["localhost", "127.0.0.1", "[::1]", "testserver"])
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

if PRODUCTION:
    if DEBUG:
        msg = "DEBUG must not be on in production."
        raise ImproperlyConfigured(msg)
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        msg = "ALLOWED_HOSTS must name the portal's own host names in production."
        raise ImproperlyConfigured(msg)
    if len(SECRET_KEY) < 50:
        msg = "SECRET_KEY must have at least 50 characters in production."
        raise ImproperlyConfigured(msg)
    if len(ENCRYPTION_KEY) < 50 or ENCRYPTION_KEY == SECRET_KEY:
        msg = "ENCRYPTION_KEY must have at least 50 characters of its own in production."
        raise ImproperlyConfigured(msg)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "django_tables2",
    "crispy_forms",
    "crispy_bootstrap5",
    "import_export",
    "django_htmx",
    "axes",
    "csp",
    "django_celery_beat",
    "django_prometheus",
    "django_structlog",
    "communities",
    "grid",
    "services",
    "funding",
    "portal.accounts",
    "portal.scorecards",
    "portal.dashboards",
    "portal.demo",
    "portal.operations",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "portal.assets.StaticFilesMiddleware",
    "portal.unstored.UnstoredMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.proxies.RequestLogMiddleware",
    "portal.outage.DatabaseOutageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "portal.accounts.sessions.SessionLifeMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.accounts.sessions.RoleChangeMiddleware",
    "portal.accounts.walls.WallMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "portal.error_pages.NotAllowedMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.frame.frame",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS += ["django.forms"]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "django_tables2/bootstrap5.html"

# ---------------------------------------------------------------- language and time

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]

# ---------------------------------------------------------------- database, cache, jobs

_embedded = devstack.checkout_places()

DATABASES = {"default": env.db_url("DATABASE_URL", _outside_production(_embedded.database_url))}
DATABASES["default"] |= {
    "ENGINE": "django_prometheus.db.backends.postgresql",
    "HOST": unquote(DATABASES["default"]["HOST"]),  # a socket folder comes as %2Ftmp%2F...
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE", 60),
    "CONN_HEALTH_CHECKS": True,
}
# Compiling a measuring statement takes longer than running it; servers compile unless told not to.
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")

REDIS_URL = env.str("REDIS_URL", _outside_production(_embedded.redis_url))


def _redis_database(number: int) -> str:
    """One server, two databases: clearing the cache must not empty the queue."""
    address, _, _ = REDIS_URL.partition("?")
    scheme, _, rest = address.partition("://")
    if scheme == "unix":
        return f"unix://{rest}?db={number}"
    return f"{scheme}://{rest.partition('/')[0]}/{number}"


def _celery_url(url: str) -> str:
    """Celery's own spelling for a Unix socket."""
    return url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")


REDIS_TIMEOUTS = {"socket_connect_timeout": 0.2, "socket_timeout": 2.0}
"""A request never waits long for a server that is away."""

CACHES = {
    "default": {
        "BACKEND": "portal.cache.OpenRedisCache",
        "LOCATION": _redis_database(env.int("CACHE_DATABASE", 1)),
        "KEY_PREFIX": "portal",
        "TIMEOUT": 300,
        "OPTIONS": {"serializer": "portal.cache.JSONSerializer", **REDIS_TIMEOUTS},
    },
}

CELERY_BROKER_URL = _celery_url(_redis_database(0))
CELERY_RESULT_BACKEND = None  # a Job row in PostgreSQL is the truth
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # however long the broker is away, its worker waits
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **REDIS_TIMEOUTS,
    "socket_timeout": None,  # the worker waits on this connection for its next task
    "max_retries": 0,
    "visibility_timeout": 3600,
}
CELERY_BEAT_SCHEDULER = "portal.beat:PatientScheduler"
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
DJANGO_CELERY_BEAT_TZ_AWARE = True
NIGHTLY_AT = time(2, 30)
CELERY_BEAT_SCHEDULE = {
    # What a lost wake-up or a dead worker left. Not kept for a worker that is away: the next one does it all.
    "sweep": {"task": "portal.scorecards.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "imports": {"task": "communities.imports.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "imports expire": {
        "task": "communities.imports.expire",
        "schedule": crontab(minute=17),
    },
    # Who decides, as people come and go; a grant or a leave is a matter of minutes, not of seconds.
    "approvals settle": {
        "task": "communities.approvals.settle",
        "schedule": 300.0,
        "options": {"expires": 300},
    },
    "drafts expire": {"task": "communities.drafts.expire", "schedule": crontab(minute=37)},
    "evidence sweep": {"task": "communities.evidence.sweep", "schedule": crontab(hour=3, minute=7)},
    "measure nightly": {
        "task": "portal.scorecards.nightly",
        "schedule": crontab(hour=NIGHTLY_AT.hour, minute=NIGHTLY_AT.minute),
    },
    "forget answers nightly": {
        "task": "portal.operations.forget_answers",
        "schedule": crontab(hour=NIGHTLY_AT.hour, minute=NIGHTLY_AT.minute + 10),
    },
}
# Short, for whoever waits for a dead worker. A live one in the middle of a long step holds the row's lock instead.
JOB_LEASE_SECONDS = env.float("JOB_LEASE_SECONDS", 20.0)
"""A worker that shows no sign of life for so long has lost its job to the next."""
MEASURING_CHUNK = env.int("MEASURING_CHUNK", 70_000)
"""Communities measured by one statement: more of them cost memory, fewer read the same tables more often."""
DJANGO_STRUCTLOG_CELERY_ENABLED = True

# ---------------------------------------------------------------- sign-in, sessions, cookies

AUTH_USER_MODEL = "communities.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "portal.accounts.backends.AccountBackend",
    "portal.accounts.backends.SecondStepBackend",
]
PASSWORD_PROFILE = env.str("PASSWORD_PROFILE", "dengbao")
if PASSWORD_PROFILE not in {"dengbao", "nist"}:
    msg = f"PASSWORD_PROFILE is {PASSWORD_PROFILE!r}; it must be dengbao or nist."
    raise ImproperlyConfigured(msg)
AUTH_PASSWORD_VALIDATORS = [{"NAME": "portal.accounts.passwords.ProfileValidator"}]
LEAKED_PASSWORDS = env.str("LEAKED_PASSWORDS", "")
"""A file of passwords that nobody may choose, one a line (.gz or plain), beside the common ones that we know."""
ONE_TIME_LINK_HOURS = env.int("ONE_TIME_LINK_HOURS", 72)
TOTP_REQUIRED_FOR = env.str("TOTP_REQUIRED_FOR", "administrators" if PRODUCTION else "none")
"""Who must sign in with a second factor: none, administrators, all."""
if TOTP_REQUIRED_FOR not in {"none", "administrators", "all"}:
    msg = f"TOTP_REQUIRED_FOR is {TOTP_REQUIRED_FOR!r}; it must be none, administrators or all."
    raise ImproperlyConfigured(msg)
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # it ends with the session
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # losing Valkey logs nobody out
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_SECONDS", 15 * 60)
SESSION_ABSOLUTE_SECONDS = env.int("SESSION_ABSOLUTE_SECONDS", 12 * 60 * 60)
SESSIONS_PER_ACCOUNT = env.int("SESSIONS_PER_ACCOUNT", 3)
"""How many sessions one account may have open; one more ends the oldest."""
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # pages carry the token; scripts read it from there
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.error_pages.csrf_failure"
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # trying on during the lock does not prolong it
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_LOCKOUT_CALLABLE = "portal.lockout.locked_out"
AXES_CLIENT_IP_CALLABLE = "portal.proxies.client_address"
AXES_DISABLE_ACCESS_LOG = True  # the portal's own change records tell who signed in
AXES_ENABLE_ADMIN = False
AXES_ALLOWED_CORS_ORIGINS = None
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["code", "new_password", "repeated"]  # never beside a failed attempt
# axes.W006 wants addresses locked too; a street office shares one, and five slips would lock it out.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]

# ---------------------------------------------------------------- proxies and headers

TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
"""How many proxies of ours stand in front. With 0 every X-Forwarded-* header is ignored."""

if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, in plain HTTP
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 365 * 24 * 3600 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}
CSP_WITH_CHART = {"style-src-attr": [UNSAFE_INLINE]}
"""What a page with a chart adds, by ``@csp_update(settings.CSP_WITH_CHART)``: ECharts sets styles."""

# ---------------------------------------------------------------- files

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "portal" / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "portal.assets.NpmFinder",
]
MEDIA_ROOT = env.path("MEDIA_ROOT", _outside_production(str(BASE_DIR / "var" / "media")))
STORAGES = {
    "default": {"BACKEND": "portal.files.PrivateStorage"},
    "private": {"BACKEND": "portal.files.PrivateStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_MEGABYTES", 20) * 2**20
"""The largest workbook that is taken."""
IMPORT_MAX_ROWS = env.int("IMPORT_MAX_ROWS", 120_000)
IMPORT_READER_MEGABYTES = env.int("IMPORT_READER_MEGABYTES", 1024)
"""Address space of the program that opens uploads: a file that wants more is refused."""
IMPORT_CONFIRM_HOURS = env.int("IMPORT_CONFIRM_HOURS", 24)
"""An upload that nobody confirmed for so long has expired."""
IMPORT_KEEP_DAYS = env.int("IMPORT_KEEP_DAYS", 30)
"""How long uploaded files and refused rows are kept after their import has ended."""
EXPORT_KEEP_DAYS = env.int("EXPORT_KEEP_DAYS", 1)
"""How long a file that a worker wrote can be fetched."""
EXPORT_AT_ONCE = env.int("EXPORT_AT_ONCE", 2000)
"""Rows that a page writes itself; more of them a worker writes."""
EVIDENCE_MAX_BYTES = env.int("EVIDENCE_MAX_MEGABYTES", 10) * 2**20
"""The largest file that is taken as evidence."""
EVIDENCE_MAX_PIXELS = env.int("EVIDENCE_MAX_PIXELS", 40_000_000)
"""Pictures of more are refused before they are unpacked."""

# ---------------------------------------------------------------- API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.accounts.tokens.TokenAuthentication",  # first, so that an anonymous call is 401
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "portal.openapi.Schema",
    "DEFAULT_THROTTLE_CLASSES": [],
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": True,
    "URL_FORMAT_OVERRIDE": None,
}
DRF_STANDARDIZED_ERRORS = {"EXCEPTION_HANDLER_CLASS": "portal.errors.ApiExceptionHandler"}
SPECTACULAR_SETTINGS = {
    "TITLE": "社区建设管理平台接口",
    "DESCRIPTION": "区划、社区、居委会、用房、标准与指标的读写接口。数值一律为字符串，时间一律带时区。",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "LevelEnum": "communities.choices.LEVEL_CODES",
        "DivisionKindEnum": "communities.choices.DivisionKind",
        "LocationClassEnum": "communities.choices.LocationClass",
        "CommunityKindEnum": "communities.choices.CommunityKind",
        "CommunityStateEnum": "communities.choices.CommunityState",
        "BuildingClassEnum": "communities.choices.BuildingClass",
        "CommitteeKindEnum": "communities.choices.CommitteeKind",
        "PremisesKindEnum": "communities.choices.PremisesKind",
        "DocumentKindEnum": "communities.choices.DocumentKind",
        "RunKindEnum": "portal.scorecards.models.RunKind",
        "JobStateEnum": "communities.choices.JobState",
        "ImportStateEnum": "communities.choices.ImportState",
        "OperatorEnum": "communities.choices.Operator",
        "ApprovalStateEnum": "communities.choices.ApprovalState",
        "ApprovalVerbEnum": "communities.choices.ApprovalVerb",
        "ApprovalDecisionEnum": "communities.approvals.serializers.DECISIONS",
        "TurnStateEnum": "communities.choices.TurnState",
        "RoleEnum": "communities.models.access.ROLE_CHOICES",
        "DecidingRoleEnum": "communities.approvals.forms.DECIDING",
        "ApprovalSubjectEnum": "communities.approvals.forms.SUBJECTS_OFFERED",
        "EvidenceKindEnum": "communities.choices.EvidenceKind",
        "MediaTypeEnum": "communities.choices.MediaType",
        "ComparisonEnum": "communities.base.rules.conditions.OPERATORS",
        "RoundingModeEnum": "communities.base.rules.items.ROUNDING",
        "ScoredLevelEnum": "portal.scorecards.editing.serializers.LEVELS",
    },
}

# ---------------------------------------------------------------- logs

LOGGING = logs.configure(json=PRODUCTION, level=env.str("LOG_LEVEL", "INFO"))
