// What the modeler offers: no kind of element that the server's lint never lets run; and a new step can be dropped on the
// label of a flow as on the flow itself.
const NEVER = /ad-hoc|complex-gateway/;
const AFTER_SNAPPING = 1100; // and before the library places it

class Offers {
  constructor(popupMenu, eventBus) {
    popupMenu.registerProvider("bpmn-replace", 500, this); // after those of the library
    eventBus.on(["create.move", "create.hover", "create.out", "create.end", "create.cleanup"], AFTER_SNAPPING, (event) => {
      const flow = event.hover?.labelTarget;
      if (!flow?.waypoints) return;
      event.hover = flow;
      if (event.type === "create.end") Object.assign(event, nearest(flow.waypoints, event));
    });
  }

  getPopupMenuEntries() {
    return (entries) => Object.fromEntries(Object.entries(entries).filter(([name]) => !NEVER.test(name)));
  }
}

Offers.$inject = ["popupMenu", "eventBus"];

/** The point of a line that lies nearest. */
function nearest(waypoints, { x, y }) {
  const points = waypoints.slice(1).map((to, place) => {
    const from = waypoints[place];
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const share = Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy || 1)));
    return { x: Math.round(from.x + share * dx), y: Math.round(from.y + share * dy) };
  });
  const away = (point) => Math.hypot(point.x - x, point.y - y);
  return points.reduce((best, point) => (away(point) < away(best) ? point : best));
}

export const offersModule = { __init__: ["youxuOffers"], youxuOffers: ["type", Offers] };
