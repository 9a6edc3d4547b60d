"""Every text has both languages."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "app" / "translations" / "zh_Hans" / "LC_MESSAGES"
METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS = {"_": None, "_l": None, "_n": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
CHINESE = re.compile("[一-鿿]")
HALF_WIDTH = re.compile("[一-鿿][”）]?([;,:?(]|!(?!=)| ?[;,] )|[;,:!?)][“（]?[一-鿿]")


@cache
def used() -> dict[str, str]:
    """Each message id in code and templates, and where it stands."""
    found = {}
    for file, line, message, _comments, _context in extract_from_dir(
        ROOT / "app",
        method_map=METHODS,
        keywords=KEYWORDS,
        options_map={"templates/**.html": {"trimmed": "true", "extensions": "jinja2.ext.do", "silent": "false"}},
        directory_filter=lambda path: "node_modules" not in path and "static" not in path,
    ):
        text = message[0] if isinstance(message, tuple) else message
        found.setdefault(text, f"{file}:{line}")
    return found


def catalogues():
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as source:
            yield path.name, read_po(source, locale="zh_Hans")


@cache
def entries():
    return [(name, message) for name, catalogue in catalogues() for message in catalogue if message.id]


def test_every_text_has_a_chinese_translation():
    known = {m.id[0] if isinstance(m.id, tuple) else m.id for _name, m in entries() if m.string and not m.fuzzy}
    missing = {text: place for text, place in used().items() if text not in known}
    assert missing == {}


def test_no_translation_is_left_over_or_stands_twice():
    ids = Counter(m.id[0] if isinstance(m.id, tuple) else m.id for _name, m in entries())
    assert [text for text, count in ids.items() if count > 1] == []
    assert sorted(set(ids) - set(used())) == []


def test_placeholders_survive_translation():
    wrong = []
    for name, message in entries():
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        allowed = set(PLACEHOLDER.findall(" ".join(originals)))
        needed = set(PLACEHOLDER.findall(originals[-1]))
        for text in texts:
            here = set(PLACEHOLDER.findall(text))
            if here - allowed or needed - here - {"%(num)s", "%(num)d"}:
                wrong.append(f"{name}: {message.id!r}")
    assert wrong == []


def test_chinese_is_chinese():
    """A translation equal to its English text was forgotten, unless it has no word to translate."""
    untouched = re.compile(r"[A-Za-z]{4,}")
    names = re.compile(
        r"%\(\w+\)[sd]|UDI-(DI|PI)|BPMN|OpenAPI|YAML|Excel|CSV|XLSX|UTF-8|Youxu|HTTP|API|GUDID|JSON|REST|EA"
    )
    wrong = [
        message.id
        for _name, message in entries()
        if isinstance(message.id, str) and message.string == message.id and untouched.search(names.sub("", message.id))
    ]
    assert wrong == []


def test_chinese_sentences_have_chinese_punctuation():
    """Half-width marks beside Chinese characters, also those that a placeholder will bring; code and numbers keep theirs."""
    here = {f"{name}: {text}" for name, m in entries() for text in texts_of(m.string) if HALF_WIDTH.search(shown(text))}
    for file in [*(ROOT / "bpmn").glob("*.form"), *(ROOT / "bpmn").glob("*.bpmn")]:
        for line in file.read_text().splitlines():
            if HALF_WIDTH.search(line):
                here.add(f"{file.name}: {line.strip()}")
    assert here == set()


def texts_of(string):
    return string if isinstance(string, (list, tuple)) else (string,)


def shown(text):
    """The text with Chinese words in its placeholders; nothing of one without a Chinese character."""
    return PLACEHOLDER.sub("词", text) if CHINESE.search(text) else ""
