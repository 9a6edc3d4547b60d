// Choosing on the diagram which tokens go away (name="cancel", data-element) and where new ones begin (name="start").
export class Picking {
  constructor(diagram, form) {
    this.diagram = diagram;
    this.form = form;
    form?.addEventListener("change", () => this.show());
  }

  get tokens() {
    return [...(this.form?.querySelectorAll("[name=cancel]") ?? [])];
  }

  get places() {
    return [...(this.form?.querySelectorAll("[name=start] option") ?? [])];
  }

  toggle(id) {
    const here = this.tokens.filter((one) => one.dataset.element === id);
    const place = this.places.find((one) => one.value === id);
    if (here.length) {
      const all = here.every((one) => one.checked);
      for (const one of here) one.checked = !all;
    } else if (place) place.selected = !place.selected;
    else return;
    (here[0] ?? place.closest("select")).dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Mark on the diagram what is chosen in the form. */
  show() {
    const { canvas, viewer } = this.diagram;
    const registry = viewer.get("elementRegistry");
    for (const [id, marker] of this.marked ?? []) canvas.removeMarker(id, marker);
    const going = this.tokens.filter((one) => one.checked).map((one) => [one.dataset.element, "is-going"]);
    const coming = this.places.filter((one) => one.selected).map((one) => [one.value, "is-coming"]);
    this.marked = [...going, ...coming].filter(([id]) => registry.get(id));
    for (const [id, marker] of this.marked) canvas.addMarker(id, marker);
  }
}
