"""The documentation site: its links are followed, and links between pages become those of the site."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tool(name):
    """A module of `tools/`, which are no package."""
    spec = importlib.util.spec_from_file_location(f"{name}_tool", ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tmp_path):
    """Two pages and a picture; all links are good."""
    (tmp_path / "a").mkdir()
    (tmp_path / "p.png").write_bytes(b"")
    (tmp_path / "index.html").write_text(
        '<h1 id="top"></h1><a href="a/b.html#here">b</a><img src="p.png"><a href="a/">'
    )
    (tmp_path / "a" / "b.html").write_text('<a name="here"></a><a href="../index.html#top"></a><a href="#here"></a>')
    (tmp_path / "a" / "index.html").write_text('<a href="https://example.org/x#y"></a><a href="mailto:x"></a>')
    (tmp_path / "404.html").write_text('<a href="/index.html"></a>')
    return tmp_path


def broken(site):
    links = tool("site_links")
    return links.broken_links(site, links.pages_of(site))


def test_good_links_are_not_complained_of(site):
    assert broken(site) == []


@pytest.mark.parametrize(
    "link", ["c.html", "p.jpg", "a/b.html#nowhere", "#nowhere", "/index.html", "../outside.html", "a/b.html#viewport"]
)
def test_a_link_that_leads_nowhere_is_found(site, link):
    page = site / "index.html"
    page.write_text(f'{page.read_text()}<meta name="viewport"><a href="{link}">')
    assert broken(site) == [f"index.html: {link}"]


@pytest.mark.parametrize(
    ("text", "become"),
    [
        ("[a](docs/hubs.md)", "[a](hubs.md)"),
        ("[a](config/README.md#keys)", "[a](configuration.md#keys)"),
        ("![a](docs/figures/highlight.png)", "![a](figures/highlight.png)"),
        ("[licence](LICENSE)", "licence"),
        ("[a](https://example.org)", "[a](https://example.org)"),
        ("```text\n[a](docs/hubs.md)\n```", "```text\n[a](docs/hubs.md)\n```"),
    ],
)
def test_links_between_pages_become_those_of_the_site(text, become):
    assert tool("site").with_links(text, ROOT / "README.md") == become
