"""README is true: its commands, settings, packages and files exist."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from app import SLICES
from config import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def test_every_make_command_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    named = set(re.findall(r"make ([a-z][a-z-]*)", README))
    assert named <= targets


def test_every_setting_is_documented_and_no_other():
    ours = {field.name.upper() for field in dataclasses.fields(Settings)} - {"EMBEDDED", "TESTING"}
    part = README.split("Settings (environment", 1)[1].split("##", 1)[0]
    named = set(re.findall(r"`([A-Z_]+)`", part))
    assert named == ours


def test_every_package_is_on_the_map():
    part = README.split("## The map", 1)[1].split("##", 1)[0]
    assert set(re.findall(r"^\| `([a-z]+)/`", part, re.MULTILINE)) == {"core", "frontend", *SLICES}


def test_every_file_named_exists():
    travel = README.split("## How one order travels", 1)[1].split("##", 1)[0]
    for name in re.findall(
        r"`((?:core|fulfilment|orders|priority|processes|tasks|inventory|decisions|audit)/[\w/]+\.py)", travel
    ):
        assert (ROOT / "app" / name).exists(), name
    for name in re.findall(r"\]\((app/[^)]+)\)", README) + re.findall(r"`((?:rules|bpmn)/[\w.]+)`", README):
        assert (ROOT / name).exists(), name


def test_every_function_named_on_the_way_exists():
    travel = README.split("## How one order travels", 1)[1].split("##", 1)[0]
    for file, function in re.findall(r"`([\w/]+\.py):(\w+)`", travel):
        assert f"def {function}(" in (ROOT / "app" / file).read_text(), f"{file}:{function}"


def test_every_flask_command_named_exists(app):
    for words in re.findall(r"flask --app wsgi ([a-z]+(?: [a-z]+)?)", README):
        name, *rest = words.split()
        command = app.cli.commands[name]
        if rest and hasattr(command, "commands"):
            assert rest[0] in command.commands
