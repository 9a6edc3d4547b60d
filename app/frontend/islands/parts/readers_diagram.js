// A diagram to look at: names in the reader's language, moved by dragging, zoomed by wheel with Ctrl.
import BpmnViewer from "bpmn-js/lib/Viewer";
import MoveCanvas from "diagram-js/lib/navigation/movecanvas";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";

import { letters, prepared } from "./readers_names.js";

/** A viewer in the place, with the document drawn. */
export async function look(place, xml, names) {
  const viewer = new BpmnViewer({ container: place, additionalModules: [MoveCanvas], textRenderer: letters() });
  await viewer.importXML(await prepared(xml, names));
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
