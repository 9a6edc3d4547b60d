// A draft in the modeler. data-save, -check, -merge and -branch take the document as a file; data-stay tells who else is here.
import "./parts/designer_texts.js";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn-embedded.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "diagram-js-minimap/assets/diagram-js-minimap.css";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";
import "../styles/modeler.css";

import BpmnModeler from "bpmn-js/lib/Modeler";
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, CamundaPlatformPropertiesProviderModule } from "bpmn-js-properties-panel";
import TokenSimulationModule from "bpmn-js-token-simulation";
import CamundaBehaviors from "camunda-bpmn-js-behaviors/lib/camunda-platform";
import camunda from "camunda-bpmn-moddle/resources/camunda.json";
import minimap from "diagram-js-minimap";

import { lacksDrawing } from "./parts/bpmn.js";
import { icon, make } from "./parts/dom.js";
import { Beside } from "./parts/modeler_beside.js";
import { Findings } from "./parts/modeler_findings.js";
import { showKeys } from "./parts/modeler_keys.js";
import { toReader, toStore } from "./parts/modeler_names.js";
import { offersModule } from "./parts/modeler_offers.js";
import { panelOf } from "./parts/modeler_panel.js";
import { translateWritten, translating } from "./parts/modeler_words.js";
import { postDocument } from "./parts/posting.js";
import { text } from "./parts/texts.js";
import { YOUXU } from "./parts/youxu_moddle.js";

const PAUSE = 500;
const PALETTE = 120; // room for the palette at the left
const EDGE = 16;
const LINES = { format: true };
const NARROW = matchMedia("(max-width: 991.98px)");

class Drawing {
  constructor(place) {
    this.place = place;
    this.revision = Number(place.dataset.revision);
    this.canvasBox = make("div", { class: "modeler-canvas", role: "group", "aria-label": text("Diagram") });
    this.panelBox = make("div", { class: "modeler-panel", role: "region", "aria-label": text("Properties") });
    this.state = make("span", { class: "modeler-state text-secondary", role: "status" });
    this.notice = make("div", { class: "modeler-notice" });
    translateWritten(place);
    this.view = new BpmnModeler({
      container: this.canvasBox,
      propertiesPanel: { parent: this.panelBox },
      moddleExtensions: { camunda, youxu: YOUXU },
      additionalModules: [
        BpmnPropertiesPanelModule,
        BpmnPropertiesProviderModule,
        CamundaPlatformPropertiesProviderModule,
        CamundaBehaviors,
        TokenSimulationModule,
        minimap,
        { translate: ["value", translating] },
        offersModule,
        panelOf(JSON.parse(place.dataset.offered)),
      ],
    });
    this.findings = new Findings(this.view);
    this.beside = new Beside(this);
    const work = make("div", { class: "modeler-work" }, this.canvasBox, this.panelBox);
    place.append(this.tools(), this.notice, work, this.findings.list);
  }

  get stack() {
    return this.view.get("commandStack");
  }

  get dirty() {
    return this.written !== this.saved;
  }

  // --- opening ------------------------------------------------------------------------------------------------------
  async open(xml) {
    this.lost = await this.bring(xml);
    this.saved = this.written = await this.document();
    if (this.lost.length) this.tell(text("Saving leaves out what the modeler does not know: {names}.", { names: this.lost.join(", ") }), "warning");
    const events = this.view.get("eventBus");
    events.on("commandStack.changed", () => this.changed());
    events.on("tokenSimulation.toggleMode", ({ active }) => this.place.classList.toggle("is-simulating", active));
    addEventListener("beforeunload", (event) => this.dirty && !this.leaving && event.preventDefault());
    document.addEventListener("keydown", (event) => this.byKey(event));
    if (NARROW.matches) this.toStart();
    else this.fit();
    this.show();
    this.check();
    this.beside.follow();
  }

  /** Draw the document; answers the names of what cannot be kept. */
  async bring(xml) {
    let drawn = toReader(xml);
    const parsed = new DOMParser().parseFromString(drawn, "application/xml");
    if (lacksDrawing(parsed)) {
      await (await import("./layout.js")).draw(parsed);
      drawn = new XMLSerializer().serializeToString(parsed);
    }
    const { warnings } = await this.view.importXML(drawn);
    const lost = new Set(warnings.map(({ message }) => message.match(/<([\w:.-]+)/)?.[1] ?? message.slice(0, 80)));
    return [...lost];
  }

  async document() {
    return toStore((await this.view.saveXML(LINES)).xml);
  }

  /** The whole diagram, beside the palette. */
  fit() {
    const canvas = this.view.get("canvas");
    const { inner, outer } = canvas.viewbox();
    if (!outer.width || !inner.width) return;
    const scale = Math.min((outer.width - PALETTE - 2 * EDGE) / inner.width, (outer.height - 2 * EDGE) / inner.height, 1);
    const [width, height] = [outer.width / scale, outer.height / scale];
    const free = (outer.width - PALETTE) / scale;
    canvas.viewbox({ x: inner.x - PALETTE / scale - (free - inner.width) / 2, y: inner.y - (height - inner.height) / 2, width, height });
  }

  toStart() {
    const start = this.view.get("elementRegistry").find((one) => one.type === "bpmn:StartEvent");
    const canvas = this.view.get("canvas");
    if (!start) return;
    const { outer } = canvas.viewbox();
    canvas.viewbox({ x: start.x - 60, y: start.y - outer.height / 1.6, width: outer.width / 0.8, height: outer.height / 0.8 });
  }

  // --- what can be done ---------------------------------------------------------------------------------------------
  tools() {
    const button = (name, label, act, key = "") => {
      const made = make("button", { type: "button", class: "btn btn-sm", title: text(label) + key, "aria-label": text(label) }, icon(name), make("span", {}, text(label)));
      made.addEventListener("click", act);
      return made;
    };
    const sign = (...given) => {
      const made = button(...given);
      made.classList.add("is-sign");
      return made;
    };
    const act = (action, options) => () => this.view.get("editorActions").trigger(action, options);
    this.saver = button("check", "Save", () => this.save(), " (Ctrl+S)");
    this.saver.classList.add("btn-primary");
    this.undo = sign("arrow-back-up", "Undo", act("undo"), " (Ctrl+Z)");
    this.redo = sign("arrow-forward-up", "Redo", act("redo"), " (Ctrl+Y)");
    return make(
      "div",
      { class: "modeler-tools", role: "toolbar", "aria-label": text("Diagram") },
      this.saver,
      this.state,
      this.undo,
      this.redo,
      sign("zoom-in", "Zoom in", act("stepZoom", { value: 1 }), " (Ctrl++)"),
      sign("zoom-out", "Zoom out", act("stepZoom", { value: -1 }), " (Ctrl+-)"),
      sign("maximize", "Whole diagram", () => this.fit()),
      sign("search", "Search", () => this.search(), " (Ctrl+F)"),
      sign("map-2", "Overview", () => this.view.get("minimap").toggle()),
      sign("keyboard", "Keyboard shortcuts", () => showKeys()),
      this.simulator(button),
      this.findings.count,
      this.beside.people,
    );
  }

  simulator(button) {
    const made = button("player-play", "Simulate", () => {
      this.view.get("toggleMode").toggleMode();
      made.setAttribute("aria-pressed", this.place.classList.contains("is-simulating"));
    });
    made.setAttribute("aria-pressed", "false");
    return made;
  }

  search() {
    this.canvasBox.querySelector(".djs-container svg")?.focus();
    this.view.get("searchPad").toggle();
  }

  byKey(event) {
    const held = event.ctrlKey || event.metaKey;
    if (!held || event.altKey || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    this.save();
  }

  // --- what was drawn -----------------------------------------------------------------------------------------------
  async changed() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const written = await this.document();
    if (turn !== this.turn) return;
    this.written = written;
    this.show();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.check(), PAUSE);
  }

  show(sentence) {
    this.undo.disabled = !this.stack.canUndo();
    this.redo.disabled = !this.stack.canRedo();
    this.saver.disabled = !this.dirty || Boolean(this.saving);
    this.state.textContent = sentence ?? text(this.saving ? "Saving…" : this.dirty ? "Not saved yet" : "Nothing changed");
    this.state.classList.toggle("is-dirty", this.dirty);
  }

  send(address, more = {}) {
    return postDocument(address, this.written, "diagram.bpmn", { revision: this.revision, ...more });
  }

  async check() {
    if (this.checking) return;
    this.checking = true;
    const asked = this.written;
    const { status, said } = await this.send(this.place.dataset.check).catch(() => ({}));
    this.checking = false;
    if (asked !== this.written) this.check();
    else if (status === 200) this.findings.show(said.findings);
    else if (said?.error?.details?.fields) this.findings.show(refusals(said.error.details.fields));
    this.place.dataset.checked = asked === this.written;
  }

  async save() {
    if (!this.dirty || this.saving) return this.beside.stay();
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
      this.findings.show(said.findings);
      this.show(this.dirty ? undefined : text("Saved"));
      return;
    }
    this.show(text("Not saved: see below."));
    if (status === 409 && said?.error?.code === "StaleVersion") return this.beside.late(said.error.message);
    const fields = said?.error?.details?.fields;
    if (fields) this.findings.show(refusals(fields));
    this.refused(said?.error?.message ?? text("The server did not answer. Nothing was changed; please try again."));
  }

  /** Put another document into the place of this one, as not saved. */
  async replace(xml, revision) {
    await this.bring(xml);
    this.revision = revision;
    this.written = await this.document();
    this.saved = null;
    this.show();
    this.check();
  }

  /** The session ended, the server is away: nobody's work is lost by that. */
  refused(sentence) {
    const kept = text("What is drawn here stands only in this window. Keep a copy before you open the page again.");
    this.tell(`${sentence} ${kept}`, "danger", this.copier());
  }

  copier() {
    const made = make("button", { type: "button", class: "btn btn-sm" }, icon("download"), text("Keep a copy"));
    made.addEventListener("click", () => {
      const address = URL.createObjectURL(new Blob([this.written], { type: "application/xml" }));
      make("a", { href: address, download: `${this.place.dataset.key}.bpmn` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
    return made;
  }

  tell(sentence, tone, ...more) {
    this.notice.replaceChildren(make("div", { class: `note tone-${tone}`, role: "alert" }, icon("alert-triangle"), make("div", {}, sentence, " ", ...more)));
  }
}

/** A refusal of the server as findings. */
function refusals(fields) {
  return Object.entries(fields).flatMap(([element, reasons]) => reasons.map((reason) => ({ element, reason, warning: false })));
}

/** Put the modeler in the place of the document in `place`. */
export async function mount(place) {
  const field = place.querySelector("textarea");
  const xml = field.value;
  field.remove();
  const drawing = new Drawing(place);
  await drawing.open(xml);
  place.drawing = drawing; // browser tests look at it
}
