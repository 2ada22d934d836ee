"""PostgreSQL and Valkey for one machine: pip-installed programs, no root rights, no TCP ports.

A detached *keeper* process owns both servers. Whoever needs them - ``make run``, a lone
``manage.py`` command, the test suite - holds a connection to the keeper's Unix socket, its
*lease*. The kernel closes a lease however its holder ends, ``kill -9`` included; when the last
one is gone the keeper stops Valkey, then PostgreSQL, then itself. So two commands may overlap in
any order, neither cuts the other off, and nothing is left behind.

Only the standard library is used. Imports go one way:
``processes <- places <- binaries <- servers <- keeper <- lease``.
"""

from portal.devstack.binaries import find_binaries
from portal.devstack.lease import Lease, needed
from portal.devstack.places import (
    CHECKOUT,
    DevstackError,
    Places,
    checkout_places,
    server_account,
    throwaway_places,
)
from portal.devstack.processes import PATIENCE, die_with_parent, end, tail

__all__ = [
    "CHECKOUT",
    "PATIENCE",
    "DevstackError",
    "Lease",
    "Places",
    "checkout_places",
    "die_with_parent",
    "end",
    "find_binaries",
    "needed",
    "server_account",
    "tail",
    "throwaway_places",
]
