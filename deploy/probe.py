"""Health check of the web container: it tells whether the process is alive.

Asks under the portal's own name, since Django answers to no other.
"""

import os
import urllib.request

name = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().lstrip(".")
request = urllib.request.Request("http://127.0.0.1:8000/healthz", headers={"Host": name})
urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - a fixed address
