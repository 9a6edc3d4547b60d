// A DMN document as the editor of tables takes it: DMN 1.3, every part with an id, every entry with a text.
const MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/";
const DRAWING = "https://www.omg.org/spec/DMN/20191111/DMNDI/";
const OLD_MODEL = /https?:\/\/www\.omg\.org\/spec\/DMN\/(20151101\/dmn\.xsd|20180521\/MODEL\/|20191111\/MODEL\/)/g;
const OLD_DRAWING = /https?:\/\/www\.omg\.org\/spec\/DMN\/(20180521|20191111)\/DMNDI\//g;
const WITH_ID = ["decisionTable", "input", "inputExpression", "inputValues", "output", "outputValues", "rule", "inputEntry", "outputEntry"];

const all = (parsed, name) => [...parsed.getElementsByTagNameNS(MODEL, name)];

function nameParts(parsed) {
  const taken = new Set([...parsed.querySelectorAll("[id]")].map((one) => one.id));
  for (const name of WITH_ID) {
    let number = 0;
    for (const element of all(parsed, name)) {
      if (element.hasAttribute("id")) continue;
      do number += 1;
      while (taken.has(`${name}_${number}`));
      element.setAttribute("id", `${name}_${number}`);
    }
  }
}

function writeTexts(parsed) {
  for (const entry of [...all(parsed, "inputEntry"), ...all(parsed, "outputEntry")]) {
    if ([...entry.children].some((child) => child.localName === "text")) continue;
    const text = parsed.createElementNS(MODEL, "text");
    text.textContent = entry.textContent.trim();
    entry.replaceChildren(text);
  }
}

/** The document, ready to be imported. What says the same as before stays as it is. */
export function prepared(xml) {
  const parsed = new DOMParser().parseFromString(xml.trim().replace(OLD_MODEL, MODEL).replace(OLD_DRAWING, DRAWING), "application/xml");
  if (parsed.querySelector("parsererror")) throw new Error("XML");
  for (const element of [...all(parsed, "inputExpression"), ...all(parsed, "output")]) {
    element.setAttribute("typeRef", (element.getAttribute("typeRef") || "string").split(":").at(-1));
  }
  nameParts(parsed);
  writeTexts(parsed);
  return new XMLSerializer().serializeToString(parsed);
}
