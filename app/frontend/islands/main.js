// What every page loads: styles, htmx, small behaviours that pages ask for by data attributes. Heavy parts come lazily (parts/mount.js).
//
//   data-confirm="…"                 asks before a form, button, link or htmx request goes (data-confirm-yes: the button's text)
//   data-live="/x/stamp"             gives the element the event "changed" when the stamp differs (data-stamp: the one rendered)
//   data-list, tr[data-href]         keyboard j k Enter, click on the row opens
//   data-rows, data-row, data-row-add, data-row-remove, data-row-number, <template>   repeated rows, names lines-0-… (data-least, data-most)
//   data-suggest="/x/suggest?q="     suggestions [{value, label, hint, …}]; data-fill="key" takes over what came with the choice
//   data-shows="field=a|b"           a section for some values of a field
//   data-steps="button"              Enter in a field of this part goes to the next one, from the last one it presses that button (parts/steps.js)
//   data-guard                       on a form: leaving with unsaved changes asks
//   data-autosubmit                  a filter that sends its form when changed
//   data-select                      on a form: a list whose rows are ticked (parts/select.js)
//   data-worklist="/inbox?…"         a list that others change: keys c x r, nothing moves under the reader, place kept (parts/worklist.js)
//   data-queue                       on the form of a decision: without a network it is kept and sent later (parts/waiting.js)
//   data-search-here                 "/" goes to this field instead of the search of the whole site
//   data-expression, data-insert, data-refreshes   a click on a field of a payload inserts it (parts/insert.js)
//   data-picker, data-sortable, data-remove   the table view of rules (parts/rules.js)
//   data-href, data-copy, data-back, data-print, data-close, data-focus, data-shortcuts
import "@tabler/core/dist/css/tabler.min.css";
import "../styles/tokens.css";
import "../styles/frame.css";
import "../styles/parts.css";
import "../styles/islands.css";
import "../styles/cockpit.css";
import "../styles/print.css";
import "../styles/rules.css";
import "../styles/worklist.css";
import "../styles/teamwork.css";
import "../styles/signing.css";
import "../styles/hooks.css";
import "../styles/phone.css";
import "../styles/designer.css";
import "../styles/trace.css";
import "../styles/shipping.css";

import htmx from "htmx.org";
import "./parts/dialog.js";
import { watchForms } from "./parts/forms.js";
import "./parts/insert.js";
import "./parts/keys.js";
import "./parts/live.js";
import { mountIslands } from "./parts/mount.js";
import "./parts/nav.js";
import { watchRules } from "./parts/rules.js";
import { watchSelections } from "./parts/select.js";
import "./parts/suggest.js";
import { text } from "./parts/texts.js";
import { toast, watchToasts } from "./parts/toasts.js";
import "./parts/push.js";
import "./parts/scan.js";
import "./parts/steps.js";
import "./parts/waiting.js";
import { watchWorklists } from "./parts/worklist.js";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  historyCacheSize: 0, // pages with orders in them are not kept in the browser
  timeout: 30000,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "[45]..", swap: true, error: true }, // refusals are parts too: they go to #notices
  ],
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 500 && !xhr.getResponseHeader("HX-Retarget")) {
    event.detail.shouldSwap = false; // an answer of something between us and the server
    toast(text("The server did not answer. Nothing was changed; please try again."), "danger");
  }
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast(text("The server did not answer. Nothing was changed; please try again."), "danger"));
}

htmx.onLoad((root) => {
  watchToasts(root);
  watchForms(root);
  mountIslands(root);
  watchSelections(root);
  watchRules(root);
  watchWorklists(root);
  if (root.querySelector?.("[data-bs-toggle]")) import("@tabler/core/dist/js/tabler.esm.min.js");
});
