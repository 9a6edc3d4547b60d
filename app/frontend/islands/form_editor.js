// A form of a draft in the editor of form-js, and as people will see it. Texts are written in one language at a time: the
// other one stands beside them, in `properties` (label_zh, …) and at options (label_zh), as app/processes/forms.py reads it.
import "./parts/designer_texts.js";
import "@bpmn-io/form-js-viewer/dist/assets/form-js.css";
import "@bpmn-io/form-js-editor/dist/assets/form-js-editor.css";
import "@bpmn-io/form-js-editor/dist/assets/properties-panel.css";
import "@bpmn-io/form-js-editor/dist/assets/dragula.css";
import "../styles/form_editor.css";

import { FormEditor } from "@bpmn-io/form-js-editor";
import { Form } from "@bpmn-io/form-js-viewer";

import { icon, make } from "./parts/dom.js";
import { translateForms } from "./parts/form_editor_words.js";
import { chinese, text } from "./parts/texts.js";

const TEXTS = ["label", "description", "text"];

/** The schema with the Chinese texts in the place of the English ones, which stand where the Chinese ones did. */
function turned(schema, both) {
  const part = (one) => {
    const properties = { ...one.properties };
    const made = { ...one };
    for (const name of TEXTS) [made[name], properties[`${name}_zh`]] = both(made[name], properties[`${name}_zh`]);
    if (one.values) made.values = one.values.map((option) => tidy({ ...option, ...pair(both(option.label, option.label_zh)) }));
    if (one.components) made.components = one.components.map(part);
    const kept = tidy(properties);
    if (Object.keys(kept).length) made.properties = kept;
    else delete made.properties;
    return tidy(made);
  };
  return { ...schema, components: (schema.components ?? []).map(part) };
}

const pair = ([label, label_zh]) => ({ label, label_zh });
const tidy = (given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
const toChinese = (schema) => turned(schema, (english, chineseText) => (english === undefined && chineseText === undefined ? [english, chineseText] : [chineseText ?? english, english]));
const fromChinese = (schema) => turned(schema, (shown, english) => (english === undefined || english === shown ? [shown, undefined] : [english, shown]));
/** For looking at: in one language. */
const inChinese = (schema) => turned(schema, (english, chineseText) => [chineseText ?? english, undefined]);

/** Custom properties hold the texts of the other language: they are written by choosing it, not as properties. */
const withoutProperties = { getGroups: () => (groups) => groups.filter(({ id }) => id !== "custom-values") };

class Editing {
  constructor(place) {
    this.place = place;
    this.revision = place.dataset.revision;
    this.schema = { type: "default", ...JSON.parse(place.dataset.schema) }; // files may leave the type out
    this.saved = JSON.stringify(this.schema);
    this.chinese = chinese;
    this.state = make("span", { class: "modeler-state text-secondary", role: "status" });
    this.notice = make("div");
    this.box = make("div", { class: "form-editor-box", role: "group", "aria-label": text("Form editor") });
    this.seen = make("div", { class: "form-editor-seen" });
    this.language = make("select", { class: "form-select form-select-sm", id: "form-language" }, make("option", { value: "zh" }, text("Chinese")), make("option", { value: "en" }, text("English")));
    this.language.value = chinese ? "zh" : "en";
    this.language.addEventListener("change", () => this.turn());
    this.saver = make("button", { type: "button", class: "btn btn-sm btn-primary" }, icon("check"), make("span", {}, text("Save")));
    this.saver.addEventListener("click", () => this.save());
    const label = make("label", { for: "form-language", class: "text-secondary" }, text("Texts in"));
    const tools = make("div", { class: "modeler-tools", role: "toolbar", "aria-label": text("Form editor") });
    if (place.dataset.save) tools.append(this.saver, this.state);
    tools.append(label, this.language);
    translateForms(place);
    place.append(tools, this.notice);
    if (place.dataset.save) place.append(this.box);
    place.append(make("h3", { class: "form-editor-title" }, text("As people see it")), this.seen);
  }

  async open() {
    this.form = new Form({ container: this.seen });
    if (this.place.dataset.save) {
      this.editor = new FormEditor({ container: this.box });
      this.editor.get("propertiesPanel").registerProvider(withoutProperties, 400);
      this.editor.on("changed", () => this.changed());
      addEventListener("beforeunload", (event) => this.dirty && event.preventDefault());
      document.addEventListener("keydown", (event) => {
        if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "s") return;
        event.preventDefault();
        this.save();
      });
      await this.draw();
      this.schema = this.read(); // the editor writes some things its own way
      this.saved = JSON.stringify(this.schema);
    }
    await this.look();
    this.show();
  }

  get dirty() {
    return JSON.stringify(this.schema) !== this.saved;
  }

  read() {
    const found = this.editor.getSchema();
    return this.chinese ? fromChinese(found) : found;
  }

  async draw() {
    this.drawing = true;
    await this.editor.importSchema(this.chinese ? toChinese(this.schema) : this.schema);
    this.drawing = false;
  }

  async turn() {
    if (this.editor) this.schema = this.read();
    this.chinese = this.language.value === "zh";
    if (this.editor) await this.draw();
    await this.look();
  }

  changed() {
    if (this.drawing) return;
    this.schema = this.read();
    this.show();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.look(), 300);
  }

  look() {
    const shown = this.chinese ? inChinese(this.schema) : turned(this.schema, (english) => [english, undefined]);
    return this.form.importSchema(shown, {});
  }

  show(sentence) {
    this.saver.disabled = !this.dirty || Boolean(this.saving);
    this.state.textContent = sentence ?? text(this.saving ? "Saving…" : this.dirty ? "Not saved yet" : "Nothing changed");
    this.state.classList.toggle("is-dirty", this.dirty);
  }

  async save() {
    if (!this.dirty || this.saving) return;
    const sent = JSON.stringify(this.schema);
    const body = new FormData();
    body.set("form", sent);
    body.set("revision", this.revision);
    body.set("csrf_token", document.querySelector("input[name=csrf_token]").value);
    this.saving = true;
    this.show();
    const answer = await fetch(this.place.dataset.save, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => null);
    const said = (await answer?.json().catch(() => ({}))) ?? {};
    this.saving = false;
    if (answer?.ok) {
      this.revision = said.revision;
      this.saved = sent;
      this.notice.replaceChildren();
      return this.show(this.dirty ? undefined : text("Saved"));
    }
    this.show(text("Not saved: see below."));
    const reasons = Object.values(said.error?.details?.fields ?? {}).flat();
    const sentence = [said.error?.message ?? text("The server did not answer. Nothing was changed; please try again."), ...reasons].join(" ");
    this.notice.replaceChildren(make("div", { class: "note tone-danger", role: "alert" }, icon("alert-triangle"), make("div", {}, sentence)));
  }
}

export async function mount(place) {
  await new Editing(place).open();
}
