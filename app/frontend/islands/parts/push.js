// "Let this device tell me" on the page of one's notices.
import { told } from "./phone_texts.js";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));

async function hash(text) {
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function look(place, say) {
  if (!isSecureContext) return say(told("Devices can be told only over HTTPS."));
  if (!("serviceWorker" in navigator) || !("PushManager" in globalThis) || !("Notification" in globalThis)) {
    return say(told("This browser cannot be woken. On an iPhone, first add Youxu to the home screen."));
  }
  const [ready, answer] = await Promise.all([navigator.serviceWorker.ready, fetch(place.dataset.key, { headers: { Accept: "application/json" } })]);
  const { key, devices } = await answer.json();
  const subscription = await ready.pushManager.getSubscription();
  const known = subscription ? await hash(subscription.endpoint) : null;
  if (known in devices) {
    const row = document.querySelector(`[data-device="${known}"]`);
    row?.querySelector("[data-device-here]")?.removeAttribute("hidden");
    row?.querySelector("form")?.addEventListener("submit", () => subscription.unsubscribe());
    return say(told("This device tells you."));
  }
  if (Notification.permission === "denied") return say(told("Notifications are blocked for this site in the browser's settings."));
  place.hidden = !key;
  place.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    subscribe(event.target, ready, subscription, key).catch((error) => say(told("This device could not be registered: {reason}", { reason: error.message })));
  });
}

async function subscribe(form, ready, old, key) {
  if ((await Notification.requestPermission()) !== "granted") throw new Error(told("Notifications are blocked for this site in the browser's settings."));
  await old?.unsubscribe(); // of another key or another person
  const made = await ready.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  form.elements.subscription.value = JSON.stringify(made);
  form.submit();
}

for (const place of document.querySelectorAll("[data-push]")) {
  const state = document.querySelector("[data-push-state]");
  look(place, (sentence) => (state.textContent = sentence)).catch((error) => (state.textContent = error.message));
}
