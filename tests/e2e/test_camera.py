"""A label of ours held before a camera, in a browser that cannot read codes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser

from app.documents.content.parts import Both
from app.shipping import labels
from tests.conftest import NOON
from tests.e2e.conftest import FLAGS, WHOLE, Person, Site
from tests.e2e.test_journey import costly

WIDE, HIGH = 640, 480
LOT = {"lot_no": "L-77", "made_on": date(2026, 6, 1), "expires_on": date(2029, 6, 30)}
BLIND = "delete globalThis.BarcodeDetector;"


def film(pdf: bytes, file: Path) -> None:
    """The first page, held still before a camera (YUV4MPEG2: brightness, and two planes of no colour)."""
    page = pypdfium2.PdfDocument(pdf)[0]
    picture = page.render(scale=min(WIDE / page.get_width(), HIGH / page.get_height()), grayscale=True).to_pil()
    seen = picture.convert("L").crop((0, 0, WIDE, HIGH))  # what lies beyond the label is dark, as a table is
    frame = b"FRAME\n" + seen.tobytes() + bytes([128]) * (WIDE * HIGH // 2)
    file.write_bytes(f"YUV4MPEG2 W{WIDE} H{HIGH} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 2)


@pytest.fixture
def hold(browser: Browser, site: Site, tmp_path: Path) -> Iterator[Callable[[str, str], Person]]:
    """`hold(login, language)`: a phone in a browser of its own, whose camera sees a label of the costly product."""
    if WHOLE is None:
        pytest.skip("no whole Chromium here: the one without windows has no camera")
    label = labels.UnitLabel(Both(zh="心脏瓣膜", en="Heart valve"), "YX-1", costly(site).udi_di, **LOT)
    film(labels.unit_labels([label], NOON), tmp_path / "label.y4m")
    seeing = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={tmp_path / 'label.y4m'}"]
    started = browser.browser_type.launch(executable_path=WHOLE, args=[*FLAGS, *seeing])

    def open_window(login: str, language: str) -> Person:
        context = started.new_context(locale="en-GB" if language == "en" else "zh-CN", reduced_motion="reduce")
        context.add_cookies([{"name": "language", "value": language, "url": site.url}])
        context.add_init_script(BLIND)
        page = context.new_page()
        page.set_viewport_size({"width": 390, "height": 844})
        return Person(page, site, login, "phone")

    yield open_window
    started.close()


def test_a_label_is_read_where_the_browser_cannot(site, hold):
    person = hold("warehouse", "en")
    page = person.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.grant_permissions(["camera"], origin=site.url)
    product = costly(site)

    person.go(f"/stock/{product.id}")
    assert not [one for one in asked if "code_reader" in one or one.endswith(".wasm")]  # 1 MB, not for nothing
    page.get_by_role("button", name="Use the camera").click()
    page.wait_for_selector("text=Right:")
    given = [page.input_value(f"[name={name}]") for name in ("lot_no", "made_on", "expires_on")]
    assert given == ["L-77", "2026-06-01", "2029-06-30"]
    assert page.locator("dialog.scan-view").count() == 0
    assert len([one for one in asked if one.endswith(".wasm")]) == 1
    assert {one.split("/")[2] for one in asked if one.startswith("http")} == {site.url.split("/")[2]}
    person.look()

    person.go("/scan")
    page.get_by_role("button", name="Use the camera").click()
    page.wait_for_selector("text=its lot L-77 is not in our stock")
    person.look()


def test_a_refused_camera_is_explained(hold):
    person = hold("warehouse", "zh_Hans")
    person.go("/scan")
    person.page.get_by_role("button", name="使用摄像头").click()
    person.page.wait_for_selector("text=摄像头权限被拒绝")
    assert person.page.locator("dialog.scan-view").count() == 0
    person.look()
