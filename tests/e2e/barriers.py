"""What axe-core finds on a page that shuts somebody out: its serious and its critical faults, no others."""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Page

from config import ROOT

LOOK = """async ([libraries, contrast]) => {
  for (const one of document.querySelectorAll("details:not(.drop)")) one.open = true;
  const found = await axe.run({ resultTypes: ["violations"], preload: false, iframes: false, elementRef: true,
    rules: { "color-contrast": { enabled: contrast } } });
  const forgiven = (rule, node) => libraries.some(([name, place]) => name === rule && node.element.closest(place));
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .flatMap((one) => one.nodes.filter((node) => !forgiven(one.id, node))
      .map((node) => `${innerWidth} px, ${one.id}: ${node.html.slice(0, 160)} (${node.failureSummary})`));
}"""
"""Everything folded is opened first: what nobody sees is not looked at."""

LIBRARIES = {
    ("nested-interactive", ".swagger-ui .opblock-summary-control"): (
        "swagger-ui puts the link to an operation into the button that unfolds it; both are reached by keyboard"
    ),
}
"""(rule, selector) of what a library draws inside its own canvas and no style of ours can mend → why."""


@cache
def _script() -> str:
    return (ROOT / "app/frontend/node_modules/axe-core/axe.min.js").read_text()


def barriers_on(page: Page, *, contrast: bool = True) -> list[str]:
    """One sentence for each of them on the page that is open, as large as its window is now.

    Contrast is two thirds of the time and a matter of styles that many pages share.
    """
    if not page.evaluate("() => 'axe' in globalThis"):
        page.evaluate(_script())  # by the debugger, to which the content policy of the page does not apply
    return list(page.evaluate(LOOK, [[list(one) for one in LIBRARIES], contrast]))
