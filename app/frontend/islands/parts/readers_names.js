// A diagram as its reader wants it: names in their language, labels wide enough for them, drawn if nobody drew it.
import { lacksDrawing } from "./bpmn.js";
import { chinese, pick } from "./texts.js";

const OURS = "urn:youxu:bpmn:1";
const LETTER = { wide: 13.5, narrow: 7.2 }; // widths by which a label is made wide enough for its longest word

/** The diagram with every name in the reader's language, and drawn if nobody drew it. */
export async function prepared(xml, names = {}) {
  const parsed = new DOMParser().parseFromString(xml, "application/xml");
  if (parsed.querySelector("parsererror")) throw new Error("XML");
  for (const element of parsed.querySelectorAll("[id]")) {
    const given = names[element.id];
    const own = chinese ? element.getAttributeNS(OURS, "nameZh") : null;
    const name = given ? pick(given) : own;
    if (name) element.setAttribute("name", name);
  }
  for (const bounds of parsed.querySelectorAll("BPMNLabel > Bounds")) widen(bounds, parsed);
  if (lacksDrawing(parsed)) await (await import("../layout.js")).draw(parsed);
  return new XMLSerializer().serializeToString(parsed);
}

/** A label as wide as its longest word, about the same middle: a translation is longer than what was drawn. */
function widen(bounds, parsed) {
  const shape = bounds.parentElement.parentElement;
  const name = parsed.getElementById(shape.getAttribute("bpmnElement"))?.getAttribute("name") ?? "";
  const words = chinese ? [name.slice(0, 8)] : name.split(/\s+/);
  const needed = Math.max(0, ...words.map((word) => [...word].reduce((sum, letter) => sum + (letter > "\u2e7f" ? LETTER.wide : LETTER.narrow), 6)));
  const width = Number(bounds.getAttribute("width"));
  if (!(needed > width)) return;
  bounds.setAttribute("x", Number(bounds.getAttribute("x")) - (needed - width) / 2);
  bounds.setAttribute("width", needed);
}

/** How names are written. */
export function letters() {
  const family = { fontFamily: getComputedStyle(document.body).fontFamily, fontWeight: "normal", lineHeight: 1.25 };
  return { defaultStyle: { ...family, fontSize: chinese ? 14 : 13 }, externalStyle: { ...family, fontSize: 13 } };
}
