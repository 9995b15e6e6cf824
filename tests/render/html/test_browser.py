"""The page of a plan in a real browser: nothing on the console, the maps are there, both themes.

Screenshots are kept in the folder that RECONCILER_SCREENSHOTS names, for people to look at.
"""

from __future__ import annotations

import os
from pathlib import Path

import documents as made
import pytest
from browser import Driver, browser, console, open_page, picture, prefer, resize

from reconciler.render.html.page import render_html

__all__ = ["browser"]

HEAT = "return document.querySelectorAll('.map svg rect').length"
GROUND = "return getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(246, 247, 249)", "rgb(17, 21, 27)"
CONTRAST = """
const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(Number).map(x => {
  x /= 255; return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4 });
  return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2] };
const ground = e => { for (; e; e = e.parentElement) {
  const c = getComputedStyle(e).backgroundColor;
  if (!c.endsWith(', 0)') && c !== 'transparent') return c } return 'rgb(255, 255, 255)' };
const found = [];
for (const e of document.querySelectorAll('body *')) {
  if (e.closest('svg') || e.closest('.skip')) continue;
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
  if (!e.checkVisibility({contentVisibilityAuto: false})) continue;
  const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < 4.5) found.push([e.tagName, e.className, e.textContent.slice(0, 30), ratio]);
}
return found;
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name in ("sample", "hostile", "many"):
        (folder / f"{name}.html").write_text(render_html(getattr(made, name)()), encoding="utf-8")
    return folder


def kept(tmp_path: Path, name: str) -> Path:
    folder = Path(os.environ.get("RECONCILER_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name


def colours(browser: Driver, data: bytes) -> int:
    """How many colours a picture has, counted by the browser that made it."""
    import base64

    url = "data:image/png;base64," + base64.b64encode(data).decode()
    browser.get("about:blank")
    script = """
    const [url, done] = arguments, image = new Image();
    image.onload = () => { const c = document.createElement('canvas');
      c.width = image.width; c.height = image.height;
      const x = c.getContext('2d'); x.drawImage(image, 0, 0);
      done(new Set(new Uint32Array(x.getImageData(0, 0, c.width, c.height).data.buffer)).size) };
    image.src = url;
    """
    return int(browser.execute_async_script(script, url))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_plan(browser: Driver, pages: Path, tmp_path: Path, scheme: str, width: int) -> None:
    prefer(browser, scheme)
    open_page(browser, (pages / "sample.html").as_uri(), width=width, height=2_400)
    assert console(browser) == []
    assert browser.execute_script(HEAT) == 2 * 2 * 15 * 24
    assert browser.execute_script(GROUND) == (LIGHT if scheme == "light" else DARK)
    assert browser.execute_script("return document.documentElement.scrollWidth") == width
    assert browser.execute_script(CONTRAST) == []
    data = picture(browser, kept(tmp_path, f"plan-{scheme}-{width}.png"))
    assert colours(browser, data) > 100


def test_the_theme_is_chosen_without_a_script(browser: Driver, pages: Path) -> None:
    for scheme, other, chosen in (("light", "dark", DARK), ("dark", "light", LIGHT)):
        prefer(browser, scheme)
        open_page(browser, (pages / "sample.html").as_uri())
        browser.find_element("css selector", f"label[for={other}]").click()
        assert browser.execute_script(GROUND) == chosen
        assert browser.execute_script(CONTRAST) == []


def test_actions_are_hidden_and_shown(browser: Driver, pages: Path) -> None:
    open_page(browser, (pages / "sample.html").as_uri())
    seen = "return [...document.querySelectorAll('.card')].filter(e => e.offsetHeight).length"
    whole = browser.execute_script(seen)
    label = browser.find_element("css selector", "label[for=show-disable]")
    label.click()
    assert browser.execute_script(seen) == whole - 6
    label.click()
    assert browser.execute_script(seen) == whole
    skipped = "return getComputedStyle(document.querySelector('.card.skip')).display"
    assert browser.execute_script(skipped) == "block"


def test_hostile_text_does_nothing(browser: Driver, pages: Path, tmp_path: Path) -> None:
    prefer(browser, "light")
    open_page(browser, (pages / "hostile.html").as_uri(), width=390)
    assert console(browser) == []
    assert browser.execute_script("return document.scripts.length + document.images.length") == 0
    assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    resize(browser, 1280, 2_000)
    picture(browser, kept(tmp_path, "plan-hostile.png"))


def test_two_thousand_changes_open(browser: Driver, pages: Path, tmp_path: Path) -> None:
    prefer(browser, "light")
    open_page(browser, (pages / "many.html").as_uri())
    assert console(browser) == []
    assert browser.execute_script("return document.querySelectorAll('.card').length") == 2_000
    first = browser.find_element("css selector", ".card > summary")
    browser.execute_script(
        "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", first
    )
    first.click()
    assert browser.execute_script("return document.querySelector('.card').open") is True
    picture(browser, kept(tmp_path, "plan-many.png"))
