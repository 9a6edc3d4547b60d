// [data-insert="data.order.number"]: a click puts it into the expression that had the cursor last ([data-expression]), in
// the place of what is selected there, or of the name that the click before has just put there.
// [data-refreshes]: a choice that changes which fields the form has presses its hidden [data-refresh] button.
import { toast } from "./toasts.js";
import { text } from "./texts.js";

let last = null;
let put = null; // {field, from, to, name}

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-expression]")) last = event.target;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-insert]");
  if (!button) return;
  if (!last?.isConnected) return toast(text("First put the cursor into a field of a rule."), "warning");
  const name = button.dataset.insert;
  let { selectionStart: from, selectionEnd: to } = last;
  const justPut = put?.field === last && from === to && to === put.to && last.value.slice(put.from, put.to) === put.name;
  if (justPut) from = put.from;
  last.focus();
  last.setRangeText(name, from, to, "end");
  put = { field: last, from, to: from + name.length, name };
  last.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-refreshes]")) event.target.form?.querySelector("[data-refresh]")?.click();
});
