"""The explorer: its numbers against the dataset, what it escapes, its size, and its use in a headless browser."""

import base64
import json
import re
import zlib

import numpy as np
import pytest
import xarray as xr
from made_up_datasets import GRID, SPREADING, region_coords

from ngnmm_core.plotting.parts.quantities import flag_words
from ngnmm_core.products.explorer import write_explorer
from ngnmm_core.products.explorer.collect import collect
from ngnmm_core.products.explorer.packing import fine, rows_scaled

KINDS = {"float32": "<f4", "uint8": "u1", "int8": "i1", "uint16": "<u2", "uint32": "<u4"}


def unpack(array):
    """The values of a packed array, worked out from its header alone."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(array.text)), KINDS[array.kind]).reshape(array.shape)
    head = array.header
    if "steps" not in head:
        return raw
    low = np.array(head.get("lows", head.get("low")), float)
    high = np.array(head.get("highs", head.get("high")), float)
    low, high = (v.reshape(*array.shape[:-1], 1) if v.ndim else v for v in (low, high))
    return np.where(raw == head["unknown"], np.nan, low + (high - low) * raw / head["steps"])


def test_a_page_made_again_is_the_same_whatever_the_jobs_took(page, tmp_path):
    """What a run takes differs from run to run, and stands in a file of its own."""
    folder = tmp_path / "benchmarks" / "simulation"
    folder.mkdir(parents=True)
    pages = []
    for seconds in (17, 23):
        row = f"{seconds}\t0:00:{seconds}\t{100 + seconds}\t{3 * seconds}\n"
        (folder / "0123.tsv").write_text("s\th:m:s\tmax_rss\tcpu_time\n" + row)
        pages.append(page().read_bytes())
        assert f"<td>{seconds} s</td>" in (tmp_path / "benchmarks" / "costs.html").read_text()
    assert pages[0] == pages[1]
    assert b'href="benchmarks/costs.html"' in pages[0]


def test_colour_maps_stand_in_one_order_in_every_process(study, sweep):
    """Words in a set have another order in every process."""
    colours = list(collect(sweep, study)[0]["colours"])
    assert len(colours) > 3
    assert colours == sorted(colours)


def test_maps_and_flags_are_those_of_the_dataset(study, sweep):
    sweep["synchrony"][2, 1, 3, 0] = np.nan
    sweep["fc_status"][1, 0, 2, 0] = 2
    about, arrays = collect(sweep, study)
    assert about["count"] == 4 * 3 * 4
    points = [np.array(about["axes"][k]["values"], float)[unpack(arrays[f"axis:{k}"])] for k in range(4)]
    chosen = [xr.DataArray(column, dims="p") for column in points]
    at = dict(zip(("G", "Delta", "I_ext_e", "seed"), chosen, strict=True))
    np.testing.assert_array_equal(unpack(arrays["map:synchrony"]), sweep.synchrony.sel(at).astype("f4"))
    rate = sweep.firing_rate.mean("region").sel(at).isel(population=0)
    names = [q["name"] for q in about["quantities"]]
    (first,) = [n for n in names if n.startswith("firing_rate") and n in ("firing_rate", "firing_rate:E")]
    np.testing.assert_allclose(unpack(arrays[f"map:{first}"]), rate, rtol=1e-6)
    meanings = next(f["meanings"] for f in about["flags"] if f["name"] == "fc_status")
    words = [meanings[str(code)] for code in unpack(arrays["flag:fc_status"])]
    assert words == [w.replace("_", " ") for w in flag_words(sweep.fc_status.sel(at)).values.tolist()]


def test_growth_rates_stand_once_for_all_seeds(study_of):
    from made_up_datasets import made_up

    study = study_of({**GRID, "seed": [0, 1]})
    sweep = made_up(study, "sweep.nc")
    _, arrays = collect(sweep, study)
    growth, rows = unpack(arrays["growth"]), unpack(arrays["growth:row"])
    assert growth.shape == (4 * 3 * 4, 6)
    expected = sweep.msf.expand_dims(seed=2, axis=3).values.reshape(-1, 6)
    reach = np.nanmax(sweep.msf) - np.nanmin(sweep.msf)
    np.testing.assert_allclose(growth[rows], expected, atol=reach / 65534)


def test_spectra_are_means_of_power_in_64_bins(study, sweep):
    about, arrays = collect(sweep, study)
    assert len(about["frequencies"]) == 64
    spectrum = unpack(arrays["spectrum"])
    power = sweep.power_spectrum.mean("region").values.reshape(-1, 101)
    edges = np.array_split(np.arange(101), 64)
    expected = 10 * np.log10(np.stack([power[:, e].mean(1) for e in edges], 1))
    np.testing.assert_allclose(spectrum, expected, atol=np.ptp(expected, axis=1).max() / 254)


def test_connectivity_of_all_pairs_and_by_blocks(study, sweep):
    about, arrays = collect(sweep, study)
    fc = sweep.fc.isel(signal=-1).values.reshape(-1, 15)
    np.testing.assert_allclose(unpack(arrays["fc"]), np.clip(fc, -1, 1), atol=1.01 / 254)
    assert about["fc"]["blocks"] == ["L Area", "R Area"]
    i, j = np.triu_indices(6, 1)
    both_left = (i % 2 == 0) & (j % 2 == 0)
    across = i % 2 != j % 2
    blocks = unpack(arrays["fc:block"])
    np.testing.assert_allclose(blocks[:, 0], fc[:, both_left].mean(1), atol=1.01 / 254)
    np.testing.assert_allclose(blocks[:, 1], fc[:, across].mean(1), atol=1.01 / 254)


@pytest.mark.parametrize("pack", [fine, rows_scaled])
def test_what_is_not_defined_stays_so(pack):
    values = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan], [2.0, 2.0, 2.0]])
    back = unpack(pack(values))
    np.testing.assert_allclose(back, values, atol=1e-2)


def test_a_list_of_points_has_its_parameters_as_axes(study_of):
    from made_up_datasets import made_up

    listed = study_of(points=[{"G": 1, "I_ext_e": 3}, {"G": 5, "I_ext_e": 3}, {"G": 5, "I_ext_e": 13}])
    about, arrays = collect(made_up(listed, "sweep.nc"), listed)
    assert {a["name"]: a["values"] for a in about["axes"]} == {"G": ["1", "5"], "I_ext_e": ["3", "13"]}
    assert [unpack(arrays[f"axis:{k}"]).tolist() for k in range(2)] == [[0, 1, 1], [0, 0, 1]]


def point_of(about, arrays):
    """The values of the first point that the page opens with."""
    return [a["values"][unpack(arrays[f"axis:{k}"])[about["first"][0]]] for k, a in enumerate(about["axes"])]


@pytest.mark.parametrize(
    ("highlights", "expected"),
    [
        ([{"G": 3.9, "Delta": 1.2, "I_ext_e": 8}, {"G": 2}], ["4", "1.2", "8", "0"]),  # the nearest point of the grid
        ([], ["3", "1", "10", "0"]),  # the middle
    ],
)
def test_it_opens_with_the_first_highlight_or_the_middle(study_of, sweep, highlights, expected):
    assert point_of(*collect(sweep, study_of(GRID, highlights=highlights, **SPREADING))) == expected


def test_a_highlight_that_no_point_is_near_to_is_passed_over(study_of):
    from made_up_datasets import made_up

    points = [{"G": 1, "I_ext_e": 3}, {"G": 5, "I_ext_e": 3}, {"G": 5, "I_ext_e": 13}]
    listed = study_of(points=points, highlights=[{"G": 1, "I_ext_e": 13}, {"G": 5, "I_ext_e": 13}])
    assert point_of(*collect(made_up(listed, "sweep.nc"), listed)) == ["5", "13"]


def test_a_highlight_may_name_a_subject(study_of, sweep):
    connectome = {"name": "hcp-aal2-94", "subjects": "each"}
    study = study_of(GRID, connectome=connectome, highlights=[{"subject": "131217", "G": 2, "I_ext_e": 13}])
    names = list(study.subjects.values())
    cohort = xr.concat([sweep] * len(names), "subject").assign_coords(subject=names)
    about, arrays = collect(cohort, study)
    assert dict(zip([a["name"] for a in about["axes"]], point_of(about, arrays), strict=True)) == {
        "subject": "131217", "G": "2", "Delta": "0.8", "I_ext_e": "13", "seed": "0"
    }  # fmt: skip


def test_the_outline_is_that_of_the_template_for_centres_in_its_space_alone(study, sweep):
    assert collect(sweep, study)[0]["outline"] == {}  # six made-up places do not fill a brain
    places = [(-60, -17, 12), (60, -17, 12), (0, -85, 12), (0, 50, 12), (0, -17, 60), (0, -17, -38)]
    for name, values in zip("xyz", np.array(places, float).T, strict=True):
        sweep[f"centre_{name}"] = ("region", values)
    outline = collect(sweep, study)[0]["outline"]
    assert np.ptp(outline["axial"], axis=0) == pytest.approx([146.0, 180.0], abs=4.0)
    assert np.ptp(outline["sagittal"], axis=0)[0] == pytest.approx(180.0, abs=4.0)


def test_regions_with_a_surface_are_seen_there(study, sweep, cortical):
    about, arrays = collect(cortical, study)
    assert about["surface"] == ["left lateral", "left medial", "right medial", "right lateral"]
    seen = [set(np.unique(view).tolist()) for view in unpack(arrays["surface"])]
    assert seen[0] | seen[1] == {0, 1, 2, 254, 255}  # left, none, beside the brain
    assert seen[2] | seen[3] == {3, 4, 5, 254, 255}
    assert arrays["surface"].shape == arrays["surface:shade"].shape
    assert sum(len(arrays[name].text) for name in ("surface", "surface:shade")) < 150_000
    about, arrays = collect(sweep, study)
    assert about["surface"] == []
    assert "surface" not in arrays


def test_text_from_a_study_is_escaped(page, sweep):
    evil = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>"
    text = page(sweep.assign_attrs(connectome_title=evil, connectome_terms=evil)).read_text()
    assert evil not in text
    assert "document.title='taken'</script" not in text
    about = json.loads(re.search(r'id="meta">(.*?)</script>', text, re.DOTALL)[1])
    assert about["connectome"] == evil


def test_figures_of_points_are_named_by_what_they_show_and_where(page):
    about = json.loads(re.search(r'id="meta">(.*?)</script>', page().read_text(), re.DOTALL)[1])
    titles = {figure["file"]: figure["title"] for figure in about["figures"]}
    assert titles["figures/highlight_1.svg"] == "activity at G = 3, Delta = 1, I_ext_e = 13, seed = 0"
    assert titles["figures/map_synchrony.svg"] == "synchrony"
    assert next(t for f, t in titles.items() if f.endswith(".gif")).startswith("film: spread at G = 3, ")


def test_nothing_is_loaded_from_elsewhere(page):
    text = page().read_text()
    assert not re.search(r'(?:src|href)="?(?:https?:)?//', text)
    assert "fetch(" not in text
    assert "import(" not in text


@pytest.mark.slow
def test_ten_thousand_points_stay_below_ten_megabytes(study_of, tmp_path):
    grid = {"G": {"start": 1, "stop": 100, "step": 1}, "I_ext_e": {"start": 1, "stop": 100, "step": 1}}
    study, rng, shape, regions = study_of(grid), np.random.default_rng(0), (100, 100), 94
    dims, i, j = ("G", "I_ext_e"), *np.triu_indices(regions, 1)
    flag = ("1", [-1, 0, 1, 2], "undefined rest still_settling oscillating")
    flag = dict(zip(("units", "flag_values", "flag_meanings"), flag, strict=True))
    power = np.broadcast_to(rng.random((*shape, 1, 101), np.float32), (*shape, regions, 101))
    data = {
        "network_regime": (dims, rng.integers(0, 3, shape).astype("i1"), flag),
        "simulation_status": (dims, np.zeros(shape, "i1"), flag),
        "synchrony": (dims, rng.random(shape)),
        "gamma_power": ((*dims, "region"), rng.random((*shape, regions), np.float32)),
        "firing_rate": ((*dims, "population", "region"), rng.random((*shape, 2, regions), np.float32)),
        "power_spectrum": ((*dims, "region", "frequency"), power),
        "fc": ((*dims, "signal", "edge"), rng.random((*shape, 1, len(i)), np.float32)),
        "msf": ((*dims, "mode"), rng.normal(size=(*shape, regions))),
        "eigenvalue_real": ("mode", np.linspace(1, -0.4, regions)),
    }
    coords = {**region_coords(regions), "frequency": np.arange(101.0), "signal": ["rate"], "population": ["E", "I"],
              "region_i": ("edge", i), "region_j": ("edge", j), **{d: np.arange(1.0, 101.0) for d in dims}}  # fmt: skip
    xr.Dataset(data, coords).to_netcdf(tmp_path / "sweep.nc")
    write_explorer(study, [tmp_path / "sweep.nc"], tmp_path / "index.html")
    assert (tmp_path / "index.html").stat().st_size <= 10_000_000
    about = json.loads(re.search(r'id="meta">(.*?)</script>', (tmp_path / "index.html").read_text(), re.DOTALL)[1])
    assert about["left_out"] == []
    assert about["arrays"]["fc"]["shape"] == [500, len(i)]
    assert about["arrays"]["spectrum"]["shape"] == [10_000, 64]


# ------------------------------------------------------------------ in a browser
