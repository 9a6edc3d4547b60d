"""The phone: installed, without a network, decisions kept and sent once or refused, told by push, a code scanned."""

from __future__ import annotations

import json
from contextlib import suppress

from playwright.sync_api import Error, Page
from sqlalchemy import func, select

from app.core import clock, db
from app.core.idempotency import IdempotencyKey
from app.core.subject import Subject
from app.fulfilment import intake
from app.identity.queries import actor_of, find_by_login
from app.notifying import pushing
from app.orders.models import Order
from app.tasks import service as tasks
from app.tasks.queries import get_task, open_tasks_of
from tests.conftest import NOON
from tests.e2e.test_journey import costly, solid
from tests.orders.factories import given_order

CONTROLLED = "() => navigator.serviceWorker.controller !== null"
WAITING = "async () => youxuQueue.entries(await youxuQueue.about('who'))"
NOTHING_WAITS = "async () => globalThis.youxuQueue && !(await youxuQueue.entries(await youxuQueue.about('who'))).length"
CACHED = """async () => {
  const kept = [];
  for (const name of await caches.keys()) for (const one of await (await caches.open(name)).keys()) kept.push(new URL(one.url).pathname);
  return [...new Set(kept.filter((path) => !path.startsWith("/static/")))];
}"""
CAMERA = """
  navigator.mediaDevices.getUserMedia = async () => document.createElement("canvas").captureStream();
  HTMLMediaElement.prototype.play = async () => {};
  globalThis.BarcodeDetector = class {
    static getSupportedFormats = async () => ["data_matrix", "qr_code"];
    detect = async () => [{ rawValue: globalThis.CODE }];
  };
"""


def task_of(number: str) -> str:
    with db.transaction(write=False):
        order = db.session().scalars(select(Order).where(Order.number == number)).one()
        return open_tasks_of(Subject("order", order.id))[0].id


def state_of(task_id: str) -> str:
    with db.transaction(write=False):
        return get_task(task_id).status


def until(page: Page, script: str) -> None:
    """Wait for a promise of the page to be true; the page may be loaded anew meanwhile."""
    for _try in range(100):
        with suppress(Error):
            if page.evaluate(script):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"never came true: {script}")


def forgive(faults: list[str]) -> None:
    """Without a network the browser complains of each thing that it could not fetch."""
    faults[:] = [one for one in faults if "ERR_INTERNET_DISCONNECTED" not in one]


def keys_used() -> int:
    with db.transaction(write=False):
        return db.session().scalar(select(func.count()).select_from(IdempotencyKey)) or 0


def test_decisions_without_a_network(site, sign_in):
    goods = {"customer": solid(site).id, "product": costly(site).id, "quantity": 3}
    with clock.moved(NOON), db.transaction():
        sales = find_by_login("sales")
        assert sales is not None
        orders = [intake.take_in(actor_of(sales), given_order("direct", **goods)).order for _place in range(3)]
        numbers = [order.number for order in orders]
    first, second, third = (task_of(number) for number in numbers)
    person = sign_in("desk", "zh_Hans", "phone")
    page, context = person.page, person.page.context
    person.go("/inbox?tab=groups")
    page.wait_for_function(CONTROLLED)
    page.on("console", lambda _said: forgive(person.faults))

    # The open page is decided and kept; any other says what is going on, and nothing of anybody is stored.
    person.go(f"/tasks/{first}")
    bar = page.locator(".decision-buttons").bounding_box()
    assert bar["y"] + bar["height"] <= 844 - 50
    assert all(button.bounding_box()["height"] >= 44 for button in page.locator(".decision-buttons button").all())
    context.set_offline(True)
    page.locator("button[value=approve]").click()
    page.wait_for_selector(".waiting-bar >> text=1 项等待发送")
    assert state_of(first) == "open"
    page.goto(f"{site.url}/inbox")
    page.wait_for_selector("text=您已离线")
    page.wait_for_selector(f".waiting-list >> text={numbers[0]}")
    assert page.evaluate(CACHED) == ["/offline"]

    # Back again: sent, once. Sent again, as when the answer was lost, it gets the same answer.
    before = keys_used()
    (entry,) = page.evaluate(WAITING)
    context.set_offline(False)
    until(page, NOTHING_WAITS)
    assert state_of(first) == "completed"
    again = f"const entry = {json.dumps(entry)}; await youxuQueue.put(entry); await youxuQueue.send(); return true;"
    until(page, f"async () => {{ {again} }}")  # the page is loaded anew, now that there is a network
    until(page, NOTHING_WAITS)
    assert keys_used() == before + 1

    # Somebody else took the next one meanwhile: refused in words. A signed one is not kept at all.
    person.go(f"/tasks/{second}")
    context.set_offline(True)
    page.locator("button[value=approve]").click()
    page.wait_for_selector(".waiting-bar")
    with db.transaction():
        colleague = find_by_login("desk2")
        assert colleague is not None
        tasks.claim(actor_of(colleague), second)
    context.set_offline(False)
    page.wait_for_selector(".waiting-bar >> text=1 项未发送")
    page.click(".waiting-bar")
    page.wait_for_selector(".waiting-list >> text=被拒绝")
    page.get_by_role("button", name="丢弃").click()
    until(page, NOTHING_WAITS)
    person.go(f"/tasks/{third}")
    form = "form => form.insertAdjacentHTML('beforeend', '<input type=password name=password value=secret>')"
    page.locator("#decision").evaluate(form)
    context.set_offline(True)
    page.locator("button[value=approve]").click()
    page.wait_for_selector("text=需要签名的决定必须联网")
    assert page.evaluate(WAITING) == []

    # Back to the answer of a decision that was refused: it is not sent again, and the network is not missing.
    context.set_offline(False)
    person.go(f"/tasks/{third}")
    page.locator("#decision").evaluate("form => { form.noValidate = true }")
    page.locator("button[value=rework]").evaluate("button => { delete button.dataset.needs }")  # else asked for here
    page.locator("button[value=rework]").click()
    page.wait_for_url("**/complete")
    page.locator("main a[href^='/orders/']").first.click()
    page.wait_for_url("**/orders/**")
    page.go_back()
    page.wait_for_url(f"**/tasks/{third}")
    page.locator("button[value=approve]").wait_for()
    assert page.evaluate(WAITING) == []
    assert (page.url, state_of(third)) == (f"{site.url}/tasks/{third}", "open")

    # The network is gone and nobody knows yet: the service worker keeps what was on its way.
    context.set_offline(False)
    person.go(f"/tasks/{third}")
    context.set_offline(True)
    page.evaluate("() => Object.defineProperty(navigator, 'onLine', { get: () => true })")
    page.locator("button[value=approve]").click()
    page.wait_for_selector("text=您的决定已保存在本机")
    assert state_of(third) == "open"
    context.set_offline(False)
    until(page, NOTHING_WAITS)
    assert state_of(third) == "completed"

    # Signing out asks before it deletes what could not be sent, and forgets whose device it was.
    person.go("/inbox")
    page.evaluate("async (entry) => youxuQueue.put({ ...entry, key: 'left', state: 'refused', reason: 'x' })", entry)
    page.click("details.drop summary")
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("button", name="退出并删除").click()
    page.wait_for_url("**/login")
    site.cookies.pop("desk")
    assert page.evaluate("async () => [await youxuQueue.about('who'), await youxuQueue.entries(null)]") == [None, []]


def test_told_by_push_and_a_code_scanned(site, sign_in, whole):
    with db.transaction():
        pushing.make_key()
    person = sign_in("warehouse", "en", "phone", by=whole)
    page, context = person.page, person.page.context
    context.grant_permissions(["notifications"], origin=site.url)
    page.add_init_script(CAMERA)
    person.go("/inbox")
    page.wait_for_function(CONTROLLED)
    address = page.evaluate("() => document.querySelector('link[rel=manifest]').href")
    manifest = page.request.get(address).json()
    assert (manifest["short_name"], manifest["lang"], manifest["display"]) == ("Youxu", "en", "standalone")
    for icon in manifest["icons"]:
        assert page.request.get(site.url + icon["src"]).headers["content-type"] == "image/png"

    person.go("/account/notices")
    key = pushing.text_of(b"\x00" * 16)
    with db.transaction(write=False):
        point = pushing.known_key()
    made = {"endpoint": "https://push.example/1", "keys": {"p256dh": point, "auth": key}}
    page.evaluate("(made) => { PushManager.prototype.subscribe = async () => made; }", made)
    page.get_by_role("button", name="Let this device tell me").click()
    page.wait_for_selector("text=This device will tell you.")
    person.look_at_both_sizes()
    devtools = context.new_cdp_session(page)
    found: list[dict[str, str]] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
    devtools.send("ServiceWorker.enable")
    page.wait_for_timeout(200)
    number = next(one["registrationId"] for one in found if one["scopeURL"].startswith(site.url))
    told = json.dumps({"title": "Ann mentioned you", "body": "Approve, SO-1", "url": "/notices", "tag": "n1"})
    for _twice in range(2):
        devtools.send("ServiceWorker.deliverPushMessage", {"origin": site.url, "registrationId": number, "data": told})
    shown = "async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((one) => one.title)"
    until(page, f"async () => (await ({shown})()).length > 0")
    page.wait_for_timeout(300)
    assert page.evaluate(shown) == ["Ann mentioned you"]

    person.go("/scan")
    product = costly(site)
    page.evaluate("(code) => { globalThis.CODE = code; }", f"]d201{product.udi_di}")
    page.get_by_role("button", name="Use the camera").click()
    page.wait_for_url(f"**/products/{product.id}")
    person.go("/scan")
    page.keyboard.type(f"01{product.udi_di}10NONE")
    page.keyboard.press("Control+]")
    page.keyboard.type("21S1")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=its lot NONE is not in our stock")
    person.look_at_both_sizes()

    person.go(f"/stock/{product.id}")
    box = page.get_by_label("Scan the label")
    box.fill("(01)06999999999997(10)L9")
    box.press("Enter")
    page.wait_for_selector("text=Blocked. No product of ours has this code")
    box.fill(f"(01){product.udi_di}(10)L9(11)260601(17)290600")
    box.press("Enter")
    page.wait_for_selector("text=Right:")
    given = [page.input_value(f"[name={name}]") for name in ("lot_no", "made_on", "expires_on")]
    assert given == ["L9", "2026-06-01", "2029-06-30"]
    person.look_at_both_sizes()
