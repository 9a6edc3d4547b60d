import htmx from "htmx.org";
import { make, typing } from "./dom.js";
import { changed } from "./forms.js";
import { text } from "./texts.js";
import { toast } from "./toasts.js";

// data-live="/inbox/stamp": every two seconds ask for the stamp (a short text, or an ETag with 304); when it differs,
// the element gets the event "changed" (hx-trigger="changed"). Silent while the tab is hidden; slower while the server is away.
const PAUSE = 2000;
const LONGEST = 30000;
const tags = new Map(); // address → {tag, stamp} of the last answer
let failures = 0;
let timer = 0;
let signedOut = false;

function listeners() {
  const byAddress = new Map();
  for (const element of document.querySelectorAll("[data-live]")) {
    const address = element.dataset.live;
    byAddress.set(address, [...(byAddress.get(address) ?? []), element]);
  }
  return byAddress;
}

/** Somebody is writing in it: new content would take away what they wrote. It comes when they are done. */
function busy(element) {
  const inside = element.contains(document.activeElement) && typing(document.activeElement);
  return inside || element.querySelector("dialog[open]") !== null || [...element.querySelectorAll("form[data-guard]")].some(changed);
}

async function currentStamp(address) {
  const last = tags.get(address);
  const headers = { Accept: "text/plain, application/json;q=0.5", "HX-Request": "true" };
  if (last?.tag) headers["If-None-Match"] = last.tag;
  const answer = await fetch(address, { headers, cache: "no-store", credentials: "same-origin" });
  if (answer.status === 304) return last.stamp;
  if (answer.status === 401) {
    signedOut = true;
    toast(text("You are signed out. Open the page again to sign in."), "warning");
    return null;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  const tag = answer.headers.get("ETag");
  const stamp = (await answer.text()) || tag;
  tags.set(address, { tag, stamp });
  return stamp;
}

async function look(address, elements) {
  const stamp = await currentStamp(address);
  if (stamp === null) return;
  for (const element of elements) {
    const seen = element.yxStamp ?? element.dataset.stamp ?? stamp;
    if (seen !== stamp && busy(element)) continue;
    element.yxStamp = stamp;
    if (seen !== stamp) htmx.trigger(element, "changed");
  }
}

function tellLost() {
  const shown = document.querySelector(".live-lost");
  if (failures >= 2 && !shown) {
    document.body.append(make("div", { class: "live-lost", role: "status" }, text("No connection to the server. Trying again…")));
  } else if (failures === 0) shown?.remove();
}

async function tick() {
  clearTimeout(timer);
  if (document.hidden || signedOut) return;
  const waiting = listeners();
  if (waiting.size) {
    try {
      await Promise.all([...waiting].map(([address, elements]) => look(address, elements)));
      failures = 0;
    } catch {
      failures += 1;
    }
    tellLost();
  }
  clearTimeout(timer);
  timer = setTimeout(tick, Math.min(PAUSE * 2 ** Math.min(failures, 4), LONGEST));
}

document.addEventListener("visibilitychange", () => !document.hidden && tick());
tick();

// Counts beside the menu entries: with every change seen, and now and then.
const NOW_AND_THEN = 20000;

async function refreshBadges() {
  const nav = document.querySelector("[data-badges]");
  if (!nav || document.hidden || signedOut || !document.querySelector("[data-badge]")) return;
  const answer = await fetch(nav.dataset.badges, { headers: { Accept: "application/json" }, cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const counts = await answer.json();
  for (const badge of document.querySelectorAll("[data-badge]")) {
    if (badge.dataset.badge in counts) badge.textContent = counts[badge.dataset.badge];
  }
}

document.addEventListener("changed", refreshBadges);
setInterval(refreshBadges, NOW_AND_THEN);
