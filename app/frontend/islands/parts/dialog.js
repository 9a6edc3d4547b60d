import { make } from "./dom.js";
import { text } from "./texts.js";

/** Ask before something that matters; resolves to true or false. Focus goes back where it was. */
export function ask(sentence, { title = text("Please confirm"), yes = text("OK"), tone = "primary" } = {}) {
  const before = document.activeElement;
  const dialog = make(
    "dialog",
    { class: "ask", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
    make(
      "form",
      { method: "dialog" },
      make("h2", { id: "ask-title" }, title),
      make("p", { id: "ask-text" }, sentence),
      make(
        "div",
        { class: "button-row" },
        make("button", { class: "btn", value: "no", autofocus: tone === "danger" }, text("Cancel")),
        make("button", { class: `btn btn-${tone}`, value: "yes", autofocus: tone !== "danger" }, yes),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus?.();
      resolve(dialog.returnValue === "yes");
    });
  });
}

function options(element) {
  const danger = element.matches(".btn-danger, [data-confirm-tone=danger]") || element.querySelector?.(".btn-danger");
  return {
    yes: element.dataset.confirmYes || (element.tagName === "BUTTON" ? element.textContent.trim() : "") || text("OK"),
    tone: danger ? "danger" : "primary",
  };
}

const usesHtmx = (element) => element?.closest("[hx-post], [hx-get], [hx-put], [hx-delete], [hx-patch]") != null;
let agreed = null;

// Forms and their buttons: <button data-confirm="…"> or <form data-confirm="…">.
document.addEventListener(
  "submit",
  async (event) => {
    const asker = event.submitter?.closest("[data-confirm]") ?? event.target.closest("form[data-confirm]");
    if (!asker || event.target.method === "dialog") return;
    const permit = agreed;
    agreed = null;
    if (permit?.form === event.target && permit.submitter === event.submitter) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { target: form, submitter } = event;
    if (await ask(asker.dataset.confirm, options(asker))) {
      agreed = { form, submitter };
      form.requestSubmit(submitter ?? undefined);
    }
  },
  true,
);

// Links, and buttons that ask through htmx themselves.
document.addEventListener(
  "click",
  async (event) => {
    const link = event.target.closest?.("a[data-confirm]");
    if (!link || usesHtmx(link)) return;
    event.preventDefault();
    if (await ask(link.dataset.confirm, options(link))) location.assign(link.href);
  },
  true,
);

document.addEventListener("htmx:confirm", async (event) => {
  const element = event.detail.elt;
  if (element.tagName === "FORM" || !element.dataset.confirm) return; // a form was asked when it was submitted
  event.preventDefault();
  if (await ask(element.dataset.confirm, options(element))) event.detail.issueRequest(true);
});
