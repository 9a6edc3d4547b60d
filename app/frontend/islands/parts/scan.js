// The box for scanned codes: a scanner that types, or the camera where the browser reads codes (BarcodeDetector).
import { make } from "./dom.js";
import { told } from "./phone_texts.js";
import { toast } from "./toasts.js";

const SEPARATOR = "\x1d"; // between two fields of a GS1 code
const FORMATS = ["data_matrix", "qr_code", "code_128", "ean_13", "ean_8", "upc_a", "upc_e", "itf"];
const PAUSE = 150;

// Scanners send the separator as Ctrl+], which a field would not take.
document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.closest?.("[data-scan]") || !event.ctrlKey || (event.key !== "]" && event.code !== "BracketRight")) return;
  event.preventDefault();
  field.setRangeText(SEPARATOR, field.selectionStart, field.selectionEnd, "end");
});

function find(form, code) {
  form.elements.code.value = code;
  form.requestSubmit();
}

async function watch(form) {
  const formats = (await BarcodeDetector.getSupportedFormats()).filter((one) => FORMATS.includes(one));
  const detector = new BarcodeDetector({ formats });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const video = make("video", { playsinline: true, muted: true });
  const close = make("button", { class: "btn", value: "no" }, told("Close"));
  const dialog = make("dialog", { class: "scan-view", "aria-label": told("Scan with the camera") }, video, make("p", {}, told("Hold the code into the frame")), make("form", { method: "dialog" }, close));
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    for (const track of stream.getTracks()) track.stop();
    dialog.remove();
  });
  dialog.showModal();
  video.srcObject = stream;
  await video.play();
  while (dialog.isConnected) {
    const [found] = await detector.detect(video).catch(() => []);
    if (found?.rawValue && dialog.isConnected) {
      navigator.vibrate?.(60);
      dialog.close();
      return find(form, found.rawValue);
    }
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

for (const form of document.querySelectorAll("[data-scan]")) {
  const button = form.querySelector("[data-scan-camera]");
  const can = "BarcodeDetector" in globalThis && navigator.mediaDevices?.getUserMedia;
  button.hidden = !can;
  form.querySelector("[data-scan-without]").hidden = Boolean(can);
  button.addEventListener("click", () => watch(form).catch((error) => toast(told("The camera cannot be used: {reason}", { reason: error.message }), "warning")));
}
