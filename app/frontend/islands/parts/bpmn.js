// Reading a BPMN document: which elements it has, which of them are drawn, how large a drawing of each is.
import { chinese } from "./texts.js";

const MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const DI = "http://www.omg.org/spec/BPMN/20100524/DI";
const HOLDS = new Set(["subProcess", "transaction", "adHocSubProcess"]);
const ASIDE = new Set(["textAnnotation", "dataObjectReference", "dataStoreReference"]);
const LETTER = { wide: 14, narrow: 7.2, line: 17 };

const isModel = (element) => element.namespaceURI === MODEL;

function isNode(element) {
  if (!isModel(element) || !element.id) return false;
  return HOLDS.has(element.localName) || ASIDE.has(element.localName) || /(Task|^task|Event|Gateway|^callActivity)$/.test(element.localName);
}

/** The elements of a process or subprocess that are drawn as shapes, not those inside subprocesses. */
export function nodesOf(holder) {
  return [...holder.children].filter(isNode);
}

/** Flows and associations between the drawn elements of one process or subprocess. */
export function edgesOf(holder) {
  const inside = new Set(nodesOf(holder).map((node) => node.id));
  const found = [];
  for (const flow of holder.children) {
    if (!isModel(flow) || !["sequenceFlow", "association"].includes(flow.localName) || !flow.id) continue;
    const [source, target] = [flow.getAttribute("sourceRef"), flow.getAttribute("targetRef")];
    if (inside.has(source) && inside.has(target)) found.push({ flow, source, target });
  }
  return found;
}

/** Each process with the id of the pool it belongs to: [{process, participant|null}]; without pools the one that runs. */
export function processesOf(document) {
  const all = [...document.getElementsByTagNameNS(MODEL, "process")].filter((process) => nodesOf(process).length);
  if (!all.length) return [];
  const pools = [...document.getElementsByTagNameNS(MODEL, "participant")];
  const pooled = all.flatMap((process) => {
    const pool = pools.find((one) => one.getAttribute("processRef")?.split(":").at(-1) === process.id);
    return pool ? [{ process, participant: pool.id }] : [];
  });
  if (pooled.length) return pooled;
  return [{ process: all.find((process) => process.getAttribute("isExecutable") === "true") ?? all[0], participant: null }];
}

/** True when an element that tokens visit has no place in the drawing that came with the file. */
export function lacksDrawing(document) {
  const drawn = new Set([...document.getElementsByTagNameNS(DI, "BPMNShape")].map((shape) => shape.getAttribute("bpmnElement")?.split(":").at(-1)));
  const unseen = (holder) => nodesOf(holder).some((node) => (!ASIDE.has(node.localName) && !drawn.has(node.id)) || (HOLDS.has(node.localName) && unseen(node)));
  return processesOf(document).some(({ process }) => unseen(process));
}

/** {width, height, named: its name stands outside, holds: it has elements of its own}. */
export function sizeOf(node) {
  const kind = node.localName;
  if (HOLDS.has(kind) && nodesOf(node).length) return { holds: true };
  if (kind.endsWith("Event")) return { width: 36, height: 36, named: true };
  if (kind.endsWith("Gateway")) return { width: 50, height: 50, named: true };
  if (kind === "textAnnotation") return { width: 140, height: 60, named: false };
  if (kind === "dataObjectReference") return { width: 36, height: 50, named: true };
  if (kind === "dataStoreReference") return { width: 50, height: 50, named: true };
  return { width: chinese ? 112 : 120, height: 80, named: false };
}

const widthOf = (words) => [...words].reduce((sum, letter) => sum + (letter > "\u2e7f" ? LETTER.wide : LETTER.narrow), 8);

/** How much room the name of an element takes when its lines are at most so wide (longer words make them wider). */
export function labelSize(element, most) {
  const name = element.getAttribute("name") ?? "";
  const pieces = name.split(/\s+/).map(widthOf);
  const longest = /[\u2e80-\uffff]/.test(name) ? Math.min(widthOf(name), most) : Math.max(0, ...pieces);
  const width = Math.min(Math.max(longest, Math.min(widthOf(name), most)), 260);
  const lines = Math.max(1, Math.ceil((widthOf(name) * 1.12) / Math.max(width, 1)));
  return { width: Math.ceil(width), height: lines * LETTER.line };
}
