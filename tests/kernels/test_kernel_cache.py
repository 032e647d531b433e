"""The cache of compiled kernels: what one process has compiled, another must be able to run."""

import math
import os
import stat
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ngnmm_core.compilation.kernel_cache import KernelCache
from ngnmm_core.compilation.sealed_files import is_trusted, private_folder, read_sealed, write_sealed
from ngnmm_core.kernels.llvm import kernel

FACTORY = """
import sys
from math import exp
from ngnmm_core.compilation.kernel_cache import compiled_by
from ngnmm_core.kernels.llvm import kernel

def make(factor):
    return compiled_by(made, factor, name=f"factor-{factor}")

def made(factor):
    @kernel
    def inner(x):  # long, and called twice: so it is not inlined, like the stages of an integrator
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        x = exp(-exp(-exp(-exp(-exp(-exp(-exp(-exp(-x))))))))
        return factor * (x / x)

    return kernel(nogil=True)(lambda x: inner(inner(x)))

for factor in sys.argv[1:]:
    print(make(float(factor))(0.0))
"""


@pytest.fixture
def factors(tmp_path):
    """Runs one cached kernel per factor, in a new process with a cache of the test's own; gives what they return."""

    def run(*names):
        command = [sys.executable, "-c", FACTORY, *names]
        environment = os.environ | {"NGNMM_CACHE_DIR": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        run.said = done.stderr
        return [float(line) for line in done.stdout.split()]

    run.folder = tmp_path
    run.files = lambda: {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.kernel")}
    return run


def test_a_kernel_is_compiled_once(factors):
    assert factors("1.5") == [1.5]
    files = factors.files()
    assert len(files) == 1
    assert factors("1.5") == [1.5]
    assert factors.files() == files


@pytest.mark.slow
def test_kernels_compiled_by_different_processes_can_be_loaded_together(factors):
    assert factors("1.5") == [1.5]
    assert factors("2.5") == [2.5]
    assert factors("1.5", "2.5") == [1.5, 2.5]
    assert factors("2.5", "1.5") == [2.5, 1.5]


# ------------------------------------------------------------------ whose files are run
def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-9]), marks=pytest.mark.slow),
        pytest.param(lambda path: path.write_bytes(b""), marks=pytest.mark.slow),
    ],
    ids=["one bit", "truncated", "empty"],
)
def test_a_damaged_kernel_is_compiled_again(factors, damage):
    assert factors("1.5") == [1.5]
    (name,) = factors.files()
    path = factors.folder / name
    damage(path)
    assert read_sealed(path) is None
    assert factors("1.5") == [1.5]
    assert read_sealed(path) is not None


def test_the_checksum_is_looked_at_before_anything_is_unpickled(tmp_path, monkeypatch):
    monkeypatch.setattr("pickle.loads", lambda content: pytest.fail("unpickled"))
    path = tmp_path / "a.kernel"
    write_sealed(path, b"the program")
    assert read_sealed(path) == b"the program"
    flip(path)
    assert read_sealed(path) is None
    cache = KernelCache("a", lambda: "key")
    monkeypatch.setattr(cache, "_path", lambda *_: path)
    assert cache.load_overload("signature", SimpleNamespace(refresh=lambda: None, codegen=lambda: None)) is None


def test_one_kernel_is_not_taken_for_another(tmp_path):
    write_sealed(tmp_path / "a.kernel", b"the program")
    (tmp_path / "a.kernel").rename(tmp_path / "b.kernel")
    assert read_sealed(tmp_path / "b.kernel") is None


@pytest.mark.slow
@pytest.mark.parametrize("mode", [0o775, 0o777], ids=["group", "everyone"])
def test_a_cache_that_others_can_write_to_is_not_used(factors, mode):
    assert factors("1.5") == [1.5]
    before = factors.files()
    factors.folder.chmod(mode)
    assert factors("1.5", "2.5") == [1.5, 2.5]
    assert factors.files() == before, "nothing is kept there either"
    assert factors.said.count("can be written to by other users") == 1


def test_a_kernel_that_others_can_write_to_is_not_run(tmp_path):
    path = tmp_path / "a.kernel"
    write_sealed(path, b"the program")
    path.chmod(0o664)
    assert read_sealed(path) is None


def test_a_cache_of_another_user_is_not_used(tmp_path, monkeypatch, capsys):
    path = tmp_path / "a.kernel"
    write_sealed(path, b"the program")
    monkeypatch.setattr("os.getuid", lambda: path.stat().st_uid + 1)
    is_trusted.cache_clear()
    assert read_sealed(path) is None
    assert f"{tmp_path}: belongs to another user" in capsys.readouterr().err
    is_trusted.cache_clear()


def test_a_new_cache_is_private_whatever_the_mask(tmp_path):
    before = os.umask(0o002)
    try:
        private_folder(tmp_path / "some" / "kernels")
        write_sealed(tmp_path / "some" / "kernels" / "a.kernel", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "some" / "kernels").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "some" / "kernels" / "a.kernel").stat().st_mode) == 0o644


def test_a_kernel_that_only_kernels_call_says_so():
    """It has no wrapper to be called by: a call would end the process."""

    @kernel
    def half(x):
        return 0.5 * x

    @kernel(nogil=True)
    def quarter(x):
        return half(half(x))

    assert quarter(1.0) == 0.25
    with pytest.raises(TypeError, match="half is called by kernels alone"):
        half(1.0)


LOADED = """
import sys
import numpy as np
from ngnmm_core.compilation.lazy_njit import lazy_njit
from ngnmm_core.compilation.kernel_cache import compiled_by
from numba import njit

def made(factor):
    def scaled(values):
        out = np.empty(len(values))
        for k in range(len(values)):
            if values[k] < 0:
                raise ValueError("negative")
            out[k] = factor * np.exp(-values[k]) ** 1.5
        return out
    return njit(nogil=True)(scaled)

compiled = compiled_by(made, 2.0, name="scaled")
print(*compiled(np.arange(3.0)))
try:
    compiled(np.array([-1.0]))
except ValueError as error:
    print(error)
print("scipy.linalg" in sys.modules)
"""


def test_a_kernel_from_the_cache_needs_no_compiler(tmp_path):
    """One that allocates, raises and calls a library does what it did, without what numba loads to compile."""
    environment = os.environ | {"NGNMM_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    )
    numbers, said, compiler = second.stdout.splitlines()
    assert [float(number) for number in numbers.split()] == pytest.approx([2.0 * math.exp(-1.5 * x) for x in range(3)])
    assert (said, compiler) == ("negative", "False")
    assert first.stdout.splitlines() == [numbers, said, "True"]
