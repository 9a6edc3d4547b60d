// form[data-select]: ticks in a list ([name=instance]), all on the page, all that match on every page; what needs a choice.
function refresh(form) {
  const ticks = [...form.querySelectorAll("tbody input[type=checkbox][name=instance]")];
  const everything = form.querySelector("[data-select-all-pages]")?.checked ?? false;
  const chosen = ticks.filter((one) => one.checked).length;
  const page = form.querySelector("[data-select-page]");
  if (page) {
    page.checked = chosen > 0 && chosen === ticks.length;
    page.indeterminate = chosen > 0 && chosen < ticks.length;
  }
  for (const one of ticks) one.closest("tr").classList.toggle("is-chosen", everything || one.checked);
  for (const button of form.querySelectorAll("[data-select-needed]")) button.disabled = !chosen && !everything;
  const count = form.querySelector("[data-select-count]");
  if (!count) return;
  const label = form.querySelector("[data-select-all-pages]")?.closest("label")?.textContent.trim();
  count.textContent = everything ? label : chosen ? count.dataset.some.replace("{n}", chosen) : count.dataset.none;
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-select]");
  if (!form) return;
  if (event.target.matches("[data-select-page]")) {
    for (const one of form.querySelectorAll("tbody input[type=checkbox][name=instance]")) one.checked = event.target.checked;
  }
  refresh(form);
});

/** Make the selectable lists of new content work. */
export function watchSelections(root) {
  for (const form of root.querySelectorAll?.("form[data-select]") ?? []) refresh(form);
}
addEventListener("pageshow", () => watchSelections(document));
