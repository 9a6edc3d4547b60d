// A drawing for diagrams that have none: ELK computes it in a worker, from what stands in the XML.
//
// Subprocesses are drawn open, boundary events sit on the edge of their activity, pools lie below each other.
// Lanes are not drawn: their borders would cross the flows of a drawing that nobody made by hand.
import ELK from "elkjs/lib/elk-api";
import workerAddress from "elkjs/lib/elk-worker.min.js?url";

import { edgesOf, labelSize, nodesOf, processesOf, sizeOf } from "./parts/bpmn.js";
import { text } from "./parts/texts.js";

const PATIENCE = 15000; // ms; a diagram of 200 elements takes about half a second
const POOL = { label: 30, gap: 60, least: 420 };
const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.spacing.nodeNode": "46",
  "elk.spacing.edgeNode": "22",
  "elk.spacing.edgeEdge": "16",
  "elk.spacing.componentComponent": "40",
  "elk.layered.spacing.nodeNodeBetweenLayers": "54",
  "elk.layered.spacing.edgeNodeBetweenLayers": "22",
  "elk.layered.cycleBreaking.strategy": "DEPTH_FIRST",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.padding": "[top=40,left=30,bottom=30,right=30]",
};

/** The document with a drawing of all its elements; what was drawn before is replaced. */
export async function draw(document) {
  const pools = processesOf(document);
  const graphs = await layered(pools.map(({ process }) => container(process, true)));
  const plane = freshPlane(document, pools);
  const places = new Map();
  let top = 0;
  const width = Math.max(POOL.least, ...graphs.map((graph) => graph.width + POOL.label));
  for (const [index, { participant }] of pools.entries()) {
    const graph = graphs[index];
    if (participant) {
      plane.shape(participant, { x: 0, y: top, width, height: Math.max(graph.height, 120) }, { isHorizontal: "true" });
      places.set(participant, { x: 0, y: top, width, height: Math.max(graph.height, 120) });
    }
    place(document, graph, participant ? POOL.label : 0, top, plane, places);
    top += Math.max(graph.height, participant ? 120 : 0) + POOL.gap;
  }
  top = emptyPools(document, plane, places, width, top);
  messageFlows(document, plane, places);
}

async function layered(graphs) {
  const elk = new ELK({ workerUrl: workerAddress });
  const late = new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(text("The diagram has no drawing, and making one took too long."))), PATIENCE);
  });
  try {
    return await Promise.race([Promise.all(graphs.map((graph) => elk.layout(graph))), late]);
  } finally {
    elk.terminateWorker();
  }
}

/** An element that holds others, as ELK wants it. */
function container(element, outermost = false) {
  const nodes = nodesOf(element);
  const onEdge = (node) => node.hasAttribute("attachedToRef");
  const events = (host) => nodes.filter((node) => node.getAttribute("attachedToRef") === host.id);
  const opened = nodes.filter((node) => sizeOf(node).holds);
  const plain = new Set(nodes.filter((node) => !onEdge(node) && !opened.includes(node)).map((node) => node.id));
  const end = (id, side) => (plain.has(id) ? `${id}:${side}` : id);
  return {
    id: element.id,
    layoutOptions: { ...OPTIONS, "elk.spacing.portPort": String(gapBetween(opened.flatMap(events))) },
    labels: outermost ? [] : [{ text: "", width: labelSize(element, 160).width, height: 20 }],
    children: nodes.filter((node) => !onEdge(node)).map((node) => (opened.includes(node) ? holding(node, events(node)) : single(node, events(node)))),
    edges: edgesOf(element).map(({ flow, source, target }) => ({
      id: flow.id,
      sources: [end(source, "out")],
      targets: [end(target, "in")],
      labels: labelled(flow, 110),
    })),
  };
}

/** A subprocess; where its boundary events sit is left to ELK, because its size is not known before. */
function holding(node, events) {
  const made = container(node);
  const ports = events.map((event) => port(event.id, "SOUTH", { width: 36, height: 36, borderOffset: -18 }));
  return { ...made, ports, layoutOptions: { ...made.layoutOptions, "elk.portConstraints": "FIXED_SIDE", "elk.portAlignment.south": "END" } };
}

/** A task, event or gateway: flows come in on the left and go out on the right, boundary events sit below. */
function single(node, events) {
  const { width: least, height, named } = sizeOf(node);
  const step = 36 + gapBetween(events);
  const width = Math.max(least, step * events.length);
  const ports = [port(`${node.id}:in`, "WEST", { x: 0, y: height / 2 }), port(`${node.id}:out`, "EAST", { x: width, y: height / 2 })];
  for (const [index, event] of events.entries()) {
    ports.push(port(event.id, "SOUTH", { x: width - step * (events.length - index) + 8, y: height - 18, width: 36, height: 36, borderOffset: -18 }));
  }
  const below = named ? { "elk.nodeLabels.placement": "OUTSIDE V_BOTTOM H_CENTER" } : {};
  return { id: node.id, width, height, ports, labels: named ? labelled(node, 96) : [], layoutOptions: { ...below, "elk.portConstraints": "FIXED_POS" } };
}

function port(id, side, { borderOffset, ...box }) {
  const options = { "elk.port.side": side, ...(borderOffset === undefined ? {} : { "elk.port.borderOffset": String(borderOffset) }) };
  return { id, width: 0, height: 0, ...box, layoutOptions: options };
}

/** Between boundary events: their names stand to the right of them. */
const gapBetween = (events) => Math.max(20, ...events.map((event) => beside(event).width - 4));

const beside = (event) => (event.getAttribute("name") ? labelSize(event, 70) : { width: 0, height: 0 });

const labelled = (element, most) => (element.getAttribute("name") ? [{ text: element.getAttribute("name"), ...labelSize(element, most) }] : []);

/** Write what ELK answered; positions in it count from the parent. */
function place(document, graph, x, y, plane, places) {
  for (const node of graph.children ?? []) {
    const box = { x: x + node.x, y: y + node.y, width: node.width, height: node.height };
    const inner = (node.children ?? []).length > 0;
    plane.shape(node.id, box, inner ? { isExpanded: "true" } : {}, labelBox(node, box));
    places.set(node.id, box);
    for (const port of (node.ports ?? []).filter((one) => one.width)) {
      const spot = { x: box.x + port.x, y: box.y + box.height - 18, width: 36, height: 36 };
      const named = beside(document.getElementById(port.id));
      plane.shape(port.id, spot, {}, named.width ? { x: spot.x + 24, y: spot.y + 36, ...named } : null);
      places.set(port.id, spot);
    }
    if (inner) place(document, node, box.x, box.y, plane, places);
  }
  for (const edge of graph.edges ?? []) {
    const section = edge.sections?.[0];
    if (!section) continue;
    const points = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint];
    const label = edge.labels?.[0];
    const box = label && { x: x + label.x, y: y + label.y, width: label.width, height: label.height };
    plane.edge(edge.id, points.map((point) => ({ x: x + point.x, y: y + point.y })), box);
  }
}

function labelBox(node, box) {
  const label = node.labels?.[0];
  if (!label?.text) return null;
  return { x: box.x + label.x, y: box.y + label.y, width: label.width, height: label.height };
}

/** Pools of others: a bar without content. */
function emptyPools(document, plane, places, width, top) {
  for (const pool of document.getElementsByTagNameNS("*", "participant")) {
    if (places.has(pool.id)) continue;
    const box = { x: 0, y: top, width, height: 60 };
    plane.shape(pool.id, box, { isHorizontal: "true" });
    places.set(pool.id, box);
    top += 60 + POOL.gap;
  }
  return top;
}

/** Between pools: straight down (or up) from the middle of one to the middle of the other. */
function messageFlows(document, plane, places) {
  for (const flow of document.getElementsByTagNameNS("*", "messageFlow")) {
    const [from, to] = [places.get(flow.getAttribute("sourceRef")), places.get(flow.getAttribute("targetRef"))];
    if (!from || !to) continue;
    const down = from.y < to.y;
    const [startX, endX] = [middle(from, to), middle(to, from)];
    const start = { x: startX, y: down ? from.y + from.height : from.y };
    const finish = { x: endX, y: down ? to.y : to.y + to.height };
    const turn = (start.y + finish.y) / 2;
    plane.edge(flow.id, start.x === finish.x ? [start, finish] : [start, { x: start.x, y: turn }, { x: finish.x, y: turn }, finish]);
  }
}

/** Where a line leaves a box: its middle, or for a whole pool the place above or below the other end. */
function middle(box, other) {
  return box.width > 300 ? Math.min(Math.max(other.x + other.width / 2, box.x + 40), box.x + box.width - 20) : box.x + box.width / 2;
}

const DI = "http://www.omg.org/spec/BPMN/20100524/DI";
const DC = "http://www.omg.org/spec/DD/20100524/DC";
const DD = "http://www.omg.org/spec/DD/20100524/DI";

/** An empty plane in the document, which writes shapes and edges into itself. */
function freshPlane(document, pools) {
  for (const old of [...document.getElementsByTagNameNS(DI, "BPMNDiagram")]) old.remove();
  const collaboration = document.getElementsByTagNameNS("*", "collaboration")[0];
  const shown = pools.some(({ participant }) => participant) ? collaboration : pools[0].process;
  const diagram = document.createElementNS(DI, "bpmndi:BPMNDiagram");
  const plane = document.createElementNS(DI, "bpmndi:BPMNPlane");
  diagram.setAttribute("id", "yx_drawing");
  plane.setAttribute("id", "yx_plane");
  plane.setAttribute("bpmnElement", shown.id);
  diagram.append(plane);
  document.documentElement.append(diagram);
  const child = (parent, space, name, attributes) => {
    const made = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, typeof value === "number" ? String(Math.round(value)) : value);
    parent.append(made);
    return made;
  };
  const label = (parent, box) => box && child(child(parent, DI, "bpmndi:BPMNLabel", {}), DC, "dc:Bounds", box);
  return {
    shape(id, box, attributes = {}, named = null) {
      const marker = document.getElementById(id)?.localName === "exclusiveGateway" ? { isMarkerVisible: "true" } : {};
      const made = child(plane, DI, "bpmndi:BPMNShape", { id: `yx_${id}_di`, bpmnElement: id, ...attributes, ...marker });
      child(made, DC, "dc:Bounds", box);
      label(made, named);
    },
    edge(id, points, named = null) {
      const made = child(plane, DI, "bpmndi:BPMNEdge", { id: `yx_${id}_di`, bpmnElement: id });
      for (const { x, y } of points) child(made, DD, "di:waypoint", { x, y });
      label(made, named);
    },
  };
}
