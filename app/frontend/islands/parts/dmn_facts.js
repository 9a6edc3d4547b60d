// The facts that a table may ask: chosen in the menu of an input's head, told below the table for every input.
import { Component, createVNode } from "inferno";

import { make } from "./dom.js";
import { watchRules } from "./rules.js";
import { chinese, text } from "./texts.js";

const quoted = (values) => (values.length ? values.map((one) => `"${one.name}"`) : null);
const colon = chinese ? "：" : ": ";

/** Fact by name: {name, label, kind, type, unit, values}. */
export function factsByName(kinds) {
  return new Map(kinds.flatMap((kind) => kind.facts.map((one) => [one.name, { ...one, kind: kind.label }])));
}

const inWords = (fact) => `${fact.kind}${colon}${fact.label}`;

/** What an input asks, in words, with the values it may have. */
export function told(facts, input) {
  if (!input.inputExpression.text) return text("still to be chosen");
  const fact = facts.get(input.inputExpression.text);
  if (!fact) return text("a variable of the process, or reckoned");
  const values = fact.values.map((one) => `${one.name} (${one.label})`).join(chinese ? "、" : ", ");
  return inWords(fact) + (values ? ` · ${values}` : "");
}

function choiceOf(kinds, chosen) {
  const label = text("Search facts");
  const select = make("select", { class: "form-select form-select-sm", "aria-label": text("Fact"), "data-search-label": label });
  select.append(make("option", { value: "" }, text("choose a fact …")));
  for (const kind of kinds) {
    const options = kind.facts.map((one) =>
      make("option", { value: one.name, "data-search": one.search, selected: one.name === chosen }, `${kind.label}${colon}${one.label}`),
    );
    select.append(make("optgroup", { label: kind.label }, ...options));
  }
  return select;
}

/** Keys and what is typed in fields of ours are no business of the library. */
function keepKeys(node) {
  for (const kind of ["keydown", "keyup", "input"]) node.addEventListener(kind, (event) => event.key !== "Escape" && event.stopPropagation());
}

const MENUS = { "input-edit": "input", "output-edit": "output" };

/** The type of a column, chosen from those that tables know; the library's own field takes any word. */
class TypeChoice extends Component {
  render() {
    return createVNode(1, "div", "context-menu-container type-choice", null, 1, null, null, (node) => node && this.fill(node));
  }

  fill(node) {
    if (node.childElementCount) return;
    const { contextMenuType, ...context } = this.props.context;
    const clause = context[MENUS[contextMenuType]];
    const { injector } = this.context;
    const translate = injector.get("translate");
    const type = (clause.inputExpression ?? clause).typeRef;
    const options = injector.get("dataTypes").getAll().map((one) => make("option", { value: one, selected: one === type }, translate(one)));
    const select = make("select", { class: "form-select form-select-sm", "aria-label": translate("Type") }, ...options);
    node.append(make("label", { class: "dms-label" }, translate("Type")), select);
    keepKeys(node);
    select.addEventListener("change", () => {
      const change = { typeRef: select.value };
      injector.get("modeling").updateProperties(clause, clause.inputExpression ? { inputExpression: change } : change);
    });
  }
}

function TypeChoiceProvider(components) {
  components.onGetComponent("context-menu", 750, (context = {}) => (context.contextMenuType in MENUS ? TypeChoice : undefined));
}
TypeChoiceProvider.$inject = ["components"];

/** A module of the editor: the choice of a fact where the expression of an input is written, and of the type. */
export function factModule(kinds) {
  const facts = factsByName(kinds);

  class FactChoice extends Component {
    render() {
      return createVNode(1, "div", "context-menu-container fact-choice", null, 1, null, null, (node) => node && this.fill(node));
    }

    fill(node) {
      if (node.childElementCount) return;
      const { input } = this.props.context;
      const select = choiceOf(kinds, input.inputExpression.text);
      node.append(make("label", { class: "dms-label" }, text("Fact")), make("span", { "data-picker": true }, select), make("p", { class: "dms-hint" }, told(facts, input)));
      watchRules(node);
      select.addEventListener("change", () => facts.has(select.value) && this.take(input, facts.get(select.value)));
      keepKeys(node);
    }

    take(input, fact) {
      const { injector } = this.context;
      const modeling = injector.get("modeling");
      modeling.updateProperties(input, { label: inWords(fact), inputExpression: { text: fact.name, typeRef: fact.type } });
      modeling.editAllowedValues(input, quoted(fact.values));
      injector.get("contextMenu").close();
    }
  }

  function FactChoiceProvider(components) {
    const between = 900; // below the expression, above the type
    components.onGetComponent("context-menu", between, (context = {}) => (context.contextMenuType === "input-edit" ? FactChoice : undefined));
  }
  FactChoiceProvider.$inject = ["components"];
  return { __init__: ["factChoice"], factChoice: ["type", FactChoiceProvider], typeRefEditingProvider: ["type", TypeChoiceProvider] };
}
