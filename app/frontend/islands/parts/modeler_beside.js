// Others at the same draft: who has it open, who saved first, and what one can do then: merge, or a draft of one's own.
import { icon, make } from "./dom.js";
import { chinese, text } from "./texts.js";

const EVERY = 20_000;

export class Beside {
  constructor(drawing) {
    this.drawing = drawing;
    this.people = make("span", { class: "modeler-people", role: "status" });
  }

  follow() {
    this.stay();
    this.timer = setInterval(() => this.drawing.place.isConnected && !document.hidden && this.stay(), EVERY);
  }

  /** Tell that the draft is open here, and hear who else has it open and whether they saved. */
  async stay() {
    const { drawing } = this;
    const body = new FormData();
    body.set("changing", drawing.dirty ? "1" : "0");
    body.set("csrf_token", document.querySelector("input[name=csrf_token]").value);
    const answer = await fetch(drawing.place.dataset.stay, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const { others, revision, changedBy, status } = await answer.json();
    this.show(others);
    if (revision > drawing.revision && !drawing.saving) this.late(text("{name} saved this draft meanwhile.", { name: changedBy }));
    else if (status !== "draft") drawing.refused(text("This draft is not open for changes any more."));
  }

  show(others) {
    const names = others.map(({ name, changing }) => (changing ? text("{name} (drawing)", { name }) : name));
    const told = names.length ? text("Also open at: {names}", { names: names.join(chinese ? "、" : ", ") }) : "";
    if (told === this.people.textContent) return;
    this.people.replaceChildren(...(told ? [icon("users"), told] : []));
  }

  /** Somebody saved first. */
  late(sentence) {
    const { drawing } = this;
    if (!drawing.dirty) {
      const again = this.button("refresh", "Show theirs", () => location.reload());
      return drawing.tell(sentence, "warning", again);
    }
    const merge = this.button("git-merge", "Take their changes into mine", () => this.merge());
    const branch = this.button("git-fork", "Keep mine as a draft of its own", () => this.branch());
    drawing.tell(sentence, "warning", merge, " ", branch, " ", drawing.copier());
  }

  button(name, label, act) {
    const made = make("button", { type: "button", class: "btn btn-sm" }, icon(name), text(label));
    made.addEventListener("click", act);
    return made;
  }

  async merge() {
    const { drawing } = this;
    const { status, said } = await drawing.send(drawing.place.dataset.merge).catch(() => ({}));
    if (status !== 200) return drawing.refused(said?.error?.message ?? text("The server did not answer. Nothing was changed; please try again."));
    await drawing.replace(said.xml, said.revision);
    const taken = text("Taken from {name}: {n} elements. Look at it, then save.", { name: said.by, n: said.taken.length });
    if (!said.conflicts.length) return drawing.tell(taken, "info");
    const both = text("Both of you changed these, yours stay: {names}.", { names: said.conflicts.slice(0, 12).join(", ") });
    drawing.tell(`${taken} ${both}`, "warning", this.button("git-fork", "Keep mine as a draft of its own", () => this.branch()));
  }

  async branch() {
    const { drawing } = this;
    const title = `${drawing.place.dataset.title} (2)`;
    const { status, said } = await drawing.send(drawing.place.dataset.branch, { title }).catch(() => ({}));
    if (status !== 200) return drawing.refused(said?.error?.message ?? text("The server did not answer. Nothing was changed; please try again."));
    drawing.leaving = true;
    location.href = said.address;
  }
}
