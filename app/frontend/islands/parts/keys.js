import { make, typing } from "./dom.js";
import { text } from "./texts.js";

// j/k or arrows move in lists ([data-list], rows with data-href or [data-item]), Enter opens, / searches, ? helps.
const KEPT = "youxu.single-keys";
const added = []; // keys of one kind of page: {key, what, act, there}

/** A key of pages where `there()` holds: `act()` answers whether it did something; `what` says it in the help. */
export function addKey(key, what, act, there) {
  added.push({ key, what, act, there });
}

const on = () => {
  try {
    return localStorage.getItem(KEPT) !== "off";
  } catch {
    return true;
  }
};

function items() {
  return [...document.querySelectorAll("[data-list] tr[data-href], [data-list] [data-item]")].filter((row) => row.offsetParent);
}

function addressOf(row) {
  return row.dataset.href || row.querySelector("a[href]")?.href;
}

function move(step) {
  const rows = items();
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.classList.contains("is-here"));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
  stand(next);
  return true;
}

/** Choose the row among its list's; with the keyboard's focus unless told otherwise. */
export function stand(next, { focus = true, block = "nearest" } = {}) {
  for (const row of items()) {
    row.classList.toggle("is-here", row === next);
    row.tabIndex = row === next ? 0 : -1;
  }
  if (focus) next.focus({ preventScroll: true });
  next.scrollIntoView({ block });
}

function open(row) {
  const address = row && addressOf(row);
  if (!address) return false;
  location.assign(address);
  return true;
}

function help() {
  if (document.querySelector("dialog.ask")) return;
  const lines = [
    ["j ↓", "Next in the list"],
    ["k ↑", "Previous in the list"],
    ["Enter", "Open the chosen entry"],
    ["/", "Go to the search"],
    ...added.filter((one) => one.there()).map((one) => [one.key, one.what]),
    ["?", "Show this help"],
    ["Esc", "Close what is open"],
  ];
  const list = make("dl", { class: "keys" });
  for (const [keys, what] of lines) {
    list.append(make("dt", {}, ...keys.split(" ").flatMap((key) => [make("kbd", {}, key), " "])), make("dd", {}, text(what)));
  }
  const choice = make("input", { type: "checkbox", class: "form-check-input", checked: on() });
  choice.addEventListener("change", () => localStorage.setItem(KEPT, choice.checked ? "on" : "off"));
  const dialog = make(
    "dialog",
    { class: "ask", "aria-labelledby": "keys-title" },
    make(
      "form",
      { method: "dialog" },
      make("h2", { id: "keys-title" }, text("Keyboard shortcuts")),
      list,
      make("label", { class: "form-check" }, choice, make("span", { class: "form-check-label" }, text("Use single-key shortcuts"))),
      make("div", { class: "button-row" }, make("button", { class: "btn btn-primary", autofocus: true }, text("Close"))),
    ),
  );
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus?.();
  });
  document.body.append(dialog);
  dialog.showModal();
}

function search() {
  const near = document.querySelector("[data-search-here]");
  const box = near?.offsetParent ? near : document.getElementById("search");
  box?.focus();
  box?.select();
  return box != null;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const row = event.target.closest?.("[data-list] tr[data-href], [data-list] [data-item]");
  if (event.key === "Enter" && row === event.target) return void (open(row) && event.preventDefault());
  if (row && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    return void (move(event.key === "ArrowDown" ? 1 : -1) && event.preventDefault());
  }
  if (!on()) return;
  const act = { j: () => move(1), k: () => move(-1), "/": search, "?": () => (help(), true) }[event.key] ?? added.find((one) => one.key === event.key && one.there())?.act;
  if (act?.()) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-shortcuts]")) return help();
  const row = event.target.closest?.("tr[data-href], [data-item][data-href]");
  if (!row || event.target.closest("a, button, input, select, textarea, label, summary")) return;
  if (String(getSelection())) return; // the person is marking text
  if (event.ctrlKey || event.metaKey) window.open(addressOf(row), "_blank", "noopener");
  else open(row);
});

// A list that is swapped for a newer one keeps the chosen row; rows that were not there before are shown so.
const before = new WeakMap();

document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  const rows = [...target.querySelectorAll("[data-list] tr[id], [data-list] [data-item][id]")];
  if (!rows.length) return;
  const here = rows.find((row) => row.classList.contains("is-here"));
  before.set(target, { ids: new Set(rows.map((row) => row.id)), here: here?.id, focused: here === document.activeElement });
});

document.addEventListener("htmx:afterSettle", ({ detail: { target } }) => {
  const last = before.get(target);
  if (!last) return;
  before.delete(target);
  for (const row of target.querySelectorAll("[data-list] tr[id], [data-list] [data-item][id]")) {
    row.classList.toggle("is-new", !last.ids.has(row.id));
    if (row.id !== last.here) continue;
    row.classList.add("is-here");
    row.tabIndex = 0;
    if (last.focused) row.focus({ preventScroll: true });
  }
});
