import { all, make, once } from "./dom.js";
import { text } from "./texts.js";

// --- data-guard: leaving a changed form asks first (="unsaved": it came back as it was written, not saved yet) ------
// --- data-once: so does leaving what is shown only once, until it is copied -----------------------------------------
let leaving = false;

function contentOf(form) {
  return new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value?.name ?? value)])).toString();
}

/** Has the person written something into the form since it came? */
export function changed(form) {
  return form.yxBefore !== undefined && (form.dataset.guard === "unsaved" || contentOf(form) !== form.yxBefore);
}

addEventListener("beforeunload", (event) => {
  if (leaving) return;
  if (document.querySelector("[data-once]") || [...document.querySelectorAll("form[data-guard]")].some(changed)) event.preventDefault();
});

function taken(shown) {
  shown?.closest?.("[data-once]")?.removeAttribute("data-once");
}

document.addEventListener("copy", () => taken(getSelection()?.anchorNode?.parentElement));

// --- a form is sent once, however often the button is pressed -------------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || form.closest(".fjs-container")) return;
  leaving = !form.target;
  if (form.method !== "post" || form.matches("[hx-post], [hx-put], [hx-delete], [hx-patch]")) return;
  setTimeout(() => form.querySelectorAll("[type=submit]").forEach((button) => button.setAttribute("aria-busy", "true")));
  setTimeout(() => {
    leaving = false;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  }, 8000);
});
addEventListener("pageshow", () => {
  leaving = false;
  document.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
});

// --- data-shows="channel=tender|distributor": a section for some values of a field ----------------------------------
function valueOf(form, name) {
  const field = form.elements.namedItem(name);
  if (field instanceof RadioNodeList) return field.value;
  return field?.type === "checkbox" ? (field.checked ? field.value : "") : (field?.value ?? "");
}

function showSections(form) {
  for (const section of form.querySelectorAll("[data-shows]")) {
    const [name, values = ""] = section.dataset.shows.split("=");
    const shown = values.split("|").includes(valueOf(form, name.trim()));
    section.hidden = !shown;
    for (const field of section.querySelectorAll("input, select, textarea, button")) field.disabled = !shown; // nor sent, nor required
  }
}

// --- data-rows="lines": rows made from <template>, names renumbered lines-0-…, lines-1-… -----------------------------
function renumber(holder) {
  const prefix = holder.dataset.rows;
  const pattern = new RegExp(`((?:^|[\\s-])${prefix}[-.])(?:\\d+|__index__)(?=[-.])`, "g");
  const rows = rowsOf(holder);
  rows.forEach((row, index) => {
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const name of ["name", "id", "for", "aria-describedby", "aria-controls", "aria-labelledby"]) {
        const given = element.getAttribute(name);
        if (given) element.setAttribute(name, given.replace(pattern, `$1${index}`));
      }
    }
    for (const number of row.querySelectorAll("[data-row-number]")) number.textContent = String(index + 1);
  });
  const least = Number(holder.dataset.least ?? 1);
  for (const button of holder.querySelectorAll("[data-row-remove]")) button.disabled = rows.length <= least;
  const most = Number(holder.dataset.most ?? 200);
  for (const button of addersOf(holder)) button.disabled = rows.length >= most;
}

const rowsOf = (holder) => [...holder.querySelectorAll("[data-row]")];
const addersOf = (holder) => (holder.closest("form") ?? holder).querySelectorAll("[data-row-add]");

/** Told to screen readers only, politely. */
export function say(sentence) {
  const status = document.getElementById("flashes");
  if (!status) return;
  const spoken = make("div", { class: "visually-hidden" }, sentence);
  status.append(spoken);
  setTimeout(() => spoken.remove(), 2000);
}

function addRow(holder) {
  const template = holder.querySelector("template") ?? holder.closest("form").querySelector("template[data-row-template]");
  const rows = rowsOf(holder);
  const piece = template.content.cloneNode(true);
  const row = piece.querySelector("[data-row]");
  if (rows.length) rows.at(-1).after(piece);
  else template.before(piece);
  renumber(holder);
  if (holder.closest("form")?.querySelector("[data-shows]")) showSections(holder.closest("form"));
  holder.dispatchEvent(new CustomEvent("youxu:added", { bubbles: true, detail: row }));
  row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  say(text("Row {n} added", { n: rows.length + 1 }));
}

function removeRow(button) {
  const row = button.closest("[data-row]");
  const holder = row.closest("[data-rows]");
  const rows = rowsOf(holder);
  const at = rows.indexOf(row);
  row.remove();
  renumber(holder);
  const near = rowsOf(holder)[Math.max(0, at - 1)];
  (near?.querySelector("[data-row-remove]:not(:disabled)") ?? near?.querySelector("input, select") ?? addersOf(holder)[0])?.focus();
  holder.dispatchEvent(new Event("change", { bubbles: true }));
  say(text("Row {n} removed", { n: at + 1 }));
}

document.addEventListener("click", (event) => {
  const add = event.target.closest?.("[data-row-add]");
  if (add) return addRow(add.closest("[data-rows]") ?? add.closest("form").querySelector("[data-rows]"));
  const remove = event.target.closest?.("[data-row-remove]");
  if (remove) return removeRow(remove);
  const copy = event.target.closest?.("[data-copy]");
  if (copy) {
    taken(copy);
    navigator.clipboard?.writeText(copy.dataset.copy || copy.textContent.trim()).then(() => say(text("Copied")));
  }
});

document.addEventListener("change", (event) => {
  const form = event.target.form ?? event.target.closest?.("form");
  if (!form || event.target.closest(".fjs-container")) return;
  if (form.querySelector("[data-shows]")) showSections(form);
  if (event.target.closest("[data-autosubmit]")) form.requestSubmit();
});

/** Make the forms of new content work. */
export function watchForms(root) {
  for (const holder of all(root, "[data-rows]")) if (once(holder, "rows")) renumber(holder);
  for (const form of all(root, "form")) {
    if (form.querySelector("[data-shows]")) showSections(form);
    if (form.matches("[data-guard]") && once(form, "guard")) setTimeout(() => (form.yxBefore = contentOf(form)));
  }
  for (const summary of all(root, "[data-focus]")) if (once(summary, "focus")) summary.focus();
}
