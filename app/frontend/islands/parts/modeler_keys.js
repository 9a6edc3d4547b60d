// What keys do in the modeler.
import { make } from "./dom.js";
import { text } from "./texts.js";

const KEYS = [
  ["Ctrl S", "Save"],
  ["Ctrl Z", "Undo"],
  ["Ctrl Y", "Redo"],
  ["Ctrl C", "Copy what is chosen"],
  ["Ctrl V", "Paste"],
  ["Ctrl X", "Cut"],
  ["Ctrl A", "Choose everything"],
  ["Ctrl F", "Search"],
  ["E", "Write the name of what is chosen"],
  ["Del", "Delete what is chosen"],
  ["R", "Change the kind of element"],
  ["L", "Choose by a rectangle"],
  ["S", "Make or take room"],
  ["C", "Connect"],
  ["H", "Move the sheet"],
  ["← ↑ → ↓", "Move what is chosen"],
  ["Shift ← ↑ → ↓", "Move it further"],
  ["Ctrl ← ↑ → ↓", "Move the sheet"],
  ["Ctrl + −", "Larger, smaller"],
  ["Ctrl 0", "True size"],
  ["T", "Simulate"],
];

export function showKeys() {
  const close = make("button", { class: "btn btn-primary", value: "" }, text("Close"));
  const rows = KEYS.map(([keys, does]) => make("div", {}, make("dt", {}, ...keys.split(" ").flatMap((key) => [make("kbd", {}, key), " "])), make("dd", {}, text(does))));
  const dialog = make(
    "dialog",
    { class: "modeler-keys", "aria-label": text("Keyboard shortcuts") },
    make("form", { method: "dialog" }, make("h2", {}, text("Keyboard shortcuts")), make("dl", {}, ...rows), close),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
