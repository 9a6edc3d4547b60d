// The way of goods as a drawing: places from left to right (on a phone from top to bottom), lines with quantities.
// Arrow keys go from place to place, Enter opens the chosen one; the table on the page says the same.
import cytoscape from "cytoscape";

import { icon, make } from "./parts/dom.js";
import { chinese, text } from "./parts/texts.js";

const COLUMN = 210;
const ROW = 92;
const INK = "#10272c";

/** Places by column, those of one column one below the other. */
function positions(nodes, narrow) {
  const columns = [...new Set(nodes.map((node) => node.column))].sort((a, b) => a - b);
  const filled = new Map(columns.map((column) => [column, 0]));
  const most = Math.max(...columns.map((column) => nodes.filter((node) => node.column === column).length));
  return Object.fromEntries(
    nodes.map((node) => {
      const place = filled.get(node.column);
      filled.set(node.column, place + 1);
      const count = nodes.filter((other) => other.column === node.column).length;
      const along = columns.indexOf(node.column);
      const across = place + (most - count) / 2;
      return [node.id, narrow ? { x: across * 170, y: along * ROW * 1.25 } : { x: along * COLUMN, y: across * ROW }];
    }),
  );
}

const style = (narrow) => [
  {
    selector: "node",
    style: {
      shape: "round-rectangle",
      width: 140,
      height: 54,
      "background-color": "#fff",
      "border-width": 1.5,
      "border-color": "#0b6b73",
      label: "data(text)",
      color: INK,
      "font-size": 12,
      "font-family": "system-ui, sans-serif",
      "text-wrap": "wrap",
      "text-max-width": 130,
      "text-overflow-wrap": "anywhere", // Chinese names have no spaces
      "text-valign": "center",
    },
  },
  { selector: "node.chosen", style: { "border-width": 4, "border-color": "#b4500a", "background-color": "#fff3d6" } },
  {
    selector: "edge",
    style: {
      width: "data(width)",
      "line-color": "#8a9b9f",
      "target-arrow-color": "#52656a",
      "target-arrow-shape": "triangle",
      "curve-style": "bezier",
      label: "data(text)",
      color: INK,
      "font-size": 11,
      "text-background-color": "#fcfdfd",
      "text-background-opacity": 1,
      "text-background-padding": 2,
    },
  },
  { selector: "edge.back", style: { "curve-style": "unbundled-bezier", "control-point-distances": [narrow ? 90 : -70], "control-point-weights": [0.5] } },
  { selector: "edge.near", style: { "line-color": "#b4500a", "target-arrow-color": "#b4500a" } },
];

function elements(drawing) {
  const most = Math.max(1, ...drawing.edges.map((edge) => edge.quantity));
  const number = new Intl.NumberFormat(chinese ? "zh-CN" : "en-GB");
  const column = Object.fromEntries(drawing.nodes.map((node) => [node.id, node.column]));
  return [
    ...drawing.nodes.map((node) => ({ data: { id: node.id, url: node.url, text: [node.kind, node.label].filter(Boolean).join("\n") } })),
    ...drawing.edges.map((edge, at) => ({
      classes: column[edge.target] <= column[edge.source] ? "back" : "", // bent, so that it goes round what lies between
      data: {
        id: `way-${at}`,
        source: edge.source,
        target: edge.target,
        text: number.format(edge.quantity),
        width: 1 + 5 * Math.sqrt(edge.quantity / most),
      },
    })),
  ];
}

/** What is said of a place when it is chosen: its name, and what goes in and out. */
function told(node) {
  const side = (edges, word) => (edges.length ? `${word} ${edges.map((edge) => edge.data("text")).join(" + ")}` : "");
  const parts = [node.data("text").replace("\n", " · "), side(node.incomers("edge"), text("in:")), side(node.outgoers("edge"), text("out:"))];
  return parts.filter(Boolean).join(chinese ? "；" : "; ");
}

/** The nearest place in that direction. */
function neighbour(graph, from, key) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const here = from.position();
  let best = null;
  for (const node of graph.nodes().toArray()) {
    const there = node.position();
    const along = (there.x - here.x) * dx + (there.y - here.y) * dy;
    const aside = Math.abs((there.x - here.x) * dy) + Math.abs((there.y - here.y) * dx);
    if (along < 1) continue;
    const far = along + 3 * aside;
    if (!best || far < best.far) best = { node, far };
  }
  return best?.node ?? from;
}

function tools(graph) {
  const button = (name, label, act) => {
    const made = make("button", { type: "button", class: "btn", title: label, "aria-label": label }, icon(name));
    made.addEventListener("click", act);
    return made;
  };
  const zoom = (factor) => graph.zoom({ level: graph.zoom() * factor, renderedPosition: { x: graph.width() / 2, y: graph.height() / 2 } });
  return make(
    "div",
    { class: "island-tools" },
    button("zoom-in", text("Zoom in"), () => zoom(1.3)),
    button("zoom-out", text("Zoom out"), () => zoom(1 / 1.3)),
    button("focus-centered", text("Whole diagram"), () => graph.fit(undefined, 24)),
  );
}

/** Draw data-drawing {nodes: [{id, label, kind, column, url}], edges: [{source, target, quantity}]}. */
export function mount(place) {
  const drawing = JSON.parse(place.dataset.drawing);
  const narrow = place.clientWidth < 600;
  const canvas = make("div", {
    class: "trace-canvas",
    tabindex: "0",
    role: "application",
    "aria-label": text("The way of the goods. Arrow keys go from place to place, Enter opens one; the table below says the same."),
  });
  const note = make("p", { class: "trace-told", role: "status" }, text("Choose a place to see what went in and out."));
  place.append(canvas, note);
  const where = positions(drawing.nodes, narrow);
  const graph = cytoscape({
    container: canvas,
    elements: elements(drawing),
    style: style(narrow),
    layout: { name: "preset", positions: (node) => where[node.id()], padding: 24 },
    minZoom: 0.15,
    maxZoom: 2.5,
    userZoomingEnabled: false, // the wheel scrolls the page; there are buttons
    autoungrabify: true,
    boxSelectionEnabled: false,
  });
  if (graph.zoom() > 1.2) graph.zoom(1.2).center();
  place.append(tools(graph));
  let chosen = null;
  const choose = (node) => {
    graph.elements().removeClass("chosen near");
    chosen = node;
    node.addClass("chosen");
    node.connectedEdges().addClass("near");
    note.replaceChildren(told(node), " ");
    if (node.data("url")) note.append(make("a", { href: node.data("url") }, text("Open")));
    const at = node.renderedBoundingBox();
    if (at.x1 < 0 || at.y1 < 0 || at.x2 > graph.width() || at.y2 > graph.height()) graph.center(node);
  };
  graph.on("tap", "node", (event) => choose(event.target));
  graph.on("dbltap", "node", (event) => event.target.data("url") && location.assign(event.target.data("url")));
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && chosen?.data("url")) return location.assign(chosen.data("url"));
    if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    choose(chosen ? neighbour(graph, chosen, event.key) : graph.nodes()[0]);
  });
  new ResizeObserver(() => {
    graph.resize();
    graph.fit(undefined, 24);
    if (graph.zoom() > 1.2) graph.zoom(1.2).center();
  }).observe(canvas);
}
