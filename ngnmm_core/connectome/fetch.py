"""Fetches the file behind an entry of the registry, checks its hash, and lets readers take what they need from it."""

import hashlib
import io
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ngnmm_core.connectome.identity import WHEEL_DIRECTORY, check_sha256, local_copy
from ngnmm_core.connectome.registry import FileSource, SourceEntry, SphereEntry, WheelSource
from ngnmm_core.errors import InputError

TIMEOUT_S = 900
LARGEST_DOWNLOAD = 500_000_000  # bytes


@contextmanager
def opened_source(
    name: str, entry: SourceEntry | SphereEntry, path: str | None = None
) -> Iterator[Callable[[str], bytes]]:
    """Yield a function that gives the bytes of a member of the source: of the wheel, or of the file itself.

    A wheel is read as an archive: nothing of it is installed, imported or run, and after use it is deleted unless it
    was a local copy.

    Parameters
    ----------
    name : str
        Name of the entry, for messages.
    entry : SourceEntry or SphereEntry
        The entry of the registry.
    path : str, optional
        A local copy that the study names.

    Raises
    ------
    InputError
        If there is no local copy and the download fails (the message says how to get the file by hand), or the file
        has another hash than the registry says, or is damaged.
    """
    local = local_copy(entry.source, path)
    if isinstance(entry, SourceEntry) and entry.file:
        content = local.read_bytes() if local else _downloaded_file(name, entry.file)
        yield lambda member: content
        return
    with tempfile.TemporaryDirectory(prefix="ngnmm-") as directory:
        wheel = local or _downloaded_wheel(name, entry.wheel, Path(directory))
        with _archive(wheel) as archive:

            def read(member: str) -> bytes:
                try:
                    return archive.read(member)
                except KeyError:
                    raise InputError(f"connectome {name}: {wheel.name} has no member {member}") from None

            yield read


def _archive(wheel: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(wheel)
    except zipfile.BadZipFile:
        raise InputError(f"{wheel}: not a wheel (not a zip archive)") from None


def _downloaded_wheel(name: str, source: WheelSource, directory: Path) -> Path:
    """Lets pip download one wheel.  The index is the one that pip is configured for; no address of it stands here."""
    requirement = f"{source.name}=={source.version}"
    # Only an archive of data is wanted, so it need not suit this Python or this platform.
    options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python"]
    if source.platform:
        options += ["--platform", source.platform]
    if source.python:
        options += ["--python-version", source.python, "--implementation", "cp"]
        options += ["--abi", f"cp{source.python.replace('.', '')}"]
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--dest", str(directory)]
    command = [sys.executable, "-m", "pip", "download", *options, requirement]
    try:
        done = subprocess.run([*command, *quiet], capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        failed = done.returncode != 0
    except (OSError, subprocess.TimeoutExpired):
        failed = True
    found = sorted(directory.glob("*.whl"))
    if failed or not found:
        # What pip says names the addresses it tried and takes many lines; the command shows it to whoever wants it.
        raise InputError(
            f"connectome {name}: cannot download {requirement} (see: python {' '.join(command[1:])}); without internet "
            f"put {source.filename} (sha256 {source.sha256}) into a directory and set {WHEEL_DIRECTORY} to it"
        )
    digest = hashlib.sha256(found[0].read_bytes()).hexdigest()
    check_sha256(f"connectome {name}: {found[0].name} as downloaded", digest, source.sha256)
    return found[0]


def _downloaded_file(name: str, source: FileSource) -> bytes:
    """Download a single file from the address in the registry."""
    variable = f" or set {source.environment} to its path" if source.environment else ""
    by_hand = f"get {source.filename} (sha256 {source.sha256}) by hand and give 'connectome.path'{variable}"
    if not source.url:
        raise InputError(f"connectome {name}: has no address to download from; {by_hand}")
    buffer = io.BytesIO()
    try:
        with urllib.request.urlopen(source.url, timeout=60) as response:
            while block := response.read(1 << 20):
                buffer.write(block)
                if buffer.tell() > LARGEST_DOWNLOAD:
                    raise OSError("the answer is too large")
    except (OSError, ValueError) as error:  # URLError and time-outs are OSErrors
        reason = " ".join(str(getattr(error, "reason", error)).split())
        raise InputError(f"connectome {name}: cannot download {source.url} ({reason}); {by_hand}") from None
    content = buffer.getvalue()
    check_sha256(f"connectome {name}: {source.url} as downloaded", hashlib.sha256(content).hexdigest(), source.sha256)
    return content
