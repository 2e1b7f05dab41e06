"""A DICOM server of our own on this machine, for as long as a test needs it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.dicom_tools import tool

_PLUGINS = [Path("/usr/share/orthanc/plugins"), Path("/usr/lib/orthanc")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def orthanc(folder: Path) -> Iterator[SimpleNamespace]:
    """Start Orthanc on loopback as an ordinary user; gives its DICOMweb address and its DICOM service."""
    program = tool("Orthanc") if shutil.which("Orthanc") else tool("/usr/sbin/Orthanc")
    plugins = [str(path) for place in _PLUGINS for path in place.rglob("libOrthancDicomWeb.so*")][:1]
    if not plugins:
        pytest.skip("Orthanc's DICOMweb plugin is not at hand (Debian package orthanc-dicomweb)")
    http, dicom = _free_port(), _free_port()
    storage = folder / "storage"
    storage.mkdir(parents=True)
    settings = {
        "Name": "test",
        "StorageDirectory": str(storage),
        "IndexDirectory": str(storage),
        "HttpPort": http,
        "DicomPort": dicom,
        "DicomAet": "ORTHANC",
        "DicomServerEnabled": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowStore": True,
        "DicomCheckModalityHost": False,
        "UnknownSopClassAccepted": True,
        "Plugins": plugins,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    user = None
    if os.geteuid() == 0:
        # A server needs no rights here, and so it gets none.
        user = "nobody"
        for path in (folder, storage, folder / "orthanc.json"):
            shutil.chown(path, user)
        for path in folder.parents:
            if path.stat().st_uid == 0 and path != Path("/") and not path.stat().st_mode & 0o001:
                path.chmod(path.stat().st_mode | 0o011)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, str(folder / "orthanc.json")], stdout=log, stderr=log, user=user, env={"PATH": os.environ["PATH"]}
        )
        try:
            _wait(http, server, folder / "log")
            yield SimpleNamespace(
                web=f"http://127.0.0.1:{http}/dicom-web",
                dicom=f"ORTHANC@127.0.0.1:{dicom}",
                rest=f"http://127.0.0.1:{http}",
            )
        finally:
            server.terminate()
            server.wait(20)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"Orthanc ended with {server.returncode}: {log.read_text(errors='replace')[-800:]}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/system", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("Orthanc did not answer.")
