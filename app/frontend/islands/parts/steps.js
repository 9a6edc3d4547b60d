import { make } from "./dom.js";
import { text } from "./texts.js";

// data-steps: Enter goes to the next field; from the last one it sends the form with the button that was pressed before,
// or with the only one. Where neither is so, nothing is guessed: it says that one of them is to be pressed.
const chosen = new WeakMap(); // form → the button that was pressed, though the form was not complete yet

const buttonsOf = (part) => [...part.closest("form").querySelectorAll(part.dataset.steps)];

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button");
  const part = button?.form?.querySelector("[data-steps]");
  const buttons = part ? buttonsOf(part) : [];
  if (!buttons.includes(button)) return;
  chosen.set(button.form, button);
  for (const one of buttons) one.classList.toggle("is-chosen", one === button && buttons.length > 1);
  part.querySelector("[data-steps-said]")?.remove();
});

function ask(part, buttons) {
  part.querySelector("[data-steps-said]")?.remove();
  const names = buttons.map((one) => one.textContent.trim()).join(" / ");
  const said = make("p", { class: "invalid-feedback d-block", role: "alert", "data-steps-said": true });
  part.append(said);
  said.textContent = text("Nothing is sent yet: press what you decide and sign ({names}).", { names });
  said.scrollIntoView({ block: "nearest" });
  buttons[0]?.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  const part = event.key === "Enter" && !event.isComposing && event.target.matches?.("input") && event.target.closest("[data-steps]");
  if (!part) return;
  event.preventDefault();
  const fields = [...part.querySelectorAll("input:not([type=hidden])")];
  const next = fields[fields.indexOf(event.target) + 1];
  if (next) return next.focus();
  const buttons = buttonsOf(part);
  const pressed = buttons.length === 1 ? buttons[0] : buttons.find((one) => one === chosen.get(part.closest("form")));
  if (pressed) part.closest("form").requestSubmit(pressed);
  else ask(part, buttons);
});
