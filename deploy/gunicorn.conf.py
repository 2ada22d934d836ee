"""gunicorn in production; sizes come from the environment."""

import os
import tempfile

# Each process counts for itself; /metrics adds them up from this folder.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="portal-metrics-"))

bind = "0.0.0.0:8000"  # inside the container's own network
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 60
graceful_timeout = 30
keepalive = 75  # longer than nginx keeps its connections (60), or it may send a form into one just closed
limit_request_line = 8190  # its longest; Django says in Chinese what is too long
max_requests = 10_000
max_requests_jitter = 1_000
accesslog = None  # django-structlog writes one line per request
control_socket_disable = True
forwarded_allow_ips = ""  # the portal judges X-Forwarded-* itself, by TRUSTED_PROXIES


def child_exit(_server: object, worker: object) -> None:
    """Drop the gauges of a worker that has gone."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - after the folder is known

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[attr-defined]
