// What the server's lint says of the diagram: marks at the elements, and a list that leads to them.
import { icon, make } from "./dom.js";
import { text } from "./texts.js";

const KIND = "youxu-finding";

export class Findings {
  constructor(view) {
    this.view = view;
    this.found = [];
    this.list = make("section", { class: "modeler-findings", "aria-label": text("What the lint says") });
    this.count = make("button", { type: "button", class: "btn btn-sm modeler-count" });
    this.count.addEventListener("click", () => this.list.scrollIntoView({ block: "nearest", behavior: "smooth" }));
    this.show([]);
  }

  get registry() {
    return this.view.get("elementRegistry");
  }

  show(found) {
    this.found = found;
    const errors = found.filter((one) => !one.warning).length;
    this.count.replaceChildren(
      icon(errors ? "alert-octagon" : found.length ? "alert-triangle" : "circle-check"),
      make("span", {}, errors ? text("To put right: {n}", { n: errors }) : found.length ? text("To look at: {n}", { n: found.length }) : text("Can be run")),
    );
    this.count.dataset.tone = errors ? "danger" : found.length ? "warning" : "success";
    this.list.replaceChildren(...(found.length ? [make("ul", { class: "findings" }, ...found.map((one) => this.item(one)))] : []));
    this.mark();
  }

  item(one) {
    const element = this.registry.get(one.element);
    const name = element?.businessObject?.name || one.element;
    const line = make("li", { class: one.warning ? "tone-warning" : "tone-danger" }, icon(one.warning ? "alert-triangle" : "alert-octagon"));
    const place = element ? make("button", { type: "button", class: "btn-link-plain" }, name) : make("code", {}, name);
    if (element) place.addEventListener("click", () => this.goTo(element));
    line.append(make("span", {}, place, " ", one.reason));
    return line;
  }

  goTo(element) {
    const root = this.view.get("canvas").findRoot(element);
    if (root) this.view.get("canvas").setRootElement(root);
    this.view.get("canvas").scrollToElement(element, 120);
    this.view.get("selection").select(element);
  }

  mark() {
    const overlays = this.view.get("overlays");
    overlays.remove({ type: KIND });
    const by = Map.groupBy(this.found, (one) => one.element);
    for (const [id, all] of by) {
      const element = this.registry.get(id);
      if (!element || element === this.view.get("canvas").getRootElement()) continue;
      const wrong = all.some((one) => !one.warning);
      const mark = make("button", {
        type: "button",
        class: `modeler-mark ${wrong ? "tone-danger" : "tone-warning"}`,
        title: all.map((one) => one.reason).join("\n"),
        "aria-label": all.map((one) => one.reason).join(" "),
      }, "!");
      mark.addEventListener("click", () => this.goTo(element));
      const position = element.waypoints ? { top: -9, left: middle(element) } : { top: -9, right: 9 };
      overlays.add(element, KIND, { position, html: mark, scale: { min: 0.8 } });
    }
  }
}

/** Where a flow's mark stands: in the middle, seen from its left end. */
function middle({ waypoints }) {
  const xs = waypoints.map((point) => point.x);
  return (Math.max(...xs) - Math.min(...xs)) / 2 - 9;
}
