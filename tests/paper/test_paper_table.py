"""The table of the paper's figures fits the studies that make their data."""

import importlib
from pathlib import Path

import pytest

from ngnmm_core.plotting.paper import FIGURES, STUDIES
from ngnmm_core.stages.registry import stages_of
from ngnmm_core.study.load import load_studies
from ngnmm_core.study.yaml_files import read_yaml

CONFIG = Path(__file__).resolve().parents[2] / "config" / "studies"


@pytest.fixture(scope="module", params=STUDIES)
def parts(request):
    """The parts of one of the studies."""
    return load_studies(read_yaml(CONFIG / f"{request.param}.yaml"))


def test_every_source_of_a_figure_is_a_file_of_a_part(parts):
    files = {f"{name.partition('/')[2]}/connectome" for name in parts}
    files |= {
        f"{name.partition('/')[2]}/{Path(s.file).stem}" for name, study in parts.items() for s in stages_of(study)
    }
    wanted = {source for figure in FIGURES for source in figure.sources.values()}
    assert wanted <= files


def test_no_part_is_computed_for_nothing(parts):
    drawn = {source.partition("/")[0] for figure in FIGURES for source in figure.sources.values()}
    assert {name.partition("/")[2] for name in parts} == drawn


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_every_figure_has_a_module_that_draws_it(figure):
    assert callable(importlib.import_module(figure.module).draw)


def test_both_studies_have_the_same_parts_on_the_same_ranges():
    full, quick = (load_studies(read_yaml(CONFIG / f"{name}.yaml")) for name in STUDIES)
    assert [n.partition("/")[2] for n in full] == [n.partition("/")[2] for n in quick]
    for ours, coarse in zip(full.values(), quick.values(), strict=True):
        assert ours.dims() == coarse.dims()
        assert dict(ours.fixed) == dict(coarse.fixed)
        for name, values in coarse.axes.items():
            assert ours.axes[name].min() <= values.min() <= values.max() <= ours.axes[name].max()
