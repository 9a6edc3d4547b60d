import { make } from "./dom.js";
import { text } from "./texts.js";

// <input data-suggest="/products/suggest?q=">: a list of suggestions while typing (the ARIA combobox with a listbox).
// The server answers [{"value", "label", "hint", …}]. Choosing puts `value` into the field, shows `label` below it, fills empty fields
// of the same row (or form) that say data-fill="key", and gives the field the events "change" and "youxu:chosen".
// data-suggest-part="list": the field holds several, with commas; "mention": only what follows an @ is looked up.
const PARTS = { list: /[^\s,;，；、]*$/, mention: /(?<![\w@.])@([\w.-]+)$/ };
const WAIT = 160;
let serial = 0;

class Suggestions {
  constructor(field) {
    this.field = field;
    this.items = [];
    this.at = -1;
    this.list = make("ul", { class: "suggest", role: "listbox", id: `suggest-${(serial += 1)}`, hidden: true });
    document.body.append(this.list);
    for (const [name, value] of Object.entries({
      role: "combobox",
      autocomplete: "off",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
    }))
      field.setAttribute(name, value);
    field.addEventListener("input", () => this.wait());
    field.addEventListener("keydown", (event) => this.key(event));
    field.addEventListener("blur", () => setTimeout(() => this.close(), 120));
    addEventListener("scroll", () => this.list.hidden || this.place(), { passive: true });
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(Number(option.dataset.at));
    });
  }

  /** What is being typed: all of the field, or the part before the caret. */
  get typed() {
    const part = PARTS[this.field.dataset.suggestPart];
    if (!part) return this.field.value.trim();
    const found = this.field.value.slice(0, this.field.selectionStart).match(part);
    return found ? (found[1] ?? found[0]) : "";
  }

  wait() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.tellChosen("");
    if (!this.typed) return this.close();
    this.timer = setTimeout(() => this.ask(), WAIT);
  }

  async ask() {
    this.asked = new AbortController();
    const address = this.field.dataset.suggest + encodeURIComponent(this.typed);
    try {
      const answer = await fetch(address, {
        headers: { Accept: "application/json" },
        signal: this.asked.signal,
        credentials: "same-origin",
      });
      if (!answer.ok) return this.close();
      const given = await answer.json();
      this.items = (Array.isArray(given) ? given : (given.items ?? [])).map(asItem);
    } catch {
      return; // given up for a newer question, or no connection
    }
    if (document.activeElement === this.field) this.show();
  }

  show() {
    this.list.replaceChildren(
      ...this.items.map((item, at) =>
        make(
          "li",
          { role: "option", id: `${this.list.id}-${at}`, "data-at": at, "aria-selected": "false" },
          make("b", {}, item.value),
          item.label === item.value ? "" : item.label,
          item.hint ? make("small", {}, item.hint) : null,
        ),
      ),
    );
    if (!this.items.length) this.list.append(make("li", { class: "suggest-none" }, text("Nothing found")));
    this.list.hidden = false;
    this.place();
    this.field.setAttribute("aria-expanded", "true");
    this.mark(this.items.length ? 0 : -1);
  }

  place() {
    const box = this.field.getBoundingClientRect();
    const width = Math.min(Math.max(box.width, 280), innerWidth - 16);
    const below = innerHeight - box.bottom > Math.min(this.list.scrollHeight, 300) + 70 || box.top < innerHeight / 2;
    const room = below ? innerHeight - box.bottom - 12 : box.top - 12;
    Object.assign(this.list.style, {
      left: `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`,
      width: `${width}px`,
      maxHeight: `${Math.min(300, room)}px`,
      top: below ? `${box.bottom + 4}px` : "auto",
      bottom: below ? "auto" : `${innerHeight - box.top + 4}px`,
    });
  }

  mark(at) {
    this.at = at;
    [...this.list.querySelectorAll("[role=option]")].forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === at));
      if (index !== at) return;
      const low = option.offsetTop + option.offsetHeight - this.list.clientHeight + 4;
      this.list.scrollTop = Math.min(Math.max(this.list.scrollTop, low), option.offsetTop - 4);
    });
    if (at < 0) this.field.removeAttribute("aria-activedescendant");
    else this.field.setAttribute("aria-activedescendant", `${this.list.id}-${at}`);
  }

  key(event) {
    if (event.isComposing) return;
    if (this.list.hidden) {
      if (event.key === "ArrowDown" && this.typed) this.ask();
      return;
    }
    const last = this.items.length - 1;
    const moves = { ArrowDown: Math.min(this.at + 1, last), ArrowUp: Math.max(this.at - 1, 0), PageDown: last, PageUp: 0 };
    if (event.key in moves) this.mark(moves[event.key]);
    else if (event.key === "Enter" && this.at >= 0) this.choose(this.at);
    else if (event.key === "Tab" && this.at >= 0) return this.choose(this.at);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(at) {
    const item = this.items[at];
    if (!item) return;
    this.put(item.value);
    if (!this.field.dataset.suggestPart) this.tellChosen(item.label === item.value ? (item.hint ?? "") : item.label);
    const around = this.field.closest("[data-row]") ?? this.field.form ?? document;
    for (const target of around.querySelectorAll("[data-fill]")) {
      const given = item.all[target.dataset.fill];
      if (given != null && !target.value) target.value = given;
    }
    this.close();
    this.field.dispatchEvent(new Event("change", { bubbles: true }));
    this.field.dispatchEvent(new CustomEvent("youxu:chosen", { bubbles: true, detail: item.all }));
  }

  put(value) {
    const { field } = this;
    if (!field.dataset.suggestPart) {
      field.value = value;
      return;
    }
    const end = field.dataset.suggestPart === "list" ? ", " : " ";
    field.setRangeText(value + end, field.selectionStart - this.typed.length, field.selectionStart, "end");
  }

  tellChosen(sentence) {
    let place = this.field.parentElement.querySelector(".suggest-chosen");
    if (!place && sentence) this.field.after((place = make("div", { class: "suggest-chosen", "aria-live": "polite" })));
    if (place) place.textContent = sentence;
  }

  close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }
}

function asItem(given) {
  if (typeof given !== "object") return { value: String(given), label: String(given), all: {} };
  const value = given.value ?? given.sku ?? given.code ?? given.number ?? given.id ?? "";
  return { value: String(value), label: String(given.label ?? given.name ?? value), hint: given.hint ?? given.text, all: given };
}

// Fields come and go with rows and swaps: one is made ready when it is first entered.
document.addEventListener("focusin", (event) => {
  const field = event.target;
  if (field.matches?.("[data-suggest]")) field.yxSuggest ??= new Suggestions(field);
});
