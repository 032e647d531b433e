"""Tells what a file holds from its bytes, and unpacks what is compressed without filling the memory."""

import bz2
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO

from ngnmm_core.errors import InputError

MOST_REGIONS = 20_000  # of a matrix that is held in memory as a whole
MOST_BYTES = 4_000_000_000  # of a file, and of what it unpacks to
# What is packed may unpack to this many bytes in any case, and to this many times its own size beyond.
SMALL_BYTES, MOST_RATIO = 64_000_000, 200
BLOCK = 1 << 20

TEXT, ZIP, NPZ, NPY, MAT, HDF5, GRAPHML = "text", "zip", "npz", "npy", "mat", "hdf5", "graphml"
KINDS = {
    ".zip": (ZIP, "a zip archive"),
    ".npz": (NPZ, "a numpy archive"),
    ".npy": (NPY, "a numpy array"),
    ".mat": (MAT, "a MATLAB file"),
    ".h5": (HDF5, "an HDF5 file"),
    ".hdf5": (HDF5, "an HDF5 file"),
    ".graphml": (GRAPHML, "a GraphML file"),
}
READABLE = (
    "TVB .zip, .h5 or folder, .npz, .npy, .mat, .graphml, tables and edge lists as text (.csv, .tsv, .txt, .dat, "
    ".mtx), also .gz"
)
GZIP, BZ2, HDF5_MAGIC, NUMPY_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"BZh", b"\x89HDF\r\n\x1a\n", b"\x93NUMPY", b"PK\x03\x04"
# What people have at hand instead of a matrix, by what such files start with.
STRANGERS = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"PAR1": "a Parquet table",
    b"ARROW1": "a Feather table",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\xfd7zXZ": "an xz archive",
    b"RDX": "an R workspace",
    b"X\n\x00\x00": "an R object (.rds)",
    b"SQLite format": "an SQLite database",
    b"mrtrix tracks": "a tractogram (.tck)",
    b"TRACK\x00": "a tractogram (.trk)",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself (git lfs pull)",
    b"/annex/objects": "a pointer of git-annex, not the file itself (git annex get)",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"CDF\x01": "a netCDF file",
    b"CDF\x02": "a netCDF file",
}
# The same of text, in lower case.
STRANGE_TEXTS = {
    "<!doctype html": "a web page",
    "<html": "a web page",
    "<?xml": "an XML file",
    "<": "an XML file",
    "{": "a JSON file",
    "[": "a JSON file",
    "graph [": "a GML graph",
    "graph\n": "a GML graph",
    "creator": "a GML graph",
    "*vertices": "a Pajek network",
    "\\begin": "a LaTeX document",
    "{\\rtf": "an RTF document",
}


def unpacked(data: bytes, what: str) -> bytes:
    """Unpack gzip or bz2, however often packed; return other bytes as they are.

    Raises
    ------
    InputError
        If the file is damaged, or unpacks to much more than such files do.
    """
    for _ in range(3):
        if data[:2] == GZIP:
            data = _expanded(data, lambda: zlib.decompressobj(wbits=31), "gzip", what)
        elif data[:3] == BZ2:
            data = _expanded(data, bz2.BZ2Decompressor, "bz2", what)
        else:
            break
    return data


def most_bytes(packed: int) -> int:
    """To how many bytes a packed file of that size may unpack."""
    return min(max(SMALL_BYTES, MOST_RATIO * packed), MOST_BYTES)


def _expanded(data: bytes, start: Callable, form: str, what: str) -> bytes:
    """Unpack one stream, or several one after another."""
    most, blocks, size = most_bytes(len(data)), [], 0
    try:
        while data:
            stream, waiting = start(), data
            while not stream.eof:
                block = stream.decompress(waiting, BLOCK)
                waiting = getattr(stream, "unconsumed_tail", b"")
                if not (block or waiting or stream.eof) and getattr(stream, "needs_input", True):
                    raise EOFError
                blocks.append(block)
                size += len(block)
                if size > most:
                    raise InputError(f"{what}: {form} that unpacks to more than {most / 1e6:.0f} MB; allowed: less")
            data = stream.unused_data.lstrip(b"\0")
    except InputError:
        raise
    except (zlib.error, OSError, EOFError, ValueError):
        raise InputError(f"{what}: {form} that is damaged or cut off; allowed: a whole file") from None
    return b"".join(blocks)


def kind_of(name: str, data: bytes, what: str) -> str:
    """Tell what a file holds: `text`, `zip`, `npz`, `npy`, `mat`, `hdf5` or `graphml`; by its content, not its name.

    Parameters
    ----------
    name : str
        Its name, whose ending may promise something.
    data : bytes
        Its content, unpacked (`unpacked`).
    what : str
        The key and file to name in messages.

    Raises
    ------
    InputError
        For anything else, named for what it seems to be, and for a file that is not what its ending promises.
    """
    suffix = next((end for end in KINDS if name.lower().removesuffix(".gz").endswith(end)), "")
    found, seems = _sniffed(data)
    promised, words = KINDS.get(suffix, (None, ""))
    if promised == MAT and found is None and not _is_text(data):
        return MAT  # version 4 has no mark
    if found in (ZIP, NPZ) and promised in (ZIP, NPZ):
        return found
    if promised and (found is None or found == TEXT):
        raise InputError(f"{what}: not {words} (it seems to be {seems}); allowed: {READABLE}")
    if found is None:
        raise InputError(f"{what}: seems to be {seems}; allowed: {READABLE}")
    return found


def _sniffed(data: bytes) -> tuple[str | None, str]:
    """Return the kind of a file that can be read, or None, and what the file seems to be."""
    head = data[:512]
    if head.startswith(ZIP_MAGIC):
        return _kind_of_zip(data)
    if head.startswith(NUMPY_MAGIC):
        return NPY, "a numpy array"
    if HDF5_MAGIC in (head[:8], data[512:520]):
        return (MAT if b"MATLAB 7.3" in head[:128] else HDF5), "an HDF5 file"
    if head.startswith(b"MATLAB 5.0") or (head[126:128] in (b"IM", b"MI") and head.startswith(b"MATLAB")):
        return MAT, "a MATLAB file"
    if b"MATLAB 7.3" in head[:128]:
        return MAT, "a MATLAB file"
    if stranger := next((words for start, words in STRANGERS.items() if head.startswith(start)), None):
        return None, stranger
    if data[344:347] in (b"n+1", b"ni1") or data[4:7] in (b"n+2", b"ni2"):
        return None, "an image (NIfTI or CIFTI)"
    if data[257:262] == b"ustar":
        return None, "a tar archive"
    if not _is_text(data):
        return None, "a binary file of another kind"
    return _kind_of_text(data)


def _kind_of_text(data: bytes) -> tuple[str | None, str]:
    if not data.strip():
        return TEXT, "an empty file"
    start = data[:4096].decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    if start.startswith("<") and "<graphml" in data[:65536].decode("utf-8", "replace").lower():
        return GRAPHML, "a GraphML file"
    strange = next((words for mark, words in STRANGE_TEXTS.items() if start.startswith(mark)), None)
    return (None, strange) if strange else (TEXT, "text")


def _kind_of_zip(data: bytes) -> tuple[str | None, str]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
    except Exception:  # the module raises whatever a damaged directory leads to
        return ZIP, "a damaged zip archive"
    for part, words in (("xl/", "an Excel workbook"), ("word/", "a Word document"), ("content.xml", "an OpenDocument")):
        if any(name.startswith(part) for name in names):
            return None, f"{words} (save the sheet as .csv)" if part != "word/" else words
    return (NPZ, "a numpy archive") if any(name.endswith(".npy") for name in names) else (ZIP, "a zip archive")


def _is_text(data: bytes) -> bool:
    """Whether bytes are text: no zeros, unless a mark says that it is UTF-16."""
    return data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" not in data[:65536]


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, what: str) -> bytes:
    """Read the bytes of one member of a zip archive.

    Raises
    ------
    InputError
        If it is encrypted, damaged, or unpacks to much more than such files do.
    """
    if member.flag_bits & 1:
        raise InputError(f"{what}: {member.filename} is encrypted; allowed: an archive without a password")
    if member.file_size > most_bytes(member.compress_size):
        raise InputError(
            f"{what}: {member.filename} unpacks to {member.file_size / 1e6:.0f} MB from "
            f"{member.compress_size / 1e6:.3g} MB; allowed: at most {most_bytes(member.compress_size) / 1e6:.0f} MB"
        )
    try:
        return archive.read(member)
    except Exception:  # zipfile, zlib, bz2 and lzma each raise their own
        raise InputError(f"{what}: {member.filename} can't be unpacked; allowed: a whole archive") from None


def check_regions(count: int, what: str) -> None:
    """Refuses a number of regions whose matrix would not fit into memory, before it is made.

    Raises
    ------
    InputError
        Above `MOST_REGIONS`.
    """
    if count > MOST_REGIONS:
        raise InputError(f"{what}: {count} regions; allowed: at most {MOST_REGIONS}")
