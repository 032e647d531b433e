"""Pages in a headless browser: what they hold after a script has used them."""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
REQUIRED = "NGNMM_TEST_BROWSER"  # set in CI, which installs one: there a missing browser is a failure
SCRIPT = """<script>
(async () => {
  const wait = ms => new Promise(r => setTimeout(r, ms));
  const told = {};
  try { BODY } catch (error) { told.error = String(error); }
  const out = document.createElement("pre"); out.id = "told"; out.textContent = JSON.stringify(told);
  document.body.append(out);
})();
</script>"""
OVERFLOW = "told.overflow = document.documentElement.scrollWidth - window.innerWidth;"


class Browser:
    """Chromium without a window.

    Parameters
    ----------
    folder : Path
        For its profile, and for the pages with their scripts.
    """

    def __init__(self, folder: Path):
        if CHROMIUM is None and not os.environ.get(REQUIRED):
            pytest.skip("no chromium here: apt-get install chromium")
        assert CHROMIUM, f"{REQUIRED} is set, and there is no chromium"
        self.folder = folder

    def use(self, page: Path, script: str, width: int = 1400, seconds: int = 8) -> dict:
        """Open a page and run the body of an async function in it; return what it has put into `told`.

        `wait(ms)` is there to be awaited; `seconds` are those of the page's own clock.
        """
        driven = page.with_name(f"driven-{page.name}")
        added = SCRIPT.replace("BODY", script)
        driven.write_text(page.read_text(encoding="utf-8").replace("</html>", "") + added, encoding="utf-8")
        dom = self._run(driven, width, f"--virtual-time-budget={1000 * seconds}", "--dump-dom")
        found = re.search(r'<pre id="told">(.*?)</pre>', dom, re.DOTALL)
        assert found, dom[-2000:]
        told = json.loads(unescape(found[1]))
        assert "error" not in told, told["error"]
        return told

    def picture(self, page: Path, picture: Path, width: int = 1400, height: int = 2000, seconds: int = 8) -> None:
        """Write how a page looks."""
        self._run(page, width, f"--virtual-time-budget={1000 * seconds}", f"--screenshot={picture}", height=height)

    def _run(self, page: Path, width: int, *options: str, height: int = 2000) -> str:
        profile, size = f"--user-data-dir={self.folder / 'profile'}", f"--window-size={width},{height}"
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", profile, size, *options, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, timeout=180).stdout
