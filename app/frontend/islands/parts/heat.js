import { make } from "./dom.js";
import { text } from "./texts.js";

const STEPS = 6;

/** Colours and numbers on the elements of a diagram, by one of several measures that the reader chooses. */
export class Heat {
  constructor(diagram) {
    this.diagram = diagram;
    this.overlays = [];
  }

  show(metrics) {
    if (!metrics) return;
    this.metrics = metrics;
    this.key ??= (metrics.find(({ values }) => Object.keys(values).length) ?? metrics[0]).key;
    if (!this.bar) {
      this.bar = this.controls();
      this.diagram.place.prepend(this.bar);
      this.diagram.place.classList.add("has-heat");
    }
    this.colour();
  }

  controls() {
    const name = `heat-${Math.random().toString(36).slice(2)}`;
    const choices = this.metrics.map(({ key, label }) => {
      const input = make("input", { type: "radio", name, value: key, class: "heat-choice", checked: key === this.key });
      input.addEventListener("change", () => {
        this.key = key;
        this.colour();
      });
      return make("label", {}, input, make("span", {}, label));
    });
    const scale = make("span", { class: "heat-scale", "aria-hidden": "true" }, text("few, short"));
    for (let step = 1; step <= STEPS; step += 1) scale.append(make("i", { class: `heat-${step}` }));
    scale.append(text("many, long"));
    return make("div", { class: "heat-bar" }, make("fieldset", { class: "heat-choices" }, make("legend", { class: "visually-hidden" }, text("Colours")), ...choices), scale);
  }

  colour() {
    const { canvas, overlays, viewer } = this.diagram;
    const registry = viewer.get("elementRegistry");
    for (const id of this.overlays) overlays.remove(id);
    for (const [id, marker] of this.marked ?? []) canvas.removeMarker(id, marker);
    this.overlays = [];
    this.marked = [];
    const { values, texts } = this.metrics.find(({ key }) => key === this.key);
    const most = Math.max(0, ...Object.values(values));
    for (const [id, value] of Object.entries(values)) {
      if (!value || !registry.get(id)) continue;
      const marker = `heat-${Math.max(1, Math.ceil(Math.sqrt(value / most) * STEPS))}`; // roots: the large ones do not drown the rest
      canvas.addMarker(id, marker);
      this.marked.push([id, marker]);
      const badge = make("span", { class: `heat-badge ${marker}` }, texts[id]);
      this.overlays.push(overlays.add(id, { position: { top: -12, right: 14 }, html: badge, scale: { min: 0.75 } }));
    }
  }
}
