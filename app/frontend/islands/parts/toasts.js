import { all, icon, make, once } from "./dom.js";
import { text } from "./texts.js";

const STAYS = 6000;
const ICONS = { success: "circle-check", warning: "alert-triangle", danger: "alert-octagon" };

/** Show a message; `danger` and `warning` stay until closed. */
export function toast(sentence, tone = "info") {
  const keep = tone === "danger" || tone === "warning";
  const note = make(
    "div",
    { class: `toast-note tone-${tone}`, "data-toast": keep ? "keep" : "fade", role: keep ? "alert" : null },
    icon(ICONS[tone] ?? "info-circle"),
    make("div", {}, sentence),
    make("button", { type: "button", class: "toast-close", "data-close": true, "aria-label": text("Close") }, icon("x")),
  );
  document.getElementById(keep ? "notices" : "flashes")?.append(note);
  watchToasts(note);
}

// Where one only taps, what lies under the last tap counts as hovered for good.
const HELD = matchMedia("(hover: hover)").matches ? ":hover, :focus-within" : ":focus-within";

/** Let messages that need no answer go away by themselves, unless the pointer or focus is on them. */
export function watchToasts(root) {
  for (const note of all(root, "[data-toast=fade]")) {
    if (!once(note, "toast")) continue;
    const leave = () => (note.matches(HELD) ? setTimeout(leave, 1500) : note.remove());
    setTimeout(leave, STAYS);
  }
}

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-close]")?.closest("[data-toast], dialog")?.remove();
});
