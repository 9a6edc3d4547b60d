// The time agreed for a user task (youxu:sla), by band: one typed field each, and whom it goes to when it is over.
import { text } from "./texts.js";

const BANDS = ["P0", "P1", "P2", "P3"];
const PART = /^(?:(\w{1,8})\s*=\s*)?(P(?:\d+W)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)(\s+clock)?$/;

/** What stands in the attribute: {"": "PT8H", "P0": "PT30M clock"}; what cannot be read stays under its own text. */
function parts(value) {
  const found = {};
  for (const part of (value ?? "").split(";").map((one) => one.trim()).filter(Boolean)) {
    const label = part.includes("=") ? part.slice(0, part.indexOf("=")).trim() : "";
    found[label] = part.slice(part.indexOf("=") + 1).trim();
  }
  return found;
}

const written = (found) =>
  [...Object.entries(found)]
    .filter(([, time]) => time)
    .sort(([one], [other]) => (one === "") - (other === "") || one.localeCompare(other))
    .map(([label, time]) => (label ? `${label}=${time}` : time))
    .join("; ");

function validate(value) {
  if (!value) return undefined;
  const found = PART.exec(value.trim());
  return found && /\d/.test(found[2]) && !found[2].endsWith("T") ? undefined : text("Write it as PT8H or P1D; with “clock” nights and holidays count too.");
}

/** The entries of the group; `entry` makes one (see modeler_panel). */
export function slaEntries(entry, groups) {
  const timeOf = (label) => ({
    ...entry("text", "youxu:sla", label || "Time for it", {
      hint: label ? undefined : "PT8H: eight hours of working time; PT30M clock: half an hour, at night too. Empty: as its band has it.",
      read: (own) => parts(own.get("youxu:sla"))[label] ?? "",
      write: (value, own) => written({ ...parts(own.get("youxu:sla")), [label]: (value ?? "").trim() }),
      validate,
    }),
    id: `youxu-sla-${label || "all"}`,
  });
  return [
    timeOf(""),
    ...BANDS.map(timeOf),
    entry("select", "youxu:escalateTo", "Asked too when it is over", { choices: groups, hint: "Empty: the superiors of those who are asked." }),
  ];
}
