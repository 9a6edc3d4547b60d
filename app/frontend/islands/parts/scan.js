// Boxes for scanned codes: a scanner that types, or the camera, read by the browser itself or by a reader of ours (code_reader.js).
//   form[data-scan]                    /scan: the code goes with the form
//   [data-scan-check="/x"]             on a page of goods: the code is checked there, the answer fills the form around the box
import { make } from "./dom.js";
import { told } from "./phone_texts.js";
import { postDocument } from "./posting.js";
import { toast } from "./toasts.js";

const SEPARATOR = "\x1d"; // between two fields of a GS1 code
const FORMATS = ["data_matrix", "qr_code", "code_128", "ean_13", "ean_8", "upc_a", "upc_e", "itf"];
const PAUSE = 150;

// Scanners send the separator as Ctrl+], which a field would not take.
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.closest?.("[data-scan], [data-scan-check]") || !event.ctrlKey || (event.key !== "]" && event.code !== "BracketRight")) return;
  event.preventDefault();
  field.setRangeText(SEPARATOR, field.selectionStart, field.selectionEnd, "end");
});

function find(form, code) {
  form.elements.code.value = code;
  form.requestSubmit();
}

// The box on a page of goods: the server checks the code against what that page expects, and says what to fill in.
async function check(box, code) {
  const input = box.querySelector("[data-scan-input]");
  const said = box.querySelector("[data-scan-said]");
  box.dataset.state = "asking";
  said.textContent = told("Checking …");
  const answer = await postDocument(box.dataset.scanCheck, null, "", { code }).catch(() => ({ status: 0, said: {} }));
  const refused = answer.said.error;
  box.dataset.state = answer.status === 200 ? "right" : "wrong";
  if (answer.status === 200) {
    const filled = fill(box.closest("form"), answer.said.fields);
    said.textContent = told("Right: {what}", { what: [answer.said.sku, ...filled].join(" · ") });
  } else {
    said.textContent = refused?.message ?? told("The server did not answer. Scan again.");
    navigator.vibrate?.([120, 60, 120]);
  }
  input.value = "";
  input.focus({ preventScroll: true });
  box.scrollIntoView({ block: "center" }); // on a phone the verdict would lie below the menu
  box.dispatchEvent(new CustomEvent("scanned", { bubbles: true, detail: answer }));
}

function fill(form, fields) {
  const filled = [];
  for (const [name, value] of Object.entries(fields)) {
    const field = form?.elements[name];
    filled.push(value);
    if (!field) continue;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return filled;
}

// Browsers that cannot read DataMatrix, which our own labels carry, get the reader that comes with us.
async function reader() {
  const own = (await globalThis.BarcodeDetector?.getSupportedFormats().catch(() => [])) ?? [];
  if (own.includes(FORMATS[0])) return new BarcodeDetector({ formats: FORMATS.filter((one) => own.includes(one)) });
  const { codeReader } = await import("./code_reader.js");
  return codeReader(FORMATS);
}

const without = (sentence) => (error) => {
  throw Object.assign(error, { told: told(sentence) });
};

function show(stream) {
  const video = make("video", { playsinline: true, muted: true, autoplay: true }); // an iPhone plays it in full screen otherwise
  video.muted = true; // the attribute alone mutes nothing that a script made
  const close = make("button", { class: "btn", value: "no" }, told("Close"));
  const dialog = make("dialog", { class: "scan-view", "aria-label": told("Scan with the camera") }, video, make("p", {}, told("Hold the code into the frame")), make("form", { method: "dialog" }, close));
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    for (const track of stream.getTracks()) track.stop();
    dialog.remove();
  });
  dialog.showModal();
  video.srcObject = stream;
  return { dialog, video };
}

async function watch(take) {
  const reading = reader().catch(without("The reader of codes could not be loaded. Check the network and try again."));
  reading.catch(() => {}); // while the camera is asked for, nobody waits for it yet
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  const { dialog, video } = show(stream);
  try {
    await video.play();
    const found = await look(await reading, video, dialog);
    if (!found) return;
    navigator.vibrate?.(60);
    take(found);
  } finally {
    dialog.close();
  }
}

async function look(detector, video, dialog) {
  while (dialog.isConnected) {
    const [found] = await detector.detect(video).catch(() => []);
    if (found?.rawValue && dialog.isConnected) return found.rawValue;
    await new Promise((done) => setTimeout(done, PAUSE));
  }
  return null;
}

const REFUSED = {
  NotAllowedError: "The camera was refused. Allow it for this site in the browser's or the phone's settings, then try again; a scanner or typing works without.",
  NotFoundError: "This device has no camera. Use a scanner, or type.",
  NotReadableError: "Another program uses the camera. Close it there, then try again.",
};

function explain(error) {
  const sentence = REFUSED[error.name];
  toast(error.told ?? (sentence ? told(sentence) : told("The camera cannot be used: {reason}", { reason: error.message })), "warning");
}

function offerCamera(box, take) {
  const button = box.querySelector("[data-scan-camera]");
  const can = Boolean(navigator.mediaDevices?.getUserMedia); // not without HTTPS
  button.hidden = !can;
  button.addEventListener("click", () => watch(take).catch(explain));
  return can;
}

for (const form of document.querySelectorAll("[data-scan]")) {
  form.querySelector("[data-scan-without]").hidden = offerCamera(form, (code) => find(form, code));
}

for (const box of document.querySelectorAll("[data-scan-check]")) {
  const input = box.querySelector("[data-scan-input]");
  offerCamera(box, (code) => check(box, code));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // a scanner ends each code with Enter; the form around it is not meant
    if (input.value.trim()) check(box, input.value);
  });
}
