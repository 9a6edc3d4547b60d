// Two diagrams beside each other with what differs: data-src answers {old: {xml, names, version} or null, new: {xml, names}}.
import "./parts/designer_texts.js";
import "../styles/modeler.css";

import { BpmnModdle } from "bpmn-moddle";
import { diff } from "bpmn-js-differ";
import camunda from "camunda-bpmn-moddle/resources/camunda.json";

import { icon, make } from "./parts/dom.js";
import { look } from "./parts/readers_diagram.js";
import { chinese, pick, text } from "./parts/texts.js";
import { YOUXU } from "./parts/youxu_moddle.js";

const TONES = { added: "success", removed: "danger", changed: "warning", moved: "info" };
const WORDS = { added: "Added", removed: "Removed", changed: "Changed", moved: "Moved" };
const ATTRIBUTES = { name: "name", nameZh: "name", conditionExpression: "condition", "conditionExpression.body": "condition", default: "default flow", documentation: "documentation", sourceRef: "from", targetRef: "to" };
/** What an added element says beside its name: attribute → what it is called. */
const SAID = {
  "youxu:ruleSet": "Rule set",
  "youxu:step": "Service step",
  "camunda:topic": "External topic",
  "camunda:formKey": "Form",
  "camunda:assignee": "Who may do it",
  "camunda:candidateGroups": "Groups",
  "youxu:assignFrom": "Groups come from the rules of",
  "youxu:fourEyes": "Not done by who did",
  "youxu:signature": "Meaning of the signature",
  "youxu:sla": "Service level",
  "youxu:escalateTo": "Asked too when it is over",
  "camunda:dueDate": "Due date",
  "bpmn:calledElement": "Called process",
};
for (const [name, label] of Object.entries(SAID)) ATTRIBUTES[name.split(":")[1]] ??= label;
const MODEL = /^bpmn:(?!Definitions$)/;

async function definitionsOf(xml) {
  const { rootElement } = await new BpmnModdle({ camunda, youxu: YOUXU }).fromXML(xml);
  return rootElement;
}

/** {added, removed, changed, moved}: maps of id → what the library tells; a moved flow is only drawn otherwise. */
async function differences(old, now) {
  const found = diff(await definitionsOf(old.xml), await definitionsOf(now.xml));
  const ofModel = (all, model = (one) => one) => Object.fromEntries(Object.entries(all).filter(([, one]) => MODEL.test(model(one)?.$type ?? "") && !/Diagram|Definition$|Expression$/.test(model(one).$type)));
  const changed = ofModel(found._changed, (one) => one.model);
  const moved = ofModel(found._layoutChanged);
  for (const id of Object.keys(changed)) delete moved[id];
  return { added: ofModel(found._added), removed: ofModel(found._removed), changed, moved };
}

function shown(attribute) {
  const [first] = attribute.split(".");
  if (/^extensionElements/.test(attribute)) return text("more settings");
  const plain = first.replace(/^[a-z]+:/, "");
  return text(ATTRIBUTES[attribute] ?? ATTRIBUTES[plain] ?? plain);
}

/** [was, is]: the library tells the two values of a changed attribute the other way round, and of a removed one a 0. */
function beforeAndAfter({ oldValue, newValue }) {
  if (oldValue == null) return [null, newValue];
  if (newValue == null) return [oldValue, null];
  return [newValue, oldValue === 0 ? null : oldValue];
}

class Comparison {
  constructor(place, state) {
    this.place = place;
    this.state = state;
  }

  nameOf(id) {
    return pick(this.state.new.names[id]) || pick(this.state.old.names[id]) || id;
  }

  async show() {
    const { old, new: now } = this.state;
    const found = await differences(old, now);
    const sides = {};
    const pair = make("div", { class: "compare-pair" });
    for (const [side, title] of [["old", text("Version {n}", { n: old.version })], ["new", text("This draft")]]) {
      const box = make("div", { class: "compare-canvas", tabindex: "0", role: "group", "aria-label": title });
      pair.append(make("div", { class: "compare-side" }, make("h3", {}, title), box));
      sides[side] = box;
    }
    this.place.replaceChildren(pair, this.list(found));
    this.viewers = { old: await look(sides.old, old.xml, old.names), new: await look(sides.new, now.xml, now.names) };
    this.mark("old", found.removed, "is-removed");
    this.mark("new", found.added, "is-added");
    for (const side of ["old", "new"]) {
      this.mark(side, found.changed, "is-changed");
      this.mark(side, found.moved, "is-moved");
    }
    this.together();
  }

  mark(side, ids, marker) {
    const viewer = this.viewers[side];
    for (const id of Object.keys(ids)) if (viewer.get("elementRegistry").get(id)) viewer.get("canvas").addMarker(id, marker);
  }

  legible(value) {
    if (value == null || value === "") return text("nothing");
    if (Array.isArray(value)) return value.map((one) => this.legible(one)).join(" ");
    if (typeof value === "object") return value.body ?? value.text ?? (value.id ? this.nameOf(value.id) : "…");
    const referred = /^#ref:(.*)$/.exec(value)?.[1];
    return referred ? this.nameOf(referred) : String(value);
  }

  /** What is moved on one side moves on the other. */
  together() {
    const { old, new: now } = this.viewers;
    let busy = false;
    for (const [one, other] of [[old, now], [now, old]]) {
      one.get("eventBus").on("canvas.viewbox.changed", ({ viewbox }) => {
        if (busy) return;
        busy = true;
        other.get("canvas").viewbox({ x: viewbox.x, y: viewbox.y, width: viewbox.width, height: viewbox.height });
        busy = false;
      });
    }
  }

  list(found) {
    const moved = Object.keys(found.moved).length;
    const lines = ["added", "removed", "changed"].flatMap((kind) => Object.entries(found[kind]).map(([id, one]) => this.line(kind, id, one)));
    if (!lines.length) return make("p", { class: "mb-0" }, icon("circle-check"), " ", text(moved ? "Only the layout differs." : "Nothing differs."));
    const more = moved ? make("p", { class: "text-secondary mb-0" }, text("{n} elements were only moved.", { n: moved })) : null;
    return make("div", {}, make("ul", { class: "compare-list" }, ...lines), more);
  }

  line(kind, id, one) {
    const told = make("span", {});
    const name = make("button", { type: "button", class: "btn-link-plain" }, this.nameOf(id));
    name.addEventListener("click", () => this.goTo(id));
    told.append(name, this.nameOf(id) === id ? "" : make("small", { class: "text-secondary" }, ` ${id}`));
    const flow = kind === "changed" ? null : one;
    if (flow?.$type === "bpmn:SequenceFlow") told.append(" ", text("from “{from}” to “{to}”", { from: this.nameOf(flow.sourceRef?.id), to: this.nameOf(flow.targetRef?.id) }));
    if (kind === "changed") told.append(...this.details(one.attrs));
    if (kind === "added") told.append(...this.saidBy(one));
    return make("li", { class: `tone-${TONES[kind]}` }, make("b", {}, text(WORDS[kind])), told);
  }

  /** What an added element says: its rule set, form, signature, time agreed and the like. */
  saidBy(one) {
    return Object.entries(SAID)
      .map(([name, label]) => [label, one.get?.(name)])
      .filter(([, value]) => value)
      .map(([label, value]) => make("div", {}, `${text(label)}${chinese ? "：" : ": "}`, make("b", {}, this.names(String(value)))));
  }

  /** Ids of elements in a list by their names. */
  names(value) {
    return value.split(/([\s,]+)/).map((part) => (this.state.new.names[part] ? this.nameOf(part) : part)).join("");
  }

  details(attributes) {
    const hidden = /^(incoming|outgoing|\$|di$)/;
    return Object.entries(attributes ?? {})
      .filter(([name]) => !hidden.test(name))
      .map(([name, told]) => [name, ...beforeAndAfter(told)])
      .map(([name, was, now]) => make("div", {}, `${shown(name)}${chinese ? "：" : ": "}`, make("span", { class: "was" }, this.legible(was)), " → ", this.legible(now)));
  }

  goTo(id) {
    for (const viewer of Object.values(this.viewers)) {
      const element = viewer.get("elementRegistry").get(id);
      if (!element) continue;
      viewer.get("canvas").zoom(0.9);
      viewer.get("canvas").scrollToElement(element, 120);
    }
    this.place.scrollIntoView({ block: "start", behavior: "smooth" });
  }
}

export async function mount(place) {
  const answer = await fetch(place.dataset.src, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  const state = await answer.json();
  if (state.old) return new Comparison(place, state).show();
  const box = make("div", { class: "compare-canvas" });
  place.append(box);
  await look(box, state.new.xml, state.new.names);
}
