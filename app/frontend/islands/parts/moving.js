import { make } from "./dom.js";
import { chinese, text } from "./texts.js";

// Two drawings side by side: where tokens are in one version and where they go in the other. What they show comes with
// the dry run ([data-marks] in #dry-run); a click on the old and one on the new chooses in its table ([data-element]).
const sides = {};
const LEGENDS = {
  old: [["active", "Waiting here now"], ["failed", "Held back"], ["going", "Watched no more"]],
  new: [["active", "Tokens come here"], ["coming", "Watched from then on"]],
};

const result = () => document.getElementById("dry-run");
const marks = () => JSON.parse(result()?.querySelector("[data-marks]")?.dataset.marks ?? "null");
const selectOf = (id) => [...(result()?.querySelectorAll("[data-element]") ?? [])].find((one) => one.dataset.element === id);

export class Moving {
  constructor(diagram, side) {
    this.diagram = diagram;
    this.side = side;
    this.marked = [];
    sides[side] = this;
    diagram.legendBox.replaceChildren(...LEGENDS[side].map(([kind, label]) => make("span", {}, make("i", { class: `legend-${kind}` }), text(label))));
    document.addEventListener("htmx:afterSettle", (event) => {
      if (event.target.id === "dry-run" && this.plain) diagram.mark(this.filled(this.plain));
    });
  }

  /** The diagram's data with what the dry run found. */
  filled(plain) {
    this.plain = plain;
    const found = marks();
    return { ...plain, ...found?.[this.side], ways: found?.ways ?? {} };
  }

  get chosen() {
    return sides.old?.choice;
  }

  clicked(id) {
    if (this.side === "old") this.choose(id);
    else if (this.chosen) this.send(this.chosen, id);
    else tell(text("First click an element on the old version."));
  }

  choose(id) {
    this.choice = this.choice === id ? null : id;
    for (const one of Object.values(sides)) one.show();
    const row = this.choice && selectOf(this.choice);
    if (!this.choice) tell("");
    else if (!row) tell(text("Nothing waits at “{name}”, so there is nothing to choose.", { name: this.nameOf(id) }));
    else if (row.tagName !== "SELECT") tell(text("There is nothing to choose for “{name}”.", { name: this.nameOf(id) }));
    else tell(text("“{name}” is chosen. Click where its tokens go.", { name: this.nameOf(id) }));
  }

  /** Tokens at one element of the old version go to one of the new. */
  send(from, to) {
    const select = selectOf(from);
    const value = from === to ? "" : to;
    const fits = select?.tagName === "SELECT" && [...select.options].some((one) => one.value === value);
    if (!fits) return tell(text("Tokens at “{from}” cannot go to “{name}”: it is another kind of element.", { from: sides.old.nameOf(from), name: this.nameOf(to) }), true);
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    sides.old.choice = null;
    tell(text("“{from}” goes to “{name}”.", { from: sides.old.nameOf(from), name: this.nameOf(to) }));
  }

  nameOf(id) {
    return this.diagram.state ? this.diagram.nameOf(id) : id;
  }

  show() {
    const { canvas, viewer, state } = this.diagram;
    if (!state) return;
    const registry = viewer.get("elementRegistry");
    for (const [id, marker] of this.marked) canvas.removeMarker(id, marker);
    const target = this.chosen && state.ways[this.chosen];
    const chosen = this.side === "old" ? this.chosen : target;
    this.marked = [
      ...(state.ending ?? []).map((id) => [id, "is-going"]),
      ...(state.coming ?? []).map((id) => [id, "is-coming"]),
      ...(chosen ? [[chosen, "is-chosen"]] : []),
    ].filter(([id]) => registry.get(id));
    for (const [id, marker] of this.marked) canvas.addMarker(id, marker);
    this.say();
  }

  /** The same in words. */
  say() {
    const { state } = this.diagram;
    const list = (ids) => ids.map((id) => this.nameOf(id)).join(chinese ? "、" : ", ");
    const counted = Object.entries(state.tokens ?? {}).map(([id, count]) => `${this.nameOf(id)} (${count})`);
    const names = counted.join(chinese ? "、" : ", ");
    const said = [
      names && text(this.side === "old" ? "Now at: {names}." : "Tokens come to: {names}.", { names }),
      state.failed && Object.keys(state.failed).length ? text("Held back at: {names}.", { names: list(Object.keys(state.failed)) }) : "",
      state.ending?.length ? text("Watched no more: {names}.", { names: list(state.ending) }) : "",
      state.coming?.length ? text("Watched from then on: {names}.", { names: list(state.coming) }) : "",
    ];
    const whole = said.filter(Boolean).join(" ");
    this.diagram.summary.textContent = whole;
    this.diagram.canvasBox.setAttribute("aria-label", `${this.diagram.place.getAttribute("aria-label")}. ${whole}`);
  }
}

function tell(sentence, refused = false) {
  const place = document.getElementById("moves-hint");
  if (!place) return;
  place.classList.toggle("is-refused", refused);
  if (!sentence) return place.replaceChildren(...(place.yxFirst ?? []));
  place.yxFirst ??= [...place.childNodes];
  place.replaceChildren(sentence);
}
