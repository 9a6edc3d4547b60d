"""Every place in the menu opens for those who see it, fits at both sizes, and speaks the reader's language."""

from __future__ import annotations

import pytest

from tests.e2e.barriers import barriers_on
from tests.test_translations import entries

MOST_USED = {"/inbox", "/orders", "/orders/new", "/priority", "/scan", "/notices"}


def untranslated() -> set[str]:
    """English texts that have a different Chinese one: none may stand on a Chinese page."""
    return {
        message.id
        for _name, message in entries()
        if isinstance(message.id, str)
        and message.string not in ("", message.id)
        and "%(" not in message.id
        and (
            " " in message.id or message.id[:1].isupper()
        )  # lower-case words are also codes, shown as such in the audit
        and message.id != "Youxu"  # the brand
    }


TEXTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest('script, style, template, [lang=en], .swagger-ui')) continue;
    const text = node.textContent.replace(/\\s+/g, ' ').trim();
    if (text) found.push(text);
  }
  for (const node of document.querySelectorAll('[placeholder], [title], [aria-label]'))
    for (const name of ['placeholder', 'title', 'aria-label'])
      if (node.getAttribute(name) && !node.closest('.swagger-ui')) found.push(node.getAttribute(name).trim());
  return found;
}"""


@pytest.fixture(scope="module")
def seen():
    return set()


@pytest.mark.parametrize(
    ("login", "language", "size"),
    [
        ("admin", "zh_Hans", "phone"),
        ("desk", "zh_Hans", "desk"),
        pytest.param("admin", "en", "desk", marks=pytest.mark.full),
    ],
)
def test_each_menu_page_fits_and_speaks_the_readers_language(site, sign_in, login, language, size, seen, request):
    """Opened at one size, looked at in both; no word of English on a Chinese page; nobody shut out. What one reader
    has seen in a language the next one sees only with `--full`."""
    person = sign_in(login, language, size)
    page = person.go("/inbox")
    places = page.eval_on_selector_all(
        "nav a[href^='/']", "links => [...new Set(links.map(a => a.getAttribute('href')))]"
    )
    assert len(places) >= 3
    english = untranslated() if language == "zh_Hans" else set()
    left = {}
    for place in places:
        if (language, place) in seen and not request.config.getoption("--full"):
            continue
        seen.add((language, place))
        person.go(place)
        looks = {"desk", "phone"} if place in MOST_USED else {"desk"}

        def look(now: str, place: str = place, looks: set[str] = looks) -> None:
            assert now not in looks or barriers_on(page) == [], place

        person.look_at_both_sizes(look if (login, size) == ("admin", "desk") else lambda _size: None)
        assert page.locator("h1").count() >= 1, place
        wrong = sorted({text for text in page.evaluate(TEXTS) if text in english})
        if wrong:
            left[place] = wrong
    assert left == {}


def test_the_api_page_shows_the_document(site, sign_in):
    person = sign_in("admin")
    person.page.goto(f"{site.url}/api/v1/docs")
    person.page.wait_for_selector(".swagger-ui .opblock")
    assert person.faults == []
