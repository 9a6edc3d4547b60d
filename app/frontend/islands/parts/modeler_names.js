// Elements have a name in each language: `name` and youxu:nameZh. Who reads Chinese draws with the Chinese ones: for them
// both are exchanged while the diagram is open, and put back before it leaves the page.
import { chinese } from "./texts.js";

const OURS = "urn:youxu:bpmn:1";
const MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL";

function exchanged(xml) {
  const parsed = new DOMParser().parseFromString(xml, "application/xml");
  if (parsed.querySelector("parsererror")) return xml;
  for (const element of parsed.getElementsByTagNameNS(MODEL, "*")) {
    if (!element.hasAttributeNS(OURS, "nameZh")) continue;
    const [name, other] = [element.getAttribute("name") ?? "", element.getAttributeNS(OURS, "nameZh")];
    element.setAttribute("name", other);
    element.setAttributeNS(OURS, "youxu:nameZh", name);
    if (!other) element.removeAttribute("name");
  }
  return new XMLSerializer().serializeToString(parsed);
}

/** The document as it is drawn here. */
export const toReader = (xml) => (chinese ? exchanged(xml) : xml);

/** The document as it is kept. */
export const toStore = (xml) => (chinese ? exchanged(xml) : xml);
