"""Finds links of a built site that lead nowhere within it: missing pages, pictures, and headings.

python tools/site_links.py [site]
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
BY_ATTRIBUTE = ("href", "src")
AT_ROOT = "404.html"  # is shown in place of any page, so that its links begin at the root of the host


class Page(HTMLParser):
    """The links of a page, and the places in it that links may lead to."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Take note of links and places."""
        given = dict(attrs)
        self.places |= {value for key in ("id", "name") if (value := given.get(key)) and (key == "id" or tag == "a")}
        self.links += [value for key in BY_ATTRIBUTE if (value := given.get(key))]


def pages_of(site: Path) -> dict[Path, Page]:
    """Read all pages of a site."""
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def broken_links(site: Path, pages: dict[Path, Page]) -> list[str]:
    """List links that lead nowhere, as `page: link`, each once."""
    found = []
    for path, page in pages.items():
        for link in dict.fromkeys(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = _target(site, path, unquote(parts.path))
            places = pages[target].places if target in pages and parts.fragment else {unquote(parts.fragment)}
            if not target.is_file() or unquote(parts.fragment) not in places:
                found.append(f"{path.relative_to(site)}: {link}")
    return found


def _target(site: Path, page: Path, path: str) -> Path:
    """Find the file that a link of a page leads to."""
    if not path:
        return page
    if path.startswith("/") and page == site / AT_ROOT:
        target = site / path.lstrip("/")
    else:
        target = (page.parent / path).resolve() if not path.startswith("/") else Path(path)
    return target / "index.html" if target.is_dir() else target


if __name__ == "__main__":
    folder = (Path(sys.argv[1]) if sys.argv[1:] else ROOT / "site").resolve()
    pages = pages_of(folder)
    broken, links = broken_links(folder, pages), sum(len(page.links) for page in pages.values())
    print("\n".join([*broken, f"{folder.name}: {links} links, {len(broken)} of them broken"]))
    sys.exit(bool(broken))
