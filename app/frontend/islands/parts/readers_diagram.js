// A diagram to look at: names in the reader's language, moved by dragging, zoomed by wheel with Ctrl.
import BpmnViewer from "bpmn-js/lib/Viewer";
import MoveCanvas from "diagram-js/lib/navigation/movecanvas";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

import { lacksDrawing } from "./bpmn.js";
import { chinese, pick } from "./texts.js";

const OURS = "urn:youxu:bpmn:1";

/** The document with the reader's names, drawn if nobody drew it. */
async function named(xml, names = {}) {
  const parsed = new DOMParser().parseFromString(xml, "application/xml");
  for (const element of parsed.querySelectorAll("[id]")) {
    const own = names[element.id] ? pick(names[element.id]) : chinese ? element.getAttributeNS(OURS, "nameZh") : null;
    if (own) element.setAttribute("name", own);
  }
  if (lacksDrawing(parsed)) await (await import("../layout.js")).draw(parsed);
  return new XMLSerializer().serializeToString(parsed);
}

/** A viewer in the place, with the document drawn. */
export async function look(place, xml, names) {
  const letters = { fontFamily: getComputedStyle(document.body).fontFamily };
  const viewer = new BpmnViewer({ container: place, additionalModules: [MoveCanvas], textRenderer: { defaultStyle: letters, externalStyle: letters } });
  await viewer.importXML(await named(xml, names));
  fit(viewer);
  place.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = place.getBoundingClientRect();
      const canvas = viewer.get("canvas");
      canvas.zoom(Math.min(Math.max(canvas.zoom() * (event.deltaY < 0 ? 1.1 : 0.9), 0.15), 3), { x: event.clientX - box.left, y: event.clientY - box.top });
    },
    { passive: false },
  );
  return viewer;
}

export function fit(viewer) {
  viewer.get("canvas").zoom("fit-viewport", "auto");
}
