// [data-insert="data.order.number"]: a click puts it into the expression that had the cursor last ([data-expression]).
// [data-refreshes]: a choice that changes which fields the form has presses its hidden [data-refresh] button.
import { toast } from "./toasts.js";
import { text } from "./texts.js";

let last = null;

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-expression]")) last = event.target;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-insert]");
  if (!button) return;
  if (!last?.isConnected) return toast(text("First put the cursor into a field of a rule."), "warning");
  const { selectionStart: from, selectionEnd: to } = last;
  last.focus();
  last.setRangeText(button.dataset.insert, from ?? last.value.length, to ?? last.value.length, "end");
  last.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-refreshes]")) event.target.form?.querySelector("[data-refresh]")?.click();
});
