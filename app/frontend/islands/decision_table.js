// A decision table, written in place. data-save and data-check take the document as a file; data-facts: what the inputs may ask.
import "dmn-font/dist/css/dmn.css";
import "dmn-js-shared/assets/css/dmn-js-shared.css";
import "dmn-js-decision-table/assets/css/dmn-js-decision-table.css";
import "dmn-js-decision-table/assets/css/dmn-js-decision-table-controls.css";
import "../styles/decision_table.css";

import { prepared } from "./parts/dmn_document.js";
import { editorIn } from "./parts/dmn_editor.js";
import { factModule, factsByName, told } from "./parts/dmn_facts.js";
import { Marks } from "./parts/dmn_marks.js";
import { translateWritten, translating, wordsFor } from "./parts/dmn_words.js";
import { icon, make } from "./parts/dom.js";
import { postDocument } from "./parts/posting.js";
import { chinese, text } from "./parts/texts.js";

const PAUSE = 600;
const LINES = { format: true }; // so that versions can be compared line by line
const MENU = 300; // height of the menu of a cell

class Table {
  constructor(place) {
    this.place = place;
    this.revision = place.dataset.revision;
    this.kinds = JSON.parse(place.dataset.facts);
    this.facts = factsByName(this.kinds);
    const words = wordsFor(chinese);
    this.box = make("div", { class: "table-box", role: "group", "aria-label": text("Decision table") });
    this.state = make("span", { class: "table-state text-secondary", role: "status" });
    this.notice = make("div");
    this.asked = make("dl", { class: "table-asked" });
    translateWritten(this.box, words);
    this.documents = editorIn(this.box, translating(words), [factModule(this.kinds)]);
    this.marks = new Marks(this);
    const small = make("p", { class: "table-small text-secondary" }, text("Easier on a larger screen; everything works here too: move the table sideways with a finger."));
    const heading = make("h2", { class: "table-asked-title" }, text("What the inputs ask"));
    place.append(this.tools(), this.notice, small, this.box, this.marks.list, heading, this.asked);
  }

  async open(xml) {
    const { warnings } = await this.documents.importXML(prepared(xml));
    this.view = this.documents.getActiveViewer();
    this.saved = this.written = (await this.documents.saveXML(LINES)).xml;
    const lost = [...new Set(warnings.map(({ message }) => message.match(/<([\w:.-]+)/)?.[1]).filter(Boolean))];
    if (xml.includes("<!--")) lost.push(text("comments"));
    if (lost.length) this.tell(text("Saving leaves out what the editor does not know: {names}.", { names: lost.join(", ") }), "warning");
    const events = this.view.get("eventBus");
    events.on("commandStack.changed", () => this.changed());
    events.on("cell.contextmenu", 1500, (asked) => this.openMenu(asked));
    events.on("cellSelection.changed", ({ elementId, selection }) => selection?.selected && (this.chosen = elementId));
    addEventListener("beforeunload", (event) => this.dirty && event.preventDefault());
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      this.save();
    });
    this.show();
    this.check();
  }

  // --- what can be done ---------------------------------------------------------------------------------------------
  tools() {
    const button = (name, label, act) => {
      const made = make("button", { type: "button", class: "btn btn-sm", title: text(label) }, icon(name), make("span", {}, text(label)));
      made.addEventListener("click", act);
      return made;
    };
    const does = (action, context) => () => this.actions.trigger(action, context?.());
    this.saver = button("check", "Save", () => this.save());
    this.saver.classList.add("btn-primary");
    this.undo = button("arrow-back-up", "Undo", does("undo"));
    this.redo = button("arrow-forward-up", "Redo", does("redo"));
    for (const known of [this.undo, this.redo]) known.classList.add("is-known"); // their signs say enough on a phone
    return make(
      "div",
      { class: "table-tools", role: "toolbar", "aria-label": text("Decision table") },
      this.saver,
      this.state,
      this.undo,
      this.redo,
      button("plus", "Add a rule", () => this.addRule()),
      button("trash", "Remove the rule", () => this.element?.row && this.root.rows.length > 1 && this.actions.trigger("removeRule", { rule: this.element.row })),
      button("plus", "Add an input", does("addInput")),
      button("plus", "Add an output", does("addOutput")),
      button("trash", "Remove the column", () => this.removeColumn()),
    );
  }

  get actions() {
    return this.view.get("editorActions");
  }

  get root() {
    return this.view.get("sheet").getRoot();
  }

  get dirty() {
    return this.written !== this.saved;
  }

  /** The cell that was chosen last, also when the focus has gone to a button. */
  get element() {
    return this.chosen && this.view.get("elementRegistry").get(this.chosen);
  }

  addRule() {
    const row = this.element?.row;
    const made = row && this.root.rows.includes(row) ? this.actions.trigger("addRuleBelow", { rule: row }) : this.actions.trigger("addRule");
    this.view.get("selection").select(made.cells[0]);
  }

  removeColumn() {
    const column = this.element?.col;
    const alike = this.root.cols.filter((one) => one.businessObject.$type === column?.businessObject.$type);
    if (alike.length < 2) return;
    const input = column.businessObject.$type === "dmn:InputClause";
    this.actions.trigger(input ? "removeInput" : "removeOutput", input ? { input: column } : { output: column });
  }

  /** The library takes the place in the page for that in the window: its menu is elsewhere when the page was scrolled. */
  openMenu(asked) {
    const { event, id } = asked;
    const { clientX: x, clientY: y } = event;
    const { left, right, bottom } = this.box.getBoundingClientRect();
    const fits = bottom - y > MENU;
    event.preventDefault();
    asked.stopPropagation();
    const align = fits ? (x < (left + right) / 2 ? "bottom-right" : "bottom-left") : undefined;
    this.view.get("contextMenu").open({ x, y, align }, { contextMenuType: "context-menu", event, id });
  }

  // --- what was written ---------------------------------------------------------------------------------------------
  async changed() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const { xml } = await this.documents.saveXML(LINES);
    if (turn !== this.turn) return;
    this.written = xml;
    this.show();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.check(), PAUSE);
  }

  show(sentence) {
    const stack = this.view.get("commandStack");
    this.undo.disabled = !stack.canUndo();
    this.redo.disabled = !stack.canRedo();
    this.saver.disabled = !this.dirty || this.saving;
    this.state.textContent = sentence ?? text(this.saving ? "Saving…" : this.dirty ? "Not saved yet" : "Nothing changed");
    this.state.classList.toggle("is-dirty", this.dirty);
    const inputs = this.root.businessObject.input ?? [];
    this.asked.replaceChildren(
      ...inputs.map((input) => make("div", {}, make("dt", {}, make("code", {}, input.inputExpression.text || "–")), make("dd", {}, told(this.facts, input)))),
    );
  }

  send(address) {
    return postDocument(address, this.written, "table.dmn", { revision: this.revision });
  }

  /** One question at a time: proofs about the largest tables take seconds. */
  async check() {
    if (this.checking) return;
    this.checking = true;
    const asked = this.written;
    const { status, said } = await this.send(this.place.dataset.check).catch(() => ({}));
    this.checking = false;
    if (asked !== this.written) this.check();
    else if (status === 200) this.marks.show(said.problems, said.odd);
  }

  async save() {
    if (!this.dirty || this.saving) return;
    const sent = this.written;
    this.saving = true;
    this.show();
    const { status, said } = await this.send(this.place.dataset.save).catch(() => ({}));
    this.saving = false;
    clearTimeout(this.waiting);
    if (status === 200) {
      this.revision = said.revision;
      this.saved = sent;
      this.notice.replaceChildren();
      this.marks.show([], said.odd);
      this.show(this.dirty ? undefined : text("Saved"));
      return;
    }
    this.show(text("Not saved: see below."));
    if (said?.problems) {
      this.marks.show(said.problems, []);
      this.marks.goTo(said.problems[0]);
    } else this.refused(said?.error?.message ?? text("The server did not answer. Nothing was changed; please try again."));
  }

  /** Somebody else saved, the session ended, the server is away: nobody's work is lost by that. */
  refused(sentence) {
    const copy = make("button", { type: "button", class: "btn btn-sm" }, icon("download"), text("Keep a copy"));
    copy.addEventListener("click", () => {
      const address = URL.createObjectURL(new Blob([this.written], { type: "application/xml" }));
      make("a", { href: address, download: "table.dmn" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
    const kept = text("What is written here stands only in this window. Keep a copy before you open the page again.");
    this.tell(`${sentence} ${kept}`, "danger", copy);
  }

  tell(sentence, tone, ...more) {
    this.notice.replaceChildren(make("div", { class: `note tone-${tone}`, role: "alert" }, icon("alert-triangle"), make("div", {}, sentence, " ", ...more)));
  }
}

/** Put the editor in the place of the document in `place`. */
export async function mount(place) {
  const field = place.querySelector("textarea");
  const xml = field.value;
  field.remove();
  await new Table(place).open(xml);
}
