// Reads codes in pictures where the browser cannot (iPhones, Firefox): zxing-cpp (Apache 2.0) as WebAssembly, by way of
// barcode-detector and zxing-wasm (MIT). 1 MB, fetched from our own files when a camera is opened first.
import { BarcodeDetector, prepareZXingModule } from "barcode-detector/ponyfill";
import file from "zxing-wasm/reader/zxing_reader.wasm?url";

const overrides = { locateFile: () => file }; // left alone it would ask a server of others

/** A detector of these formats, ready to read. */
export async function codeReader(formats) {
  await prepareZXingModule({ overrides, fireImmediately: true }); // alone it would hide that it could not be fetched
  return new BarcodeDetector({ formats });
}
