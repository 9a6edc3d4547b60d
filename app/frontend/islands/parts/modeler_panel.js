// The panel beside the diagram: the groups of Camunda 7 that are run here, and ours, which choose from what the server has.
import { h } from "@bpmn-io/properties-panel/preact";
import { CheckboxEntry, isCheckboxEntryEdited, isSelectEntryEdited, isTextFieldEntryEdited, SelectEntry, TextFieldEntry } from "@bpmn-io/properties-panel";
import { useService } from "bpmn-js-properties-panel";
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";

import { slaEntries } from "./modeler_sla.js";
import { chinese, text } from "./texts.js";

const NOT_RUN = /ExecutionListener|TaskListener|Connector|FieldInjection|CandidateStarter|Tasklist|ProcessVariables|FormData|CamundaPlatform__Form$|Errors$|HistoryCleanup/;
const CODE = new Set(["class", "delegateExpression", "connector", "resource", "variableMappingClass", "variableMappingDelegateExpression"]);
const NOT_OF_PROCESS = /ExternalTask|JobExecution/;
const REQUESTER = "${initiator}";

/** An attribute of the element as an entry of the panel. */
function entry(kind, name, label, more = {}) {
  const edited = { select: isSelectEntryEdited, text: isTextFieldEntryEdited, check: isCheckboxEntryEdited }[kind];
  return { id: name.replace(":", "-"), isEdited: edited, component: Attribute, kind, name, label, ...more };
}

function Attribute({ element, id, kind, name, label, hint, choices, read, write, uses, validate }) {
  const modeling = useService("modeling");
  const debounce = useService("debounceInput");
  const own = getBusinessObject(element);
  const component = { select: SelectEntry, text: TextFieldEntry, check: CheckboxEntry }[kind];
  return h(component, {
    element,
    id,
    label: text(label),
    description: uses ? usesLink(uses, read ? read(own) : own.get(name)) : hint && text(hint),
    debounce,
    validate,
    getValue: () => (read ? read(own) : (own.get(name) ?? "")),
    setValue: (value) => modeling.updateProperties(element, { [name]: (write ? write(value, own) : value) || undefined }),
    getOptions: () => withUnknown(choices(element), read ? read(own) : own.get(name)),
  });
}

/** A way to where else the name is used. */
function usesLink(kind, value) {
  if (!value) return undefined;
  const address = `/processes/drafts/uses?${new URLSearchParams({ kind, name: value })}`;
  return h("a", { href: address, target: "_blank", rel: "noopener" }, text("Where used"));
}

/** What stands in the document is shown also when the server does not know it; the lint says so. */
function withUnknown(choices, value) {
  const all = [{ value: "", label: "–" }, ...choices];
  return value && !all.some((one) => one.value === value) ? [...all, { value, label: `${value} ?` }] : all;
}

const named = (one) => ({ value: one.id, label: one.name && one.name !== one.id ? `${one.name} (${one.id})` : one.id });
const plain = (one) => ({ value: one, label: one });
const listed = (value) => (value ?? "").split(/[\s,]+/).filter(Boolean);

/** Choices that name code of another engine are not offered; what stands in the document is shown all the same. */
function withoutCode(group) {
  for (const one of group.entries ?? []) {
    if (!/implementationType|scriptType/i.test(one.id)) continue;
    const original = one.component;
    one.component = (props) => {
      const made = original(props);
      const select = [made.props.children].flat().find((child) => child?.props?.options);
      if (select) select.props.options = select.props.options.filter(({ value }) => !CODE.has(value) || value === select.props.value);
      return made;
    };
  }
}

/** Entries that stand in a group of ours instead of the library's. */
function taken(group, ids) {
  const found = group?.entries.filter((one) => ids.includes(one.id)) ?? [];
  if (group) group.entries = group.entries.filter((one) => !ids.includes(one.id));
  return found;
}

class Provider {
  constructor(panel, offered, registry, modeling) {
    Object.assign(this, { offered, registry, modeling });
    panel.registerProvider(300, this); // after those of the library
  }

  getGroups(element) {
    return (groups) => {
      const whole = is(element, "bpmn:Process") || is(element, "bpmn:Participant") || is(element, "bpmn:Collaboration");
      const kept = groups.filter((group) => !NOT_RUN.test(group.id) && !(whole && NOT_OF_PROCESS.test(group.id)));
      kept.forEach(withoutCode);
      const general = kept.find((group) => group.id === "general");
      if (general && !is(element, "bpmn:TextAnnotation")) this.names(element, general);
      const deadline = taken(kept.find((group) => group.id === "CamundaPlatform__UserAssignment"), ["dueDate", "followUpDate"]);
      const ours = [...this.groups(element), { id: "youxu-deadline", label: text("Deadline"), entries: deadline }].filter((group) => group.entries.length);
      const place = kept.indexOf(general) + 1;
      return [...kept.slice(0, place), ...ours, ...kept.slice(place)];
    };
  }

  names(element, group) {
    const place = group.entries.findIndex((one) => one.id === "name") + 1;
    const label = chinese ? "Name in English" : "Name in Chinese";
    if (place) group.entries.splice(place, 0, entry("text", "youxu:nameZh", label));
  }

  groups(element) {
    const rules = is(element, "bpmn:ExclusiveGateway") || is(element, "bpmn:InclusiveGateway") || is(element, "bpmn:BusinessRuleTask");
    const group = (id, label, entries) => ({ id, label: text(label), entries, shouldOpen: true });
    return [
      group("youxu-rules", "Rules", rules ? this.rules() : []),
      group("youxu-route", "Which way", this.way(element)),
      group("youxu-step", "Service step", is(element, "bpmn:ServiceTask") || is(element, "bpmn:SendTask") ? [this.step()] : []),
      group("youxu-form", "Form", is(element, "bpmn:UserTask") ? [this.form()] : []),
      group("youxu-persons", "Who may do it", is(element, "bpmn:UserTask") ? this.persons(element) : []),
      group("youxu-sla", "Service level", is(element, "bpmn:UserTask") ? slaEntries(entry, () => this.offered.groups.map(named)) : []),
    ];
  }

  rules() {
    const choices = () => this.offered.ruleSets.map(named);
    return [
      entry("select", "youxu:ruleSet", "Rule set", { choices, uses: "ruleSet" }),
      entry("text", "youxu:ruleSetVersion", "Version of the rule set", { hint: "Empty: the one in force." }),
    ];
  }

  /** A flow behind a gateway with a rule set: one of its routes. */
  way(element) {
    if (!is(element, "bpmn:SequenceFlow")) return [];
    const source = element.source && getBusinessObject(element.source);
    const rules = this.offered.ruleSets.find((one) => one.id === source?.get("youxu:ruleSet"));
    if (!rules?.routes.length) return [];
    const routeOf = (own) => /^\$\{decision\.route == '([^']*)'\}$/.exec(own.conditionExpression?.body ?? "")?.[1] ?? "";
    const one = entry("select", "conditionExpression", "When the rules say", { choices: () => rules.routes.map(plain), read: routeOf });
    one.component = (props) => this.routeEntry(props, routeOf, rules);
    return [one];
  }

  routeEntry({ element, id }, routeOf, rules) {
    const factory = useService("bpmnFactory");
    const own = getBusinessObject(element);
    const write = (route) => {
      const body = route && `\${decision.route == '${route}'}`;
      const condition = body ? factory.create("bpmn:FormalExpression", { body }) : undefined;
      if (condition) condition.$parent = own;
      this.modeling.updateProperties(element, { conditionExpression: condition });
    };
    const getOptions = () => withUnknown(rules.routes.map(plain), routeOf(own));
    return h(SelectEntry, { element, id, label: text("When the rules say"), getValue: () => routeOf(own), setValue: write, getOptions });
  }

  step() {
    return entry("select", "youxu:step", "What is done", { choices: () => this.offered.steps.map(plain), uses: "step" });
  }

  form() {
    return entry("select", "camunda:formKey", "What is asked", { choices: () => this.offered.forms.map(plain), uses: "form" });
  }

  persons(element) {
    const others = () =>
      this.registry.filter((one) => is(one, "bpmn:UserTask") && one.type !== "label" && one !== element).map((one) => named({ id: one.id, name: getBusinessObject(one).name }));
    const gateways = () =>
      this.registry
        .filter((one) => one.type !== "label" && getBusinessObject(one).get?.("youxu:ruleSet") && !is(one, "bpmn:BusinessRuleTask"))
        .map((one) => named({ id: one.id, name: getBusinessObject(one).name }));
    const having = (name) => (own) => listed(own.get("youxu:fourEyes")).includes(name);
    const writing = (name) => (on, own) => {
      const left = listed(own.get("youxu:fourEyes")).filter((one) => one !== name);
      return (on ? [...left, name] : left).join(" ");
    };
    const checks = [{ value: REQUESTER, label: text("Not who started the process") }, ...others().map((one) => ({ ...one, label: text("Not who did “{name}”", { name: one.label }) }))];
    const eyes = checks.map(({ value, label }) => ({
      ...entry("check", "youxu:fourEyes", label, { read: having(value), write: writing(value) }),
      id: `youxu-fourEyes-${value.replace(/\W/g, "")}`,
    }));
    return [
      entry("select", "youxu:assignFrom", "Groups come from the rules of", { choices: gateways }),
      entry("text", "youxu:assignStep", "Step of these rules"),
      ...eyes,
      entry("select", "youxu:signature", "Meaning of the signature", { choices: () => this.offered.meanings.map(named), hint: "Empty: it is done without a signature." }),
    ];
  }
}

Provider.$inject = ["propertiesPanel", "youxuOffered", "elementRegistry", "modeling"];

/** The module for the modeler; `offered`: {ruleSets, steps, forms, meanings, groups, processes} of the server. */
export const panelOf = (offered) => ({
  __init__: ["youxuProvider"],
  youxuOffered: ["value", offered],
  youxuProvider: ["type", Provider],
});
