"""The HTML in a real, headless Chromium: no error, no request, sorting, filtering, keyboard, contrast, print.

Where no Chromium is found the tests are skipped and say so; BENCH_CHROMIUM names one, and is then required to work.
BENCH_SCREENSHOTS=DIR keeps the pictures."""

from __future__ import annotations

import os
from pathlib import Path

import chromium
import pytest
import sample

from reports import reading, write

PROGRAM = chromium.find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: `ci/setup test` installs one on Debian; or set BENCH_CHROMIUM")


@pytest.fixture(scope="module")
def page(report, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(str(dict(write.files(report, 2))["report.html"]))
    return file


@pytest.fixture(scope="module")
def browser():
    assert PROGRAM
    browser = chromium.Chromium(PROGRAM)
    yield browser
    browser.close()


@pytest.fixture
def opened(browser, page):
    browser.errors.clear()
    browser.open(page)
    yield browser
    assert browser.errors == []
    assert browser.requests() == [page.as_uri()]


NAMES = "Array.from(document.querySelectorAll('#table tbody tr')).filter(r => !r.hidden).map(r => r.cells[0].textContent)"


def column(browser, index):
    return browser.run(f"Array.from(document.querySelectorAll('#table tbody tr')).map(r => r.cells[{index}].textContent)")


def click(browser, name):
    browser.run(f"Array.from(document.querySelectorAll('#table thead button')).find(b => b.textContent === '{name}').click()")


def test_script_in_a_name_did_not_run(opened):
    assert sample.NASTY in opened.run(NAMES)
    assert opened.run("document.scripts.length") == 1


def test_sorting(opened):
    assert len(opened.run(NAMES)) == 9
    click(opened, "now")
    times = [t for t in column(opened, 3)]
    assert times[:2] == ["21.88 us", "21.90 us"] and times[-2:] == ["", ""]  # what has no time is last
    click(opened, "now")
    assert column(opened, 3)[0] == "99.80 ms" and column(opened, 3)[-2:] == ["", ""]
    assert opened.run("document.querySelector('th[aria-sort]').textContent") == "now"
    assert opened.run("document.querySelector('th[aria-sort]').getAttribute('aria-sort')") == "descending"
    click(opened, "case")
    names = opened.run(NAMES)
    assert names[0] == sample.NASTY and names[1] == "zimage/loop/broken/graph/aten"
    assert names.index("zimage/loop/turbo-9/graph/aten") < names.index("zimage/loop/turbo-50/graph/aten")  # as numbers


def test_filtering(opened):
    set_text = "(t => { const f = document.getElementById('filter-text'); f.value = t; f.dispatchEvent(new Event('input')); })"
    opened.run(f"{set_text}('RMS_norm')")
    assert opened.run(NAMES) == ["zimage/rms_norm/4128x3840.bf16/decomposed", "zimage/rms_norm/4128x3840.bf16/aten"]
    assert opened.run("document.getElementById('shown').textContent") == "2 of 9 cases"
    opened.run("(v => { const f = document.getElementById('filter-verdict'); f.value = v; f.dispatchEvent(new Event('change')); })('pass')")
    assert opened.run(NAMES) == ["zimage/rms_norm/4128x3840.bf16/aten"]
    opened.run(f"{set_text}('nothing has this name')")
    assert opened.run(NAMES) == []
    opened.run(f"{set_text}('')")
    assert len(opened.run(NAMES)) == 3


def test_keyboard(opened):
    opened.press("Tab", 9)
    assert opened.run("document.activeElement.className") == "skip"
    opened.press("Enter", 13)
    assert opened.run("document.activeElement.id") == "cases"
    opened.press("Tab", 9)
    assert opened.run("document.activeElement.id") == "filter-text"
    opened.run("document.querySelector('#table thead button').focus()")
    opened.press("Enter", 13)
    assert opened.run("document.querySelector('#table thead th').getAttribute('aria-sort')") == "ascending"


def test_a_link_opens_its_case(opened):
    opened.run("document.querySelector('#table tbody a').click()")
    opened.run("new Promise(resolve => setTimeout(resolve, 50))")
    assert opened.run("document.querySelector('details[id=\"case-1\"]').open") is True


def test_names_for_a_screen_reader(opened):
    assert opened.run("Array.from(document.querySelectorAll('figure')).every(f => f.getAttribute('aria-label').length > 20)")
    assert opened.run("Array.from(document.querySelectorAll('input, select')).every(f => f.labels.length === 1)")
    assert opened.run("Array.from(document.querySelectorAll('th')).every(h => h.scope)")
    assert opened.run("document.documentElement.lang") == "en"
    ids = opened.run("Array.from(document.querySelectorAll('[id]')).map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert opened.run("Array.from(document.querySelectorAll('section')).every(s => document.getElementById(s.getAttribute('aria-labelledby')))")


def test_power_over_time_lies_in_the_page(opened):
    """Of the case that opens by itself: on an axis with its unit, and in words."""
    power = opened.run("Array.from(document.querySelectorAll('details[open] figure svg text')).map(t => t.textContent)")
    assert "power, W" in power and "SM clock, GHz" in power and "seconds since the case's first sample" in power
    shown = opened.run("Array.from(document.querySelectorAll('details[open] dt')).find(t => t.textContent === 'GPU while sampled')"
                       ".nextElementSibling.textContent")  # fmt: skip
    assert shown.startswith("697 W, 61 °C at most, clock held by SwPowerCap 75 % of the time; the baseline's: 687 W")


CONTRAST = """(() => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$|transparent/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  let least = 21, where = '';
  for (const e of document.querySelectorAll('body *')) {
    const own = Array.from(e.childNodes).some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('svg, script') || !e.offsetParent) continue;
    const a = light(getComputedStyle(e).color), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least) { least = ratio; where = e.outerHTML.slice(0, 100); }
  }
  return [least, where];
})()"""


@pytest.mark.parametrize(("name", "width", "dark"), [("light", 1200, False), ("dark", 1200, True), ("narrow", 390, False)])
def test_looks(browser, page, tmp_path, name, width, dark):
    browser.errors.clear()
    browser.open(page, width=width, dark=dark)
    least, where = browser.run(CONTRAST)
    assert least >= 4.5, where  # WCAG 2, level AA
    assert browser.run("document.documentElement.scrollWidth") <= width  # only tables and figures scroll sideways
    fill = browser.run("getComputedStyle(document.querySelector('figure svg text')).fill")
    assert (fill == "rgb(230, 233, 237)") == dark  # figures follow
    folder = Path(os.environ.get("BENCH_SCREENSHOTS") or tmp_path)
    browser.screenshot(folder / f"{name}.png")
    assert (folder / f"{name}.png").stat().st_size > 20_000
    assert browser.errors == []


def test_print(opened):
    assert opened.run("document.querySelectorAll('details:not([open]) figure').length") >= 0
    assert opened.pdf().startswith(b"%PDF")


def test_a_report_of_nothing(browser, tmp_path):
    from reports import document

    (tmp_path / "c.json").write_text('{"schema_version": 1, "missing": "cannot read r.json"}')
    empty = reading.load(tmp_path / "r.json", None, tmp_path / "c.json")
    (tmp_path / "report.html").write_text(str(dict(write.files(empty, 2))["report.html"]))
    browser.errors.clear()
    browser.open(tmp_path / "report.html")
    assert "cannot read r.json" in browser.run("document.body.textContent")
    assert browser.errors == []
