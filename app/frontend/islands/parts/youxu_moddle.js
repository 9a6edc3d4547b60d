// Our attributes in BPMN documents, so that the modeler keeps, copies and edits them.
export const YOUXU = {
  name: "Youxu",
  uri: "urn:youxu:bpmn:1",
  prefix: "youxu",
  xml: { tagAlias: "lowerCase" },
  types: [
    { name: "Named", extends: ["bpmn:BaseElement"], properties: [text("nameZh")] },
    {
      name: "Decided",
      extends: ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:BusinessRuleTask"],
      properties: [text("ruleSet"), text("ruleSetVersion")],
    },
    { name: "Step", extends: ["bpmn:ServiceTask", "bpmn:SendTask"], properties: [text("step")] },
    {
      name: "Person",
      extends: ["bpmn:UserTask"],
      properties: [text("fourEyes"), text("assignFrom"), text("assignStep"), text("signature"), text("sla"), text("escalateTo")],
    },
  ],
};

function text(name) {
  return { name, isAttr: true, type: "String" };
}
