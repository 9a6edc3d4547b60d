import { all, make, once } from "./dom.js";
import { text } from "./texts.js";

// Heavy parts are fetched only where a page has a place for them: <div data-island="diagram" …>.
const ISLANDS = {
  diagram: () => import("../diagram.js"),
  form: () => import("../form.js"),
  trace: () => import("../trace.js"),
  waterfall: () => import("../waterfall.js"),
  histogram: () => import("../histogram.js"),
  api_docs: () => import("../api_docs.js"),
  modeler: () => import("../modeler.js"),
  compare: () => import("../compare.js"),
  form_editor: () => import("../form_editor.js"),
  player: () => import("../player.js"),
  decision_table: () => import("../decision_table.js"),
  rules_text: () => import("../rules_text.js"),
};

async function mount(place) {
  try {
    const island = await ISLANDS[place.dataset.island]();
    await island.mount(place);
    place.dataset.ready = "";
  } catch (error) {
    console.error(error);
    const reason = text("This part of the page could not be shown: {reason}", { reason: error.message });
    place.append(make("p", { class: "note tone-warning", role: "alert" }, reason));
  }
}

/** Bring the islands in new content to life. */
export function mountIslands(root) {
  for (const place of all(root, "[data-island]")) {
    if (place.dataset.island in ISLANDS && once(place, "island")) mount(place);
  }
}
