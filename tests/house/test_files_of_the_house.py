"""Lock files, compose file and web server configuration say what they must."""

import json
import re
import runpy
import socket
import subprocess
import sys
import tomllib

import pytest
import yaml

from portal.devstack import CHECKOUT
from portal.run import Crew

REQUIREMENTS = ["requirements.lock", "requirements-run.lock", "requirements-dev.lock"]
SECRETS = re.compile(r"SECRET|PASSWORD|_URL$|AUTH$")
HARMLESS_DEFAULT = re.compile(r"\$\{[A-Z_]+:-\}")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_lock_files_pin_hashes_and_name_no_host(name):
    text = (CHECKOUT / name).read_text()
    pins = re.findall(r"^([a-z0-9._-]+)==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))
    assert not re.search(r"://|--index|--find-links|--trusted|@ file", text)


def test_lock_files_cover_what_the_project_asks_for():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    production, extras = project["dependencies"], project["optional-dependencies"]
    run = [*production, *extras["devstack"]]
    for name, wanted in zip(REQUIREMENTS, [production, run, [*run, *extras["dev"]]], strict=True):
        assert {re.match(r"[a-zA-Z0-9_-]+", entry)[0] for entry in wanted} <= _pins(name).keys()


def test_lock_files_agree():
    production, run, development = (_pins(name).items() for name in REQUIREMENTS)
    assert production <= run <= development


def _pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (CHECKOUT / name).read_text(), re.MULTILINE))


def test_the_asset_lock_pins_hashes_and_names_no_registry():
    packages = json.loads((CHECKOUT / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        assert "resolved" not in package
        assert not name or package["integrity"].startswith("sha512-")


def test_no_secret_has_a_default(compose):
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            references = re.findall(r"\$\{[^}]*\}", str(value))
            assert all(":?" in part or HARMLESS_DEFAULT.fullmatch(part) for part in references), (
                name,
                variable,
            )
            if SECRETS.search(variable):
                assert any(":?" in part for part in references), (name, variable)


def test_every_service_is_watched_or_says_why_not(compose):
    for name, service in compose["services"].items():
        reason = service.get("labels", {}).get("portal.no-healthcheck")
        assert bool(reason) != ("healthcheck" in service), name


def test_every_volume_is_declared_and_used(compose):
    mounted = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if volume[0] not in "./$"
    }
    assert mounted == set(compose["volumes"])


def test_only_nginx_has_a_door_to_the_outside(compose):
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["nginx"]


def test_the_cluster_of_the_compose_file_understands_chinese(compose):
    arguments = compose["services"]["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]
    assert "--locale-provider=builtin --builtin-locale=C.UTF-8" in arguments


def test_production_takes_addresses_as_long_as_a_checkout_does():
    config = runpy.run_path(str(CHECKOUT / "deploy" / "gunicorn.conf.py"))
    crew = Crew({})
    crew._launch = lambda member: None
    with socket.socket() as listener:
        crew.start(listener)
    web = next(member for member in crew.members if member.name == "web")
    assert f"--limit-request-line={config['limit_request_line']}" in web.command
    # nginx's own limit is 8 KB unless the file says otherwise.
    assert config["limit_request_line"] <= 8 * 1024
    assert "large_client_header_buffers" not in (CHECKOUT / "deploy" / "nginx.conf").read_text()


def test_nginx_closes_what_is_for_monitoring():
    text = (CHECKOUT / "deploy" / "nginx.conf").read_text()
    assert "location ~ ^/(metrics|healthz|readyz)(/|$) { return 404; }" in text
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text


def test_import_contracts_hold():
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports_command as run; run()"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
