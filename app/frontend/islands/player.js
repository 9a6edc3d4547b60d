// Going through a draft by clicking: each click is one more act of a script, which the server plays from its beginning.
// data-play answers where it comes to; data-keep makes a scenario of it. The last question counts: one that is still
// under way is given up, and what is kept is what is shown.
import "./parts/designer_texts.js";
import "../styles/modeler.css";

import { icon, make } from "./parts/dom.js";
import { look } from "./parts/readers_diagram.js";
import { pick, text } from "./parts/texts.js";

const GIVEN = {
  facts: "Facts that differ from an ordinary order (JSON)",
  decisions: "Decisions instead of the rules (JSON)",
  steps: "What service steps answer (JSON)",
  calls: "What called processes bring back (JSON)",
  variables: "Variables at the start (JSON)",
};
const KINDS = {
  user: "User task",
  timer: "Timer",
  message: "Message",
  signal: "Signal",
  external: "External task",
  call: "Called process",
  trigger: "Goes on when told",
  fault: "Stuck",
  conditional: "Waits for a condition",
};
const NO_ANSWER = "The server did not answer. Nothing was changed; please try again.";
const TOKEN = "youxu-token";

class Player {
  constructor(place) {
    this.place = place;
    this.revision = place.dataset.revision;
    this.diagram = JSON.parse(place.dataset.diagram);
    this.given = {};
    this.acts = []; // as shown
    this.words = {}; // what a form calls its answers: "element value" → label
    this.box = make("div", { class: "compare-canvas player-canvas", tabindex: "0", role: "group", "aria-label": text("Diagram") });
    this.side = make("div", { class: "player-side" });
    this.fault = make("div", { role: "alert" });
    this.setting = this.settings();
    this.kept = this.keeping();
    place.addEventListener("pointerdown", () => this.press());
    place.append(make("div", { class: "player-work" }, make("div", {}, this.fault, this.box, this.setting), this.side));
    this.marked = [];
  }

  async open() {
    this.viewer = await look(this.box, this.diagram.xml, this.diagram.names);
    await this.play();
  }

  /** What is under the finger stays there until it is let go, and the click comes. */
  press() {
    this.pressed = new Promise((done) => {
      for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(done), { once: true });
    });
  }

  async send(address, script, more = {}, signal = undefined) {
    const body = new FormData();
    body.set("script", JSON.stringify(script));
    body.set("revision", this.revision);
    for (const [name, value] of Object.entries(more)) body.set(name, value);
    body.set("csrf_token", document.querySelector("input[name=csrf_token]").value);
    const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin", signal });
    return { ok: answer.ok, said: await answer.json().catch(() => ({})) };
  }

  /** Where the script comes to; null when another question came meanwhile. */
  async ask(script) {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const answer = await this.send(this.place.dataset.play, script, {}, asking.signal).catch(() => ({ ok: false, said: {} }));
    await this.pressed;
    if (this.asking !== asking) return null;
    this.asking = undefined;
    return answer;
  }

  /** Play these acts with what is given, and show it. */
  async play(acts = this.acts, told = "") {
    const script = { given: this.given, do: acts };
    const answer = await this.ask(script);
    if (!answer) return;
    const { ok, said } = answer;
    this.tell(told || (ok ? said.fault : (said.error?.message ?? text(NO_ANSWER))));
    if (ok) this.show(said, script);
  }

  /** One more act; if it cannot be done it stays as it was, with the reason. */
  async act(one) {
    const script = { given: this.given, do: [...this.acts, one] };
    const answer = await this.ask(script);
    if (!answer) return;
    const { ok, said } = answer;
    if (ok && !said.fault) {
      this.tell("");
      return this.show(said, script);
    }
    await this.play(this.acts, ok ? said.fault : (said.error?.message ?? text(NO_ANSWER)));
  }

  tell(sentence) {
    this.fault.replaceChildren(...(sentence ? [make("div", { class: "note tone-danger" }, icon("alert-octagon"), make("div", {}, sentence))] : []));
  }

  // --- what is seen -------------------------------------------------------------------------------------------------
  show(state, script) {
    this.state = state;
    this.script = script;
    this.acts = script.do;
    const canvas = this.viewer.get("canvas");
    const registry = this.viewer.get("elementRegistry");
    for (const [id, marker] of this.marked) canvas.removeMarker(id, marker);
    this.marked = [];
    const put = (ids, marker) => ids.filter((id) => registry.get(id)).forEach((id) => (canvas.addMarker(id, marker), this.marked.push([id, marker])));
    put(state.flows, "is-taken");
    put(state.done, "is-done");
    put(state.active, "is-active");
    put(Object.keys(state.failed), "is-failed");
    const overlays = this.viewer.get("overlays");
    overlays.remove({ type: TOKEN });
    for (const [id, count] of Object.entries(state.tokens))
      if (registry.get(id)) overlays.add(id, TOKEN, { position: { top: -10, left: -10 }, html: make("span", { class: "token" }, count > 1 ? String(count) : null), scale: true });
    this.side.replaceChildren(this.clock(), this.waiting(), this.done(), this.way(), this.kept);
  }

  section(title, ...children) {
    return make("section", {}, make("h2", {}, text(title)), ...children);
  }

  clock() {
    const field = make("input", { class: "form-control form-control-sm", value: "P1D", "aria-label": text("How long (as P2D or PT4H)") });
    const go = this.button("clock", "Move the clock", () => this.act({ wait: field.value.trim() }));
    return make("section", {}, make("p", { class: "mb-1" }, icon("clock"), " ", text("Clock: {time}", { time: this.state.clock })), make("div", { class: "d-flex gap-2" }, field, go));
  }

  button(name, label, act, kind = "") {
    const made = make("button", { type: "button", class: `btn btn-sm ${kind}` }, icon(name), text(label));
    made.addEventListener("click", act);
    return made;
  }

  waiting() {
    const open = this.state.open.filter((one) => !["scope", "loop", "events", "compensation", "join"].includes(one.kind));
    const nothing = make("p", { class: "text-secondary" }, text(this.state.ended ? "The process has come to its end." : "Nothing waits."));
    return this.section("What waits", ...(open.length ? open.map((one) => this.openOne(one)) : [nothing]));
  }

  openOne(one) {
    const box = make("div", { class: "player-open" }, make("strong", {}, one.name || one.element), make("small", { class: "text-secondary" }, text(KINDS[one.kind] ?? one.kind)));
    if (one.kind === "user") box.append(this.answering(one));
    else if (one.kind === "timer") box.append(make("div", {}, text("Due: {time}", { time: one.due })), this.button("clock", "Wait for it", () => this.act({ wait: lasting(this.state.now, one.wait) })));
    else if (one.kind === "message") box.append(this.withValues("mail", "Message comes", (values) => ({ message: one.message, ...values })));
    else if (one.kind === "signal") box.append(this.withValues("bolt", "Signal comes", (values) => ({ signal: one.message, ...values })));
    else if (["external", "trigger", "call", "fault"].includes(one.kind)) {
      box.append(this.withValues("check", one.kind === "trigger" ? "Continue" : "It is done", (values) => ({ work: one.element, ...values })));
      if (one.kind === "external" || one.kind === "call") box.append(this.failing(one));
    }
    return box;
  }

  failing(one) {
    const field = make("input", { class: "form-control form-control-sm", "aria-label": text("Error code"), placeholder: text("Error code") });
    return make("div", { class: "d-flex gap-2 mt-1" }, field, this.button("circle-x", "It fails", () => this.act({ fail: one.element, code: field.value.trim() })));
  }

  withValues(name, label, act) {
    const field = make("textarea", { class: "form-control form-control-sm mono", rows: "1", "aria-label": text("Values (JSON)"), placeholder: text("Values (JSON)") });
    const go = this.button(name, label, () => {
      const values = this.read(field);
      if (values !== undefined) this.act(act(Object.keys(values).length ? { with: values } : {}));
    });
    return make("div", { class: "d-flex gap-2 mt-1" }, field, go);
  }

  /** The form's choices as buttons, its other fields as fields. */
  answering(one) {
    const fields = one.form ? flat(one.form) : [];
    const choice = fields.find((field) => field.key === "outcome" && field.values) ?? fields.find((field) => field.type === "radio" && field.values);
    const others = fields.filter((field) => field !== choice);
    const inputs = others.map((field) => [field, input(field)]);
    const box = make("div", {}, ...inputs.map(([field, made]) => make("label", { class: "d-block mt-1" }, pick(field.label) || field.key, made)));
    for (const option of choice?.values ?? []) this.words[`${one.element} ${option.value}`] = pick(option.label);
    const answer = (value) => {
      const values = Object.fromEntries(inputs.map(([field, made]) => [field.key, valueOf(made)]).filter(([, found]) => found !== ""));
      if (choice) values[choice.key] = value;
      this.act({ answer: one.element, with: values });
    };
    const buttons = choice ? choice.values.map((option) => this.plain(pick(option.label) || option.value, () => answer(option.value))) : [this.button("check", "Answer it", () => answer())];
    if (!one.form) return this.withValues("check", "Answer it", (values) => ({ answer: one.element, ...values }));
    box.append(make("div", { class: "answers" }, ...buttons));
    return box;
  }

  plain(label, act) {
    const made = make("button", { type: "button", class: "btn btn-sm" }, label);
    made.addEventListener("click", act);
    return made;
  }

  done() {
    const back = this.button("arrow-back-up", "One step back", () => this.play(this.acts.slice(0, -1)));
    const again = this.button("refresh", "Begin again", () => this.play([]));
    back.disabled = again.disabled = !this.acts.length;
    const lines = this.acts.map((one) => make("li", {}, this.told(one)));
    return this.section("What was done", make("ol", { class: "player-script" }, ...lines), make("div", { class: "d-flex gap-2 mt-1" }, back, again));
  }

  told(one) {
    const named = (id) => pick(this.diagram.names[id]) || id;
    const more = one.with && Object.keys(one.with).length ? `: ${Object.values(one.with).map((value) => (typeof value === "object" ? JSON.stringify(value) : this.words[`${one.answer} ${value}`] || value)).join(", ")}` : "";
    if (one.answer) return text("answered “{name}”", { name: named(one.answer) }) + more;
    if (one.wait) return text("waited {time}", { time: one.wait });
    if (one.message) return text("message “{name}”", { name: one.message }) + more;
    if (one.signal) return text("signal “{name}”", { name: one.signal }) + more;
    return text(one.fail ? "failed: “{name}”" : "done: “{name}”", { name: named(one.fail ?? one.work) }) + more;
  }

  way() {
    const names = this.state.path.map((id) => pick(this.diagram.names[id]) || id).join(" → ");
    return make(
      "section",
      {},
      make("h2", {}, text("The way so far")),
      make("p", { class: "player-path" }, names),
      make("details", {}, make("summary", {}, text("Variables")), make("pre", { lang: "en" }, JSON.stringify(JSON.parse(this.state.variables), null, 2))),
    );
  }

  // --- what is given ------------------------------------------------------------------------------------------------
  settings() {
    this.fields = {};
    const rows = Object.entries(GIVEN).map(([name, label]) => {
      const field = (this.fields[name] = make("textarea", { class: "form-control mono", rows: "2", spellcheck: "false", id: `given-${name}`, lang: "en" }));
      field.addEventListener("change", () => this.give());
      return make("div", { class: "field" }, make("label", { class: "form-label", for: `given-${name}` }, text(label)), field);
    });
    return make("details", { class: "mt-2" }, make("summary", {}, text("What is given")), ...rows);
  }

  async give() {
    const given = {};
    for (const [name, field] of Object.entries(this.fields)) {
      const values = this.read(field);
      if (values === undefined) return;
      if (Object.keys(values).length) given[name] = values;
    }
    this.given = given;
    await this.play();
  }

  read(field) {
    if (!field.value.trim()) return {};
    try {
      const found = JSON.parse(field.value);
      if (found && typeof found === "object" && !Array.isArray(found)) return found;
    } catch {
      // told below
    }
    this.tell(text("This is no JSON object."));
    field.focus();
    return undefined;
  }

  keeping() {
    if (!this.place.dataset.keep) return make("span");
    const [english, chineseName] = ["Name in English", "Name in Chinese"].map((label) => make("input", { class: "form-control form-control-sm mb-1", maxlength: "200", "aria-label": text(label), placeholder: text(label) }));
    const keep = this.button("check", "Keep as a scenario", async () => {
      if (!english.value.trim() && !chineseName.value.trim()) {
        this.tell(text("Give the scenario a name, in one language at least."));
        return (document.documentElement.lang.startsWith("zh") ? chineseName : english).focus();
      }
      if (this.asking) return this.tell(text("It is being played anew. Look at it, then keep it."));
      const more = { name: english.value, name_zh: chineseName.value, path: JSON.stringify(this.state.path) };
      const { ok, said } = await this.send(this.place.dataset.keep, this.script, more).catch(() => ({ ok: false, said: {} }));
      if (ok) return (location.href = said.address);
      const fields = said.error?.details?.fields;
      this.tell([said.error?.message ?? text(NO_ANSWER), ...Object.values(fields ?? {}).flat()].join(" "));
    }, "btn-primary");
    return this.section("Keep as a scenario", english, chineseName, keep);
  }
}

const flat = (form) => (form.components ?? []).flatMap((part) => [...(part.key ? [part] : []), ...flat(part)]);

function input(field) {
  if (field.type === "checkbox") return make("input", { type: "checkbox", class: "form-check-input ms-2" });
  if (field.type === "select" || field.type === "radio")
    return make("select", { class: "form-select form-select-sm" }, make("option", { value: "" }, "–"), ...(field.values ?? []).map((one) => make("option", { value: one.value }, pick(one.label) || one.value)));
  return make("input", { class: "form-control form-control-sm", type: field.type === "number" ? "number" : "text" });
}

function valueOf(made) {
  if (made.type === "checkbox") return made.checked;
  return made.type === "number" && made.value ? Number(made.value) : made.value.trim();
}

/** The time between two moments as a duration. */
function lasting(from, to) {
  return `PT${Math.max(0, Math.ceil((Date.parse(to) - Date.parse(from)) / 1000))}S`;
}

export async function mount(place) {
  await new Player(place).open();
}
