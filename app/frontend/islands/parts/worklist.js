import htmx from "htmx.org";
import { make, typing } from "./dom.js";
import { addKey, stand } from "./keys.js";
import { text } from "./texts.js";

// [data-worklist]: a list that others change while it is read. Who reads it finds nothing moved: rows are renewed where
// they stand, those that left are dimmed, those that came are told of and shown when asked for. Who does not is shown all.
const list = () => document.querySelector("[data-worklist]");
const rowsOf = (root) => [...root.querySelectorAll("[data-list] tr[id]")];
const here = () => list()?.querySelector("tr.is-here") ?? null;
const marked = new Set(); // ids of rows
let index = -1; // of the row that was here when the list was swapped

// --- keys -----------------------------------------------------------------------------------------------------------
const there = () => list() !== null;
addKey("c", "Take the chosen task", take, there);
addKey("x", "Mark the entry, or no more", mark, there);
addKey("r", "Show what is new", renew, () => there() && document.querySelector(".worklist-news") !== null);

function take() {
  const button = here()?.querySelector("form[action$='/claim'] button");
  button?.click();
  return button != null;
}

function mark() {
  const row = here();
  if (!row) return false;
  if (!boxOf(row)) return false;
  boxOf(row).click();
  return true;
}

const boxOf = (row) => row.querySelector("input[name=task]");

// Boxes of rows, the one above them for all, and the bar that appears as soon as one is chosen.
document.addEventListener("change", ({ target }) => {
  const root = target.closest?.("[data-worklist]");
  if (!root) return;
  const rows = target.matches("[data-pick-all]") ? rowsOf(root) : [target.closest("tr[id]")];
  for (const row of rows.filter((one) => one && boxOf(one) && !boxOf(one).disabled)) {
    if (target.checked) marked.add(row.id);
    else marked.delete(row.id);
  }
  showAll(root);
});

document.addEventListener("reset", ({ target }) => {
  if (target.id !== "pick") return;
  marked.clear();
  setTimeout(() => showAll(list()));
});

function showAll(root) {
  const rows = rowsOf(root);
  rows.forEach(show);
  const bar = root.querySelector("#pick");
  if (!bar) return;
  bar.hidden = marked.size === 0;
  const told = text("{n} marked", { n: marked.size });
  const count = bar.querySelector("[data-pick-count]");
  if (count.textContent !== told) count.textContent = told;
  const all = root.querySelector("[data-pick-all]");
  all.checked = marked.size > 0 && marked.size === rows.length;
  all.indeterminate = marked.size > 0 && !all.checked;
}

function show(row) {
  const chosen = marked.has(row.id);
  const box = boxOf(row);
  if (box) box.checked = chosen;
  row.classList.toggle("is-marked", chosen);
  if (chosen) row.setAttribute("aria-selected", "true");
  else row.removeAttribute("aria-selected");
}

// --- what others did ------------------------------------------------------------------------------------------------
function reading(root) {
  return root.contains(document.activeElement) || root.matches(":hover") || marked.size > 0 || here() !== null || scrollY > 200;
}

function renew() {
  document.querySelector(".worklist-news")?.remove();
  htmx.trigger(list(), "renew");
  return true;
}

async function merge(root) {
  const headers = { "HX-Request": "true" };
  const answer = await fetch(root.dataset.worklist, { headers, cache: "no-store", credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const tabs = root.querySelector(".inbox-tabs");
  const newTabs = fresh.querySelector(".inbox-tabs");
  if (tabs && newTabs && !tabs.contains(document.activeElement)) tabs.replaceWith(newTabs);
  const shown = rowsOf(root);
  let gone = 0;
  for (const row of shown) {
    const newer = fresh.getElementById(row.id);
    if (newer) replaceIn(row, newer);
    else gone += 1;
    row.classList.toggle("is-gone", !newer);
    if (newer) row.removeAttribute("title");
    else row.title = text("No longer in this list");
    for (const one of row.querySelectorAll("button, input")) one.disabled = !newer;
    if (!newer) marked.delete(row.id);
  }
  const known = new Set(shown.map((row) => row.id));
  showAll(root);
  tell(rowsOf(fresh).filter((row) => !known.has(row.id)).length, gone);
}

function replaceIn(row, newer) {
  const inside = row !== document.activeElement && row.contains(document.activeElement);
  if (inside || withoutToken(row) === withoutToken(newer)) return;
  row.replaceChildren(...[...newer.childNodes].map((node) => document.importNode(node, true)));
  row.classList.toggle("is-overdue", newer.classList.contains("is-overdue"));
  htmx.process(row);
  show(row);
}

function withoutToken(row) {
  return row.innerHTML.replace(/name="csrf_token" value="[^"]*"/g, "").replace(/ disabled=""/g, "");
}

function tell(come, gone) {
  document.querySelector(".worklist-news")?.remove();
  if (!come && !gone) return;
  const told = [come && text("{n} new", { n: come }), gone && text("{n} gone", { n: gone })].filter(Boolean).join(" · ");
  const button = make("button", { type: "button", class: "btn btn-sm" }, text("Show them"), make("kbd", { "aria-hidden": "true" }, "r"));
  button.addEventListener("click", renew);
  const note = make("div", { class: "worklist-news", role: "status" });
  document.body.append(note);
  note.append(make("span", {}, told), button); // after it is there, so that it is read out
}

document.addEventListener("changed", ({ target: root }) => {
  if (!root.matches?.("[data-worklist]")) return;
  if (reading(root) && rowsOf(root).length) merge(root);
  else htmx.trigger(root, "renew");
});

// --- the place is kept: through a swap, and after a task was opened and left ------------------------------------------
const KEPT = "youxu.worklist";

document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  if (target.matches?.("[data-worklist]")) index = rowsOf(target).findIndex((row) => row.classList.contains("is-here"));
});

document.addEventListener("htmx:afterSettle", ({ detail: { target } }) => {
  if (!target.matches?.("[data-worklist]")) return;
  const rows = rowsOf(target);
  const ids = new Set(rows.map((row) => row.id));
  for (const id of [...marked]) if (!ids.has(id)) marked.delete(id);
  showAll(target);
  document.querySelector(".worklist-news")?.remove();
  if (index >= 0 && rows.length && !here()) stand(rows[Math.min(index, rows.length - 1)], { focus: !typing(document.activeElement) });
  index = -1;
});

let opened = null; // a row that was clicked

document.addEventListener(
  "click",
  ({ target }) => {
    if (!target.closest?.("input")) opened = target.closest?.("[data-worklist] tr[id]") ?? opened;
  },
  true,
);

addEventListener("pagehide", () => {
  const root = list();
  const row = root && (opened ?? here());
  if (!row) return;
  remember({ address: location.pathname + location.search, row: row.id, index: rowsOf(root).indexOf(row) });
});

function remember(place) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(place));
  } catch {
    // a browser that keeps nothing: the list opens at its top
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}

/** Where the reader was in the list; on other pages, the way back to it. */
export function watchWorklists(root) {
  if (root !== document.body) return;
  const place = remembered();
  if (!place) return;
  for (const link of document.querySelectorAll("a.page-back[href='/inbox']")) link.href = place.address;
  const shown = list();
  if (!shown || place.address !== location.pathname + location.search) return;
  const rows = rowsOf(shown);
  const row = document.getElementById(place.row) ?? rows[Math.min(place.index, rows.length - 1)];
  if (row) stand(row, { focus: document.activeElement === document.body, block: "center" });
}
addEventListener("pageshow", (event) => event.persisted && watchWorklists(document.body));
