// A form-js form inside a page of ours: its answers travel as JSON in the hidden field "answers" of the page's form.
import { Form } from "@bpmn-io/form-js-viewer";
import "@bpmn-io/form-js-viewer/dist/assets/form-js.css";
import flatpickr from "flatpickr";
import { Mandarin } from "flatpickr/dist/l10n/zh.js";

import { make } from "./parts/dom.js";
import { chinese, text } from "./parts/texts.js";

// form-js has no languages and its reasons are stiff: they are said anew where they come out.
const REASONS = [
  [/^Field is required\.$/, "This is required.", "此项必填。"],
  [/^Field must match pattern (.+)\.$/, "This is not in the right form.", "格式不正确。"],
  [/^Field must have minimum value of (.+)\.$/, "Must be at least $1.", "不能小于 $1。"],
  [/^Field must have maximum value of (.+)\.$/, "Must be at most $1.", "不能大于 $1。"],
  [/^Field must have minimum length of (.+)\.$/, "Must have at least $1 characters.", "至少 $1 个字。"],
  [/^Field must have maximum length of (.+)\.$/, "Must have at most $1 characters.", "最多 $1 个字。"],
  [/^Field must be a valid\s+international phone number.*$/, "Must be a phone number with country code, such as +8613800000000.", "请填写带国家代码的电话号码，例如 +8613800000000。"],
  [/^Field must be a valid email\.$/, "Must be an e-mail address.", "请填写有效的电子邮箱。"],
  [/^Value is not a number\.$/, "Must be a number.", "请填写数字。"],
  [/^Value is expected to be an integer\.$/, "Must be a whole number.", "请填写整数。"],
  [/^Value is expected to have at most (\d+) decimal.*$/, "Must have at most $1 decimals.", "最多 $1 位小数。"],
  [/^Please select a valid value, the two nearest valid values are (.+) and (.+)\.$/, "Not possible; the nearest values are $1 and $2.", "请填写有效值，最接近的是 $1 和 $2。"],
];
const WORDS = {
  Select: "请选择",
  Search: "搜索",
  "No results": "没有结果",
  "All values selected": "已全部选择",
  "Nothing to show.": "没有内容。",
  Increment: "增加",
  Decrement: "减少",
  "Remove tag": "移除",
  "Skip to search": "跳到搜索",
  "Previous page": "上一页",
  "Next page": "下一页",
  "Clear selection": "清除选择",
  Browse: "选择文件",
  "hh:mm": "时:分",
  "hh:mm --": "时:分 --",
  "mm/dd/yyyy": "月/日/年",
  "dd/mm/yyyy": "日/月/年",
  "yyyy/mm/dd": "年/月/日",
  "This is an image placeholder": "图片",
  "Powered by bpmn.io": "由 bpmn.io 提供",
};

function reason(given) {
  const found = REASONS.find(([pattern]) => pattern.test(given));
  return found ? given.replace(found[0], found[chinese ? 2 : 1]) : given;
}

/** Let the form's validator speak the reader's language. */
function speaking(form) {
  const validator = form.get("validator");
  for (const name of ["validateField", "validateFieldInstance"]) {
    const original = validator[name].bind(validator);
    validator[name] = (...given) => original(...given).map(reason);
  }
}

function translateWords(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const word = WORDS[node.data.trim()];
    if (word && !node.parentElement.closest(".fjs-form-field-label, .fjs-form-field-description, option")) node.data = word;
  }
  for (const element of root.querySelectorAll("[placeholder], [aria-label], [title]")) {
    for (const name of ["placeholder", "aria-label", "title"]) {
      const word = WORDS[element.getAttribute(name)];
      if (word) element.setAttribute(name, word);
    }
  }
}

function keepTranslated(place) {
  let due = false;
  const watcher = new MutationObserver(() => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      watcher.disconnect();
      translateWords(place);
      watch();
    });
  });
  const watch = () => watcher.observe(place, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["placeholder", "aria-label", "title"] });
  translateWords(place);
  watch();
}

const WRITTEN = /^\s*(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?\s*$/;

/** The day that was written, year first; none for what is no day. */
function dayOf(written) {
  const [year, month, day] = (WRITTEN.exec(written) ?? []).slice(1).map(Number);
  const made = new Date(year, month - 1, day);
  return made.getMonth() === month - 1 && made.getDate() === day ? made : undefined;
}

/** Fields for a day are read and shown year first, whatever the browser's country: 1/2 is two days, 2027-01-02 is one. */
function readDaysAlike(root) {
  for (const input of root.querySelectorAll(".fjs-datepicker input")) {
    const picker = input._flatpickr;
    if (!picker || picker.config.parseDate === dayOf) continue;
    picker.config.parseDate = dayOf;
    picker.set("dateFormat", "Y-m-d");
    input.placeholder = chinese ? "年-月-日" : "yyyy-mm-dd";
    if (picker.selectedDates.length) picker.setDate(picker.selectedDates, false);
  }
}

function answersField(outer) {
  let field = outer.querySelector("input[name=answers]");
  if (!field) outer.append((field = make("input", { type: "hidden", name: "answers" })));
  return field;
}

function focusFirstError(place) {
  const wrong = place.querySelector(".fjs-has-errors input, .fjs-has-errors textarea, .fjs-has-errors [tabindex], .fjs-has-errors select");
  wrong?.focus();
  (wrong ?? place.querySelector(".fjs-has-errors"))?.scrollIntoView({ block: "center" });
}

const PAUSE = 1200; // ms without a key before what is written is saved

/** Save what is written as one writes; nothing is lost by closing the page or going on elsewhere. */
function keepDraft(form, outer, place) {
  const note = document.getElementById("draft-note");
  let due = null;
  let before = JSON.stringify(form._getSubmitData());
  async function save() {
    due = null;
    const answers = JSON.stringify(form._getSubmitData());
    if (answers === before || !place.isConnected) return;
    const body = new URLSearchParams({ csrf_token: outer.elements.csrf_token?.value ?? "", answers });
    try {
      const answer = await fetch(place.dataset.draft, { method: "POST", body, headers: { Accept: "application/json" }, keepalive: true });
      const told = await answer.json();
      if (answer.ok) before = answers;
      if (note) note.textContent = answer.ok ? told.text : (Object.values(told.error.details?.fields ?? {}).flat().join(" ") || told.error.message);
    } catch {
      if (note) note.textContent = text("The draft is not saved: no connection. What you wrote stays on this page.");
    }
  }
  form.on("changed", () => {
    clearTimeout(due);
    due = setTimeout(save, PAUSE);
  });
  outer.addEventListener("submit", () => clearTimeout(due));
  addEventListener("pagehide", () => due && save());
  addEventListener("submit", (event) => event.target !== outer && due && save(), true); // a file attached, say: the page comes anew
}

/** Does this answer need a field that is empty? It is said at the field, before any question. */
function lacks(form, data, key) {
  const field = key && form.get("formFieldRegistry").getAll().find((one) => one.key === key);
  if (!field || String(data[key] ?? "").trim()) return false;
  form._setState({ errors: { [field.id]: [chinese ? "请填写理由。" : "Please give a reason."] } });
  return true;
}

/** Show data-schema with data-values; fill and check it when the form data-target (or the surrounding one) is sent. */
export async function mount(place) {
  if (chinese) flatpickr.localize(Mandarin);
  const box = make("div", { class: "form-island" });
  place.replaceChildren(box);
  const form = new Form({ container: box });
  speaking(form);
  await form.importSchema(JSON.parse(place.dataset.schema), JSON.parse(place.dataset.values || "{}"));
  if (chinese) keepTranslated(box);
  new MutationObserver(() => readDaysAlike(box)).observe(box, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
  readDaysAlike(box);
  const outer = place.dataset.target ? document.querySelector(place.dataset.target) : place.closest("form");
  box.addEventListener("submit", (event) => event.stopPropagation()); // Enter in a field of the inner form sends nothing
  if (place.dataset.readonly !== undefined) form.setProperty("readOnly", true);
  if (!outer) return;
  if (place.dataset.draft) keepDraft(form, outer, place);
  // On window, so that it comes before the questions of data-confirm and before htmx.
  addEventListener(
    "submit",
    (event) => {
      if (event.target !== outer || !place.isConnected) return;
      if (event.submitter?.formNoValidate) return;
      const { data, errors } = form.submit();
      if (Object.keys(errors).length || lacks(form, data, event.submitter?.dataset.needs)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        requestAnimationFrame(() => focusFirstError(box));
        return;
      }
      answersField(outer).value = JSON.stringify(data);
    },
    true,
  );
}
