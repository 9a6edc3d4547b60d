// A process diagram with the live token and the path taken. data-src answers {xml, active, done, flows, names}.
import BpmnViewer from "bpmn-js/lib/Viewer";
import MoveCanvas from "diagram-js/lib/navigation/movecanvas";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

import { icon, make } from "./parts/dom.js";
import { chinese, pick, text } from "./parts/texts.js";

const OURS = "urn:youxu:bpmn:1";
const READABLE = 0.62; // below this scale names cannot be read: show the neighbourhood of the token instead of the whole
const STEP = 40;
const LETTERS = { fontFamily: getComputedStyle(document.body).fontFamily, fontWeight: "normal", lineHeight: 1.25 };

/** The diagram with every name in the reader's language. */
function translated(xml, names = {}) {
  const parsed = new DOMParser().parseFromString(xml, "application/xml");
  if (parsed.querySelector("parsererror")) throw new Error("XML");
  for (const element of parsed.querySelectorAll("[id]")) {
    const given = names[element.id];
    const own = chinese ? element.getAttributeNS(OURS, "nameZh") : null;
    const name = given ? pick(given) : own;
    if (name) element.setAttribute("name", name);
  }
  return new XMLSerializer().serializeToString(parsed);
}

class Diagram {
  constructor(place) {
    this.place = place;
    this.canvasBox = make("div", { class: "diagram-canvas", tabindex: "0", role: "group" });
    this.canvasBox.style.height = `${Number(place.dataset.height) || 360}px`;
    this.summary = make("p", { class: "diagram-summary", "aria-live": "polite" });
    place.replaceChildren(this.tools(), this.canvasBox, this.legend(), this.summary);
    this.viewer = new BpmnViewer({
      container: this.canvasBox,
      additionalModules: [MoveCanvas],
      textRenderer: { defaultStyle: { ...LETTERS, fontSize: 14 }, externalStyle: { ...LETTERS, fontSize: 13 } },
    });
    this.marked = [];
    this.byWheel();
    this.byKeys();
    this.byTouch();
  }

  tools() {
    const button = (name, label, act) => {
      const made = make("button", { type: "button", class: "btn btn-icon btn-sm", "aria-label": text(label), title: text(label) }, icon(name));
      made.addEventListener("click", act);
      return made;
    };
    return make(
      "div",
      { class: "island-tools", role: "toolbar", "aria-label": text("Process diagram") },
      button("zoom-in", "Zoom in", () => this.zoomBy(1.25)),
      button("zoom-out", "Zoom out", () => this.zoomBy(0.8)),
      button("maximize", "Whole diagram", () => this.fit()),
      button("focus-centered", "To the current step", () => this.toToken()),
    );
  }

  legend() {
    const entry = (kind, label) => make("span", {}, make("i", { class: `legend-${kind}` }), text(label));
    const touch = matchMedia("(pointer: coarse)").matches;
    return make(
      "div",
      { class: "diagram-legend" },
      entry("active", "Waiting here now"),
      entry("done", "Done"),
      entry("taken", "Path taken"),
      make("small", {}, text(touch ? "Drag to move, two fingers to zoom" : "Ctrl + wheel zooms; drag or arrow keys move")),
    );
  }

  async load() {
    const headers = { Accept: "application/json" };
    if (this.tag) headers["If-None-Match"] = this.tag;
    const answer = await fetch(this.place.dataset.src, { headers, cache: "no-store", credentials: "same-origin" });
    if (answer.status === 304) return;
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    this.tag = answer.headers.get("ETag");
    const state = await answer.json();
    const fresh = state.xml !== this.xml;
    if (fresh) {
      await this.viewer.importXML(translated(state.xml, state.names));
      this.xml = state.xml;
      this.marked = [];
    }
    this.mark(state);
    if (fresh) this.frameFirst();
  }

  get canvas() {
    return this.viewer.get("canvas");
  }

  mark({ active = [], done = [], flows = [], names = {} }) {
    const registry = this.viewer.get("elementRegistry");
    const overlays = this.viewer.get("overlays");
    for (const [id, marker] of this.marked) this.canvas.removeMarker(id, marker);
    overlays.clear();
    this.marked = [];
    this.active = active.filter((id) => registry.get(id));
    const finished = done.filter((id) => registry.get(id) && !active.includes(id));
    const put = (ids, marker) => {
      for (const id of ids.filter((one) => registry.get(one))) {
        this.canvas.addMarker(id, marker);
        this.marked.push([id, marker]);
      }
    };
    put(flows, "is-taken");
    put(finished, "is-done");
    put(this.active, "is-active");
    for (const id of this.active) overlays.add(id, { position: { top: -10, left: -10 }, html: make("span", { class: "token" }), scale: true });
    for (const id of finished) {
      if (!/Task|Activity|SubProcess/.test(registry.get(id).type)) continue;
      overlays.add(id, { position: { bottom: 9, right: 9 }, html: make("span", { class: "tick" }, "✓"), scale: true });
    }
    const name = (id) => pick(names[id]) || registry.get(id)?.businessObject?.name;
    const list = (ids) => [...new Set(ids.map(name).filter(Boolean))].join(chinese ? "、" : ", ");
    const where = this.active.length ? text("Now at: {names}.", { names: list(this.active) || this.active.join(", ") }) : text("The process has ended.");
    this.summary.textContent = where;
    this.canvasBox.setAttribute("aria-label", `${text("Process diagram")}. ${where} ${text("Done: {names}.", { names: list(finished) })}`);
  }

  frameFirst() {
    this.fit();
    if (this.canvas.zoom() < READABLE && this.active.length) this.toToken();
  }

  fit() {
    this.canvas.resized();
    this.canvas.zoom("fit-viewport", "auto");
    if (this.canvas.zoom() > 1.1) this.canvas.zoom(1.1, "auto");
  }

  toToken() {
    const element = this.active?.length && this.viewer.get("elementRegistry").get(this.active[0]);
    if (!element) return this.fit();
    this.canvas.resized();
    const scale = Math.max(this.canvas.zoom(), 0.8);
    const outer = this.canvas.viewbox().outer;
    this.canvas.viewbox({
      x: element.x + element.width / 2 - outer.width / scale / 2,
      y: element.y + element.height / 2 - outer.height / scale / 2,
      width: outer.width / scale,
      height: outer.height / scale,
    });
  }

  zoomBy(factor, centre = "auto") {
    this.canvas.zoom(Math.min(Math.max(this.canvas.zoom() * factor, 0.15), 3), centre);
  }

  byWheel() {
    this.canvasBox.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls the page
        event.preventDefault();
        const box = this.canvasBox.getBoundingClientRect();
        this.zoomBy(event.deltaY < 0 ? 1.1 : 0.9, { x: event.clientX - box.left, y: event.clientY - box.top });
      },
      { passive: false },
    );
  }

  byKeys() {
    const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
    this.canvasBox.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (moves[event.key]) this.canvas.scroll({ dx: moves[event.key][0], dy: moves[event.key][1] });
      else if (event.key === "+" || event.key === "=") this.zoomBy(1.25);
      else if (event.key === "-") this.zoomBy(0.8);
      else if (event.key === "0") this.fit();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  byTouch() {
    const fingers = new Map();
    const box = this.canvasBox;
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, far: Math.hypot(a.x - b.x, a.y - b.y) };
    };
    box.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse") fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    box.addEventListener("pointermove", (event) => {
      const last = fingers.get(event.pointerId);
      if (!last) return;
      const before = fingers.size === 2 ? spread() : null;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (fingers.size === 1) return this.canvas.scroll({ dx: event.clientX - last.x, dy: event.clientY - last.y });
      if (!before) return;
      const after = spread();
      const frame = box.getBoundingClientRect();
      this.canvas.scroll({ dx: after.x - before.x, dy: after.y - before.y });
      this.zoomBy(after.far / before.far, { x: after.x - frame.left, y: after.y - frame.top });
    });
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) box.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
}

/** Show the diagram and follow its changes. */
export async function mount(place) {
  const diagram = new Diagram(place);
  await diagram.load();
  document.addEventListener("changed", function follow(event) {
    if (!place.isConnected) return document.removeEventListener("changed", follow);
    if (event.target.contains(place)) diagram.load().catch(() => {}); // the next change tries again
  });
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    diagram.frameFirst();
  }).observe(place);
}
