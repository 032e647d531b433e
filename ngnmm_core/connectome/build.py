"""Builds a connectome as a labelled dataset, from the registry or from a user's file."""

import hashlib
import sys
from typing import TYPE_CHECKING

import numpy as np

from ngnmm_core.compilation.code_hash import code_hash
from ngnmm_core.connectome.arrays import ConnectomeArrays, checked
from ngnmm_core.connectome.cohort import NUMBER
from ngnmm_core.connectome.cohort_files import read_cohort
from ngnmm_core.connectome.datasets import as_dataset
from ngnmm_core.connectome.fetch import opened_source
from ngnmm_core.connectome.formats import read_spec
from ngnmm_core.connectome.identity import output_name, source_identity, subject_numbers
from ngnmm_core.connectome.paths import existing_source, file_sha256, folder_sha256
from ngnmm_core.connectome.readers import read_entry
from ngnmm_core.connectome.registry import Registry, SourceEntry, SphereEntry, load_registry, sphere_of
from ngnmm_core.connectome.spec import ConnectomeSpec
from ngnmm_core.connectome.spheres import places_of
from ngnmm_core.connectome.subjects import all_subjects, columns_of
from ngnmm_core.errors import InputError

if TYPE_CHECKING:
    import xarray as xr


def build_connectome(spec: ConnectomeSpec, registry: Registry | None = None) -> "xr.Dataset":
    """Fetch, read and check a connectome.

    For an entry of the registry the terms of use and what to cite are printed to standard error.

    Parameters
    ----------
    spec : ConnectomeSpec
        The study's key `connectome`.
    registry : Registry, optional
        The named connectomes; without it the repository's.

    Returns
    -------
    xarray.Dataset
        Dims `region` and `source_region`, with labels.  Variables `weights` (region, source_region), not normalised,
        diagonal zero; and where the source has them `tract_length` (mm), `empirical_fc` and `held_out_fc` (region,
        source_region), and `bold` (subject, region, time); of a cohort also `subject_weights` and
        `subject_tract_length` (subject, region, source_region), of which `weights` is the mean, and `subject_centres`
        and `subject_volume` where those of subjects differ.  Coordinates
        `hemisphere`, `lobe`, `centre_x`, `centre_y`, `centre_z` (mm), `sphere_x`, `sphere_y`, `sphere_z` (places on the
        cortical sphere, if asked for), `region_volume` (mm3), `subject_number`
        (`subject_numbers`), columns of a cohort's table.
        Attributes `name`, `title`, `atlas`, `source`, `source_sha256`, `terms`, `citation`, `comment`, `weights_hash`
        (`weights_hash`), `built_from` (`built_identity`), and with places on the sphere `sphere_source`,
        `sphere_terms`, `sphere_citation`.

    Raises
    ------
    InputError
        Unknown name, missing file, failed download, another hash than the registry's, or a matrix that is not one.
    """
    built = _built(spec, registry)
    if "subject_weights" in built:
        built = built.assign_coords(_of_subjects(spec, registry))
    return built.assign_attrs(built_from=built_identity(spec, registry))


def _of_subjects(spec: ConnectomeSpec, registry: Registry | None) -> dict[str, tuple]:
    """Give what is known of the subjects besides their connectomes, as coordinates."""
    numbers = subject_numbers(spec, registry)
    about = {"units": "1", "long_name": "number of the subject's connectome", "comment": "hash of what it is made of"}
    found: dict[str, tuple] = {NUMBER: ("subject", np.array(list(numbers.values())), about)}
    for name, values in columns_of(all_subjects(spec, registry)).items():
        texts = isinstance(values[0], str)
        described = {"long_name": f"{name} of the subject"} | ({} if texts else {"units": "1"})
        found[name] = ("subject", np.array(values, dtype=object if texts else float), described)
    return found


def _built(spec: ConnectomeSpec, registry: Registry | None) -> "xr.Dataset":
    if spec.name:
        entry = (registry or load_registry()).entry(spec.name)
        if entry.source is None:
            return _isolated(spec.name, entry)
        print(notice(spec.name, entry), file=sys.stderr, flush=True)
        with opened_source(spec.name, entry, spec.path) as read:
            arrays = checked(read_entry(entry, read), f"connectome {spec.name}")
        if len(arrays.weights) != entry.regions:
            raise InputError(
                f"connectome {spec.name}: {len(arrays.weights)} regions; allowed: {entry.regions}, as in the registry"
            )
        source = f"{entry.wheel.name} {entry.wheel.version} (wheel)" if entry.wheel else entry.file.filename
        attributes = {
            "name": spec.name,
            "title": entry.title,
            "atlas": entry.atlas,
            "source": source,
            "source_sha256": entry.source.sha256,
            "terms": entry.terms,
            "citation": "; ".join(entry.citation),
        }
        if spec.sphere:
            sphere = sphere_of(spec.name, entry)
            arrays.sphere = _places(spec.name, sphere, arrays.hemisphere)
            attributes["sphere_source"] = f"{sphere.wheel.name} {sphere.wheel.version} (wheel)"
            attributes["sphere_terms"], attributes["sphere_citation"] = sphere.terms, "; ".join(sphere.citation)
        return as_dataset(arrays, attributes)
    if spec.is_cohort:
        return _cohort(spec)
    arrays = read_spec(spec)
    path = existing_source("connectome.path", spec.path)
    attributes = {
        "name": output_name(spec),
        "title": f"{path.name} ({len(arrays.labels)} regions)",
        "atlas": "not stated",
        "source": path.name,
        "source_sha256": folder_sha256(path) if path.is_dir() else file_sha256(path),
        "terms": "not stated",
        "citation": "not stated",
    }
    return as_dataset(arrays, attributes)


def _places(name: str, entry: SphereEntry, hemisphere: list[str] | None) -> np.ndarray:
    """Fetch the places of the regions on the sphere, [region, 3]."""
    what = f"{name}, places on the sphere"
    print(notice(what, entry), file=sys.stderr, flush=True)
    with opened_source(what, entry) as read:
        return places_of(read, entry, hemisphere, f"connectome {what}")


def _cohort(spec: ConnectomeSpec) -> "xr.Dataset":
    arrays = read_cohort(spec)
    unknown = dict.fromkeys(("atlas", "terms", "citation"), "not stated")
    attributes = {
        "name": output_name(spec),
        "title": f"{len(arrays.subjects)} subjects ({len(arrays.labels)} regions)",
        "source": f"{len(arrays.subjects)} files",
        "source_sha256": source_identity(spec),
        **unknown,
    }
    return as_dataset(checked(arrays, "connectome"), attributes)


def built_identity(spec: ConnectomeSpec, registry: Registry | None = None) -> str:
    """Hash what `build_connectome` makes a connectome from: its source, and the code that reads it.

    Raises
    ------
    InputError
        As `source_identity` and `sphere_of`.
    """
    parts = [source_identity(spec, registry), code_hash(["ngnmm_core.connectome.build"])]
    if spec.sphere:
        parts.append(sphere_of(str(spec.name), (registry or load_registry()).entry(str(spec.name))).identity())
    return hashlib.sha256(":".join(parts).encode()).hexdigest()


def _isolated(name: str, entry: SourceEntry) -> "xr.Dataset":
    """Regions without any connection: nothing is read, and there are no terms to be told."""
    labels = ["population"] if entry.regions == 1 else None
    arrays = ConnectomeArrays(np.zeros((entry.regions, entry.regions)), labels)
    attributes = dict.fromkeys(("source", "source_sha256", "terms", "citation"), "none")
    about = {"name": name, "title": entry.title, "atlas": entry.atlas, **attributes}
    return as_dataset(checked(arrays, f"connectome {name}", fewest=1), about)


def notice(name: str, entry: SourceEntry | SphereEntry) -> str:
    """State what a user has to know before using the data of an entry."""
    return f"Connectome {name}: {entry.title}\nTerms of use: {entry.terms}\nPlease cite: {'; '.join(entry.citation)}"
