// What waits to be sent: decisions made without a network are kept, shown, and sent when it is back (worker/queue.js).
import "../../worker/queue.js";

import { ask } from "./dialog.js";
import { icon, make } from "./dom.js";
import { told } from "./phone_texts.js";
import { chinese } from "./texts.js";
import { toast } from "./toasts.js";

const queue = globalThis.youxuQueue;
const AGAIN = 30000;
const PROBE = 3000;
const user = document.body.dataset.user ?? null;
const usable = "indexedDB" in globalThis;

let reached = navigator.onLine; // what the browser believes; on the page "offline" what the server answers

async function mine() {
  const owner = await queue.about("who");
  return owner ? queue.entries(owner) : [];
}

// --- deciding without a network ---------------------------------------------------------------------------------
function leave(form) {
  delete form.yxBefore; // nothing here is unsaved any more
}

async function keep(form, submitter) {
  const data = new FormData(form, submitter);
  const url = new URL(form.action).pathname.replace(/^\/tasks\/([^/]+)\/complete$/, "/waiting/decisions/$1");
  const entry = await queue.entryOf(data, url).catch(() => null);
  if (!entry) return toast(told("A decision that has to be signed needs a network: a password is never stored. Nothing was sent."), "danger");
  try {
    await queue.put(entry);
  } catch {
    return toast(told("This device keeps no more. Send what waits first."), "danger");
  }
  navigator.serviceWorker?.ready.then((ready) => ready.sync?.register("waiting")).catch(() => {});
  leave(form);
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  toast(told("Kept on this device. It is sent when there is a network."), "success");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!usable || !form.matches("[data-queue]") || event.defaultPrevented || event.submitter?.hasAttribute("formaction")) return;
  if (navigator.onLine) return; // should it fail on the way, the service worker keeps it
  event.preventDefault();
  keep(form, event.submitter);
});

// --- the bar that says what waits, and the page that lists it ----------------------------------------------------
async function show() {
  const entries = await mine();
  const refused = entries.filter((entry) => entry.state === "refused").length;
  const waiting = entries.length - refused;
  bar(waiting, refused);
  page(entries, waiting);
}

function bar(waiting, refused) {
  document.querySelector(".waiting-bar")?.remove();
  if (document.querySelector("[data-waiting-page]") || (reached && !waiting && !refused)) return;
  const parts = [];
  if (!reached) parts.push(told("You are offline."));
  if (waiting) parts.push(told("{n} waiting to be sent", { n: waiting }));
  if (refused) parts.push(told("{n} not sent: see why", { n: refused }));
  const tone = refused ? "danger" : reached ? "info" : "warning";
  const sign = icon(refused ? "alert-triangle" : "cloud-off");
  document.body.append(make("a", { class: `waiting-bar tone-${tone}`, href: "/offline", role: "status" }, sign, make("span", {}, parts.join(" "))));
}

function page(entries, waiting) {
  const place = document.querySelector("[data-waiting-page]");
  if (!place) return;
  for (const part of place.querySelectorAll("[data-when-offline]")) part.hidden = reached;
  for (const part of place.querySelectorAll("[data-when-online]")) part.hidden = !reached;
  place.querySelector("[data-unsent]").hidden = location.hash !== "#unsent";
  place.querySelector("[data-kept]").hidden = location.hash !== "#kept" || !waiting;
  place.querySelector("[data-waiting-none]").hidden = entries.length > 0;
  place.querySelector("[data-waiting-send]").hidden = waiting === 0;
  place.querySelector("[data-waiting-list]").replaceChildren(...entries.map(row));
}

function row(entry) {
  const time = new Date(entry.made).toLocaleString(chinese ? "zh-CN" : "en-GB", { dateStyle: "short", timeStyle: "short" });
  const state = entry.state === "refused" ? told("Refused: {reason}", { reason: entry.reason }) : told("Waits since {time}", { time });
  const discard = make("button", { type: "button", class: "btn", "aria-label": `${told("Discard")}: ${entry.label}` }, told("Discard"));
  discard.addEventListener("click", () => queue.remove(entry.key));
  return make("li", { class: entry.state === "refused" ? "is-refused" : null }, make("div", {}, make("b", {}, entry.label), make("div", {}, state)), discard);
}

// --- sending -----------------------------------------------------------------------------------------------------
async function send() {
  if (!navigator.onLine || !(await mine()).some((entry) => entry.state === "waiting")) return;
  const came = await queue.send();
  if (came.signedOut && !document.querySelector("[data-said-sign-in]")) {
    toast(told("Sign in to send what waits."), "warning");
    document.body.dataset.saidSignIn = "";
  }
}

queue.listen((news) => {
  show();
  if (document.hidden) return;
  if (news.done) toast(told("Sent: {label}", { label: news.done }), "success");
  if (news.refused) toast(told("Not sent: {label}. {reason}", { label: news.label, reason: news.refused }), "danger");
});

// --- whose device this is -----------------------------------------------------------------------------------------
async function begin() {
  if (user) await queue.note("who", user);
  await queue.note("language", chinese ? "zh_Hans" : "en");
  await show();
  await send();
}

async function endPush() {
  const ready = await navigator.serviceWorker?.getRegistration();
  const subscription = await ready?.pushManager?.getSubscription();
  await subscription?.unsubscribe(); // the next person here must not be told what is yours
}

/** Before signing out: send what waits; what is left is deleted with the person's leave. */
async function mayLeave() {
  await send();
  const left = await mine();
  if (left.length && !(await ask(told("{n} of your decisions were not sent yet. Signing out deletes them from this device.", { n: left.length }), { yes: told("Sign out and delete"), tone: "danger" }))) return false;
  await queue.forget(user);
  await queue.note("who", null);
  await Promise.race([endPush().catch(() => {}), new Promise((done) => setTimeout(done, 2000))]);
  return true;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!usable || !form.matches("[data-sign-out]") || form.yxMayLeave) return;
  event.preventDefault();
  if (await mayLeave().catch(() => true)) {
    form.yxMayLeave = true;
    form.requestSubmit();
  }
});

/** On the page "offline": a browser may believe in a network that leads nowhere, so the server itself is asked. */
async function probe() {
  const answered = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) }).then((answer) => answer.ok, () => false);
  if (answered === reached) return;
  reached = answered;
  await show();
  if (!answered) return;
  await send();
  if (location.pathname !== "/offline") location.reload(); // it stands for the page that could not be fetched
}

function turn(online) {
  reached = online;
  show().then(send);
}

if (usable) {
  addEventListener("online", () => turn(true));
  addEventListener("offline", () => turn(false));
  document.addEventListener("visibilitychange", () => !document.hidden && send());
  document.addEventListener("click", (event) => event.target.closest?.("[data-waiting-send]") && send());
  setInterval(() => !document.hidden && send(), AGAIN);
  begin().catch(console.error);
}
if (document.querySelector("[data-waiting-page]")) {
  reached = location.pathname === "/offline" && reached;
  probe();
  setInterval(probe, PROBE);
}

// --- the service worker -------------------------------------------------------------------------------------------
const worker = document.body.dataset.worker;
if (worker && "serviceWorker" in navigator && isSecureContext) {
  addEventListener("load", () => navigator.serviceWorker.register(worker, { scope: "/", updateViaCache: "none" }).catch(console.warn));
}
