// A process diagram with the live tokens and the path taken. data-src answers {xml, active, done, flows, names}, and where
// there is more: tokens {id: count}, failed {id: reason}, heat [{key, label, values {id: number}, texts {id: text}}].
//
//   data-panel="/…/elements/_"  data-panel-target="#element"   a click fetches the part about the element (instead of _)
//   data-pick="#form"                                          a click chooses tokens and places in that form (parts/picking.js)
//   data-moves="old" (or "new")                                where tokens go from one version to another (parts/moving.js)
import htmx from "htmx.org";
import BpmnViewer from "bpmn-js/lib/Viewer";
import MoveCanvas from "diagram-js/lib/navigation/movecanvas";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

import { icon, make } from "./parts/dom.js";
import { Heat } from "./parts/heat.js";
import { Moving } from "./parts/moving.js";
import { Picking } from "./parts/picking.js";
import { letters, prepared } from "./parts/readers_names.js";
import { chinese, pick, text } from "./parts/texts.js";

const OURS = "urn:youxu:bpmn:1"; // kind of our overlays
const READABLE = 0.62; // below this scale names cannot be read: show the neighbourhood of the token instead of the whole
const STEP = 40;
const NARROW = 640; // a phone: what is unreadable as a whole is shown from its start
const EDGE = 24; // free space around the whole diagram

class Diagram {
  constructor(place) {
    this.place = place;
    this.canvasBox = make("div", { class: "diagram-canvas", tabindex: "0", role: "group" });
    this.canvasBox.style.height = `${Number(place.dataset.height) || 360}px`;
    this.summary = make("p", { class: "diagram-summary", "aria-live": "polite" });
    this.legendBox = this.legend();
    place.replaceChildren(this.tools(), this.canvasBox, this.legendBox, this.summary);
    this.viewer = new BpmnViewer({
      container: this.canvasBox,
      additionalModules: [MoveCanvas],
      textRenderer: letters(),
    });
    this.marked = [];
    this.heat = new Heat(this);
    this.choosing = place.dataset.panel || place.dataset.pick || place.dataset.moves;
    if (place.dataset.moves) this.moving = new Moving(this, place.dataset.moves);
    if (place.dataset.pick) this.picking = new Picking(this, document.querySelector(place.dataset.pick));
    if (this.choosing) this.byClick();
    this.viewer.get("eventBus").on("root.set", () => this.state && this.mark(this.state)); // into a subprocess, or out
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
      make("span", { class: "legend-failed-entry", hidden: true }, make("i", { class: "legend-failed" }), text("Stuck")),
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
      await this.viewer.importXML(await prepared(state.xml, state.names));
      this.xml = state.xml;
      this.marked = [];
    }
    this.mark(this.moving ? this.moving.filled(state) : state);
    if (fresh) this.frameFirst();
  }

  get canvas() {
    return this.viewer.get("canvas");
  }

  mark(state) {
    const { active = [], done = [], flows = [], failed = {}, tokens = {} } = state;
    const registry = this.viewer.get("elementRegistry");
    this.overlays = this.viewer.get("overlays");
    for (const [id, marker] of this.marked) this.canvas.removeMarker(id, marker);
    this.overlays.remove({ type: OURS }); // the library has some of its own: the way into folded subprocesses
    this.marked = [];
    this.state = state;
    this.active = [...new Set([...active, ...Object.keys(tokens)])].filter((id) => registry.get(id));
    const stuck = Object.keys(failed).filter((id) => registry.get(id));
    const finished = done.filter((id) => registry.get(id) && !this.active.includes(id) && !stuck.includes(id));
    this.put(flows, "is-taken");
    this.put(finished, "is-done");
    this.put(this.active.filter((id) => !stuck.includes(id)), "is-active");
    this.put(stuck, "is-failed");
    this.here = stuck[0] ?? this.active[0]; // where to look first
    const counted = state.tokens ? Object.keys(tokens) : this.active; // of a subprocess only what is in it has a badge
    for (const id of new Set([...counted, ...stuck])) this.badge(id, tokens[id] ?? 1, stuck.includes(id));
    for (const id of finished) {
      if (!/Task|Activity|SubProcess/.test(registry.get(id).type)) continue;
      this.overlay(id, { bottom: 9, right: 9 }, make("span", { class: "tick" }, "✓"));
    }
    this.heat.show(state.heat);
    this.picking?.show();
    if (this.moving) this.moving.show();
    else this.say(stuck, finished);
  }

  put(ids, marker) {
    for (const id of ids.filter((one) => this.viewer.get("elementRegistry").get(one))) {
      this.canvas.addMarker(id, marker);
      this.marked.push([id, marker]);
    }
  }

  overlay(id, position, html) {
    this.overlays.add(id, OURS, { position, html, scale: true });
  }

  /** A token, with how many there are; those inside a folded subprocess show on it. */
  badge(id, count, stuck) {
    const shown = this.visible(id);
    const kind = stuck ? "token token-failed" : "token";
    if (shown) this.overlay(shown, { top: -10, left: -10 }, make("span", { class: kind }, stuck ? "!" : count > 1 ? String(count) : null));
    if (shown && shown !== id) this.put([shown], stuck ? "is-failed" : "is-active");
  }

  /** The element itself, or the closest one around it that is drawn. */
  visible(id) {
    const registry = this.viewer.get("elementRegistry");
    let element = registry.get(id);
    while (element && (element.hidden || element.parent?.collapsed)) element = element.parent;
    const root = this.canvas.getRootElement();
    const around = element?.businessObject;
    for (let one = around; one; one = one.$parent) {
      const found = registry.get(one.id);
      if (found && found !== root && this.canvas.findRoot(found) === root) return one.id;
    }
    return null;
  }

  nameOf(id) {
    return pick(this.state.names?.[id]) || this.viewer.get("elementRegistry").get(id)?.businessObject?.name || id;
  }

  /** The same in words, for the line below and for people who cannot see the drawing. */
  say(stuck, finished) {
    const list = (ids) => [...new Set(ids.map((id) => this.nameOf(id)))].join(chinese ? "、" : ", ");
    const going = this.active.filter((id) => !stuck.includes(id));
    const now = going.length ? text("Now at: {names}.", { names: list(going) }) : stuck.length ? "" : text("The process has ended.");
    const running = [stuck.length ? text("Stuck at: {names}.", { names: list(stuck) }) : "", now].filter(Boolean).join(" ");
    const lived = this.active.length || finished.length || stuck.length; // else it is a definition, which nothing has run through
    this.summary.textContent = lived ? running : "";
    this.summary.classList.toggle("is-stuck", stuck.length > 0);
    this.legendBox.hidden = !lived;
    this.legendBox.querySelector(".legend-failed-entry").hidden = !stuck.length;
    const told = lived ? ` ${running} ${text("Done: {names}.", { names: list(finished) })}` : "";
    this.canvasBox.setAttribute("aria-label", `${text("Process diagram")}.${told}`);
  }

  byClick() {
    this.canvasBox.classList.add("is-choosing");
    this.viewer.get("eventBus").on("element.click", ({ element }) => {
      const id = element.labelTarget?.id ?? element.id;
      if (element === this.canvas.getRootElement() || element.waypoints || /Participant|Lane|Association|Annotation/.test(element.type)) return;
      if (this.picking) this.picking.toggle(id);
      else if (this.moving) this.moving.clicked(id);
      else this.openPanel(id);
    });
  }

  openPanel(id) {
    if (this.chosen) this.canvas.removeMarker(this.chosen, "is-chosen");
    this.chosen = id;
    this.canvas.addMarker(id, "is-chosen");
    const [path, query] = this.place.dataset.panel.split("?");
    const address = path.replace(/_$/, encodeURIComponent(id)) + (query ? `?${query}` : "");
    htmx.ajax("GET", address, { target: this.place.dataset.panelTarget, swap: "innerHTML" }).then(() => {
      const panel = document.querySelector(this.place.dataset.panelTarget);
      if (panel && matchMedia("(max-width: 1100px)").matches) panel.scrollIntoView({ block: "nearest", behavior: "smooth" });
    });
  }

  frameFirst() {
    this.fit();
    if (this.moving || this.canvas.zoom() >= READABLE) return; // two versions are compared as wholes
    if (this.here) this.toToken();
    else if (this.canvasBox.clientWidth < NARROW) this.toStart();
  }

  fit() {
    this.canvas.resized();
    const { inner, outer } = this.canvas.viewbox();
    const scale = Math.min(outer.width / (inner.width + 2 * EDGE), outer.height / (inner.height + 2 * EDGE), 1.1);
    this.look(inner.x + inner.width / 2, inner.y + inner.height / 2, scale);
  }

  /** Put a point of the diagram into the middle, at a scale. A place without size (hidden, or gone) shows nothing. */
  look(x, y, scale) {
    const { outer } = this.canvas.viewbox();
    if (!outer.width || !outer.height || !Number.isFinite(scale)) return;
    const [width, height] = [outer.width / scale, outer.height / scale];
    this.canvas.viewbox({ x: x - width / 2, y: y - height / 2, width, height });
  }

  toStart() {
    const start = this.viewer.get("elementRegistry").find((element) => element.type === "bpmn:StartEvent");
    const { outer } = this.canvas.viewbox();
    if (start) this.look(start.x + outer.width / 0.8 / 2 - EDGE, start.y + outer.height / 0.8 / 4, 0.8);
  }

  toToken() {
    const element = this.here && this.viewer.get("elementRegistry").get(this.here);
    if (!element) return this.fit();
    this.canvas.resized();
    this.look(element.x + element.width / 2, element.y + element.height / 2, Math.max(this.canvas.zoom(), 0.8));
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
    if (!place.clientWidth || place.clientWidth === width) return;
    width = place.clientWidth;
    diagram.frameFirst();
  }).observe(place);
}
