// The table view of rules: searching in the list of facts, removing a condition, moving a rule by dragging or with Alt + arrows.
import htmx from "htmx.org";

import { all, make, once } from "./dom.js";

// --- [data-picker]: a search field above a long grouped <select>; what does not match is taken out of the list ---------
function addSearch(picker) {
  const list = picker.querySelector("select");
  const field = make("input", {
    type: "search",
    class: "form-control fact-search",
    placeholder: list.dataset.searchLabel,
    "aria-label": list.dataset.searchLabel,
    autocomplete: "off",
  });
  const groups = [...list.querySelectorAll("optgroup")].map((group) => ({ group, options: [...group.children] }));
  const show = () => {
    const words = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let first = null;
    for (const { group, options } of groups) {
      const fitting = options.filter((one) => one.selected || words.every((word) => one.dataset.search.includes(word)));
      group.replaceChildren(...fitting);
      group.hidden = !fitting.length;
      first ??= fitting.find((one) => words.length && words.every((word) => one.dataset.search.includes(word)));
    }
    return first;
  };
  field.addEventListener("input", (event) => {
    event.stopPropagation(); // the field is no part of the condition
    list.size = field.value.trim() ? 6 : 1;
    show();
  });
  field.addEventListener("change", (event) => event.stopPropagation());
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") list.focus();
    else if (event.key === "Enter") take(show());
    else if (event.key === "Escape") ((field.value = ""), (list.size = 1), show());
    else return;
    event.preventDefault();
  });
  const take = (option) => {
    if (!option) return;
    option.selected = true;
    list.dispatchEvent(new Event("change", { bubbles: true }));
  };
  list.addEventListener("keydown", (event) => event.key === "Enter" && list.size > 1 && (event.preventDefault(), take(list.selectedOptions[0])));
  list.before(field);
}

// --- data-remove=".condition": the surrounding part goes, focus goes to the one before ---------------------------------
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-remove]");
  if (!button) return;
  const part = button.closest(button.dataset.remove);
  const near = part.previousElementSibling ?? part.nextElementSibling ?? part.parentElement;
  part.remove();
  near?.querySelector("select, input:not([type=hidden]), button")?.focus();
});

// --- [data-sortable]: rules are moved by their grip, or with Alt + arrow keys ------------------------------------------
function move(row, before) {
  const values = { before: before?.dataset.rule ?? "", revision: document.getElementById("revision").value };
  htmx.ajax("POST", row.dataset.move, { source: row, values });
}

async function makeSortable(list) {
  const { default: Sortable } = await import("sortablejs");
  Sortable.create(list, {
    handle: ".rule-grip",
    draggable: ".rule-row[data-move]",
    animation: 120,
    onEnd: ({ item, oldIndex, newIndex }) => oldIndex !== newIndex && move(item, item.nextElementSibling),
  });
}

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.(".rule-row[data-move]");
  if (!row || !event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  const before = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling?.nextElementSibling;
  event.preventDefault();
  if (event.key === "ArrowUp" ? before : row.nextElementSibling) move(row, before);
});

/** Make the rules of new content work. */
export function watchRules(root) {
  for (const picker of all(root, "[data-picker]")) if (once(picker, "picker")) addSearch(picker);
  for (const list of all(root, "[data-sortable]")) if (once(list, "sortable")) makeSortable(list);
}
document.addEventListener("youxu:added", (event) => watchRules(event.detail));
