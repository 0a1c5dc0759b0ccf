"""A gallery of a hundred thousand examples in a real browser: first paint, filters, memory.

The site is made up (tests/made_site.py) and opened from files, as a reader who copied the folder
opens it. The browser's own clock takes each time, up to the frame that shows the outcome. It ends
with 1 where a target is not met.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from made_site import make_site  # noqa: E402

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PAINT_MS, CHANGE_MS, MEMORY_MB = 1000, 200, 300
CHANGES = {
    "filter by given label": ("given", "3"),
    "filter by verdict": ("verdict", "correctable"),
    "filter by votes": ("votes", "4"),
    "all again": ("given", ""),
    "sort by disagreement": ("sort", "disagreement"),
    "sort by given label": ("sort", "class"),
    "sort by suspicion": ("sort", ""),
}
FIRST_PAINT = """() => new Promise((resolve) => {
  const look = () => document.querySelector('#grid .card img')?.complete
    ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))
    : setTimeout(look, 5)
  look()
})"""
CHANGE = """([name, value]) => new Promise((resolve) => {
  const field = document.querySelector(`[name=${name}]`)
  const began = performance.now()
  field.value = value
  field.dispatchEvent(new Event(name === 'q' ? 'input' : 'change', { bubbles: true }))
  // a task after a frame has begun: the frame is painted
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)))
})"""
SEARCHED = """(words) => new Promise((resolve) => {
  const field = document.querySelector('[name=q]'), said = document.getElementById('count')
  const before = said.textContent
  field.value = words
  const began = performance.now()
  field.dispatchEvent(new Event('input', { bubbles: true }))
  const look = () => said.textContent === before || said.textContent.startsWith('Reading')
    ? setTimeout(look, 1)
    : requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)))
  look()
})"""


def main() -> None:
    """Measure, tell what came out, and end with 1 where a target is not met."""
    args = arguments()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = make_site(Path(folder) / "site", args.rows, classes=100)
        program = next(filter(None, map(shutil.which, CHROMIUM)), None)
        if program is None:
            sys.exit("There is no Chromium here: install it, or put it on the PATH.")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        found = measure(browser, f"{site.as_uri()}/gallery.html", args.rounds)
        browser.close()
    lines = [
        tell("first paint of the cards", found["paint"], "ms", PAINT_MS),
        *(tell(name, found["changes"][name], "ms", CHANGE_MS) for name in CHANGES),
        tell("a search, its texts read before", found["search"], "ms", CHANGE_MS),
        tell("memory of the script, at most", found["memory"], "MB", MEMORY_MB),
    ]
    print(f"{args.rows:,} examples, {os.cpu_count()} cores, {args.rounds} rounds")
    print("\n".join(words for words, _ in lines))
    print(f"the first search reads all texts: {statistics.median(found['first search']):.0f} ms")
    report = {"cores": os.cpu_count(), "rows": args.rows, **found}
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(report, indent=1) + "\n")
    sys.exit(0 if all(met for _, met in lines) else 1)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--json", type=Path, default=HERE.parent / "build" / "benchmarks" / "gallery.json"
    )
    return parser.parse_args()


def measure(browser: Browser, address: str, rounds: int) -> dict[str, object]:
    """Return the times and the memory of every round, each in a tab of its own."""
    paint: list[float] = []
    search: list[float] = []
    first_search: list[float] = []
    memory: list[float] = []
    changes: dict[str, list[float]] = {name: [] for name in CHANGES}
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        page.goto(address, wait_until="commit")
        paint.append(page.evaluate(FIRST_PAINT))
        most = heap(session)
        for name, change in CHANGES.items():
            changes[name].append(page.evaluate(CHANGE, change))
            most = max(most, heap(session))
        for name in ("verdict", "votes"):
            page.evaluate(CHANGE, [name, ""])
        first_search.append(page.evaluate(SEARCHED, "id-17"))
        search.append(page.evaluate(SEARCHED, "nobody plot"))
        memory.append(max(most, scroll(page, session)))
        context.close()
    return {
        "paint": paint,
        "changes": changes,
        "search": search,
        "first search": first_search,
        "memory": memory,
    }


def heap(session: CDPSession) -> float:
    """Return how many MB the script's heap takes, with what could be given back but was not."""
    found = session.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in found if one["name"] == "JSHeapUsedSize") / 1e6


def scroll(page: Page, session: CDPSession) -> float:
    """Go through the whole gallery in a hundred steps; return the most memory on the way."""
    most = 0.0
    for step in range(100):
        page.evaluate(f"scrollTo(0, document.documentElement.scrollHeight * {step / 100})")
        page.wait_for_timeout(80)
        most = max(most, heap(session))
    return most


def tell(what: str, values: list[float], unit: str, target: float) -> tuple[str, bool]:
    """Return a line of words, and whether the worst of the values is as good as was wanted."""
    middle, worst = statistics.median(values), max(values)
    met = worst < target
    told = f"{what}: median {middle:.0f}, worst {worst:.0f} {unit} (< {target} {unit})"
    return f"{'met' if met else 'NOT MET':8}{told}", met


if __name__ == "__main__":
    main()
