"""Files are whole or not there, and every one is written in the same way."""

import ast
from pathlib import Path

import pytest

from ngnmm_core.errors import InputError
from ngnmm_core.storage.atomic import WholeFile, whole_file, write_atomically, write_bytes
from ngnmm_core.storage.integrity import checksum_path, is_intact, seal

PACKAGE = Path(__file__).resolve().parents[2] / "ngnmm_core"


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "made" / "a.nc"
    with whole_file(path) as temporary:
        temporary.write_bytes(b"some")
        assert not path.exists()
        assert temporary.parent == path.parent, "a rename is atomic within one file system only"
    assert path.read_bytes() == b"some"
    assert [p.name for p in path.parent.iterdir()] == ["a.nc"]


def test_what_is_there_survives_an_error(tmp_path):
    path = tmp_path / "a.nc"
    path.write_bytes(b"before")

    def interrupted():
        with whole_file(path) as temporary:
            temporary.write_bytes(b"half")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.nc"]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "a"
    first, second = WholeFile(path), WholeFile(path)
    first.temporary.write_bytes(b"first")
    second.temporary.write_bytes(b"second")
    first.finish()
    assert path.read_bytes() == b"first"
    second.finish()
    assert path.read_bytes() == b"second"


def test_a_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "usual").touch()
    write_bytes(tmp_path / "a", b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_the_content_is_on_the_disk_before_the_name(tmp_path, monkeypatch):
    events = []
    for name in ("fsync", "replace"):
        monkeypatch.setattr(f"ngnmm_core.storage.atomic.os.{name}", lambda *_, name=name: events.append(name))
    write_bytes(tmp_path / "a", b"x")
    assert events == ["fsync", "replace"]


def test_a_checksum_is_written_like_any_other_file(tmp_path, monkeypatch):
    path = tmp_path / "a.nc"
    path.write_bytes(b"results")
    seal(path)
    before = checksum_path(path).read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    path.write_bytes(b"other results")
    monkeypatch.setattr("ngnmm_core.storage.atomic.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        seal(path)
    assert checksum_path(path).read_bytes() == before
    assert not is_intact(path, thorough=True)


def test_a_text_that_is_there_is_left_alone(tmp_path):
    path = tmp_path / "a.json"
    write_atomically(path, "µ")
    before = path.stat()
    write_atomically(path, "µ")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    path.write_bytes(b"\xff")  # damaged: not even text
    write_atomically(path, "µ")
    assert path.read_text(encoding="utf-8") == "µ"


def test_a_text_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"a\.json: can't be written .*; allowed: a folder"):
        write_atomically(tmp_path / "file" / "a.json", "x")


def test_renaming_stands_in_one_place():
    """Whatever else renames a file, or makes a temporary one beside its own, is one more thing to get wrong."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name in ("os.replace", "os.rename", "tempfile.mkstemp", "shutil.move"):
                found.add(str(path.relative_to(PACKAGE)))
    assert found == {"storage/atomic.py"}
