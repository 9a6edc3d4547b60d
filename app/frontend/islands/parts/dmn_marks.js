// What is wrong or odd in a decision table: marked at its cell, listed below the table, each entry leading to its cell.
import { icon, make } from "./dom.js";
import { text } from "./texts.js";

/** `table` has `box`, and `root` of the sheet. A cell is {row, column, message}: from 1, 0 where it has none. */
export class Marks {
  constructor(table) {
    this.table = table;
    this.list = make("div", { class: "table-marks", "aria-live": "polite" });
  }

  show(problems, odd) {
    for (const cell of this.table.box.querySelectorAll("[data-mark]")) {
      cell.removeAttribute("data-mark");
      cell.removeAttribute("title");
    }
    for (const one of odd) this.mark(one, "odd");
    for (const one of problems) this.mark(one, "wrong");
    this.list.replaceChildren(
      ...this.group(problems, "danger", "alert-octagon", "To put right: {n}"),
      ...this.group(odd, "warning", "alert-triangle", "To look at: {n}"),
    );
  }

  group(cells, tone, sign, heading) {
    if (!cells.length) return [];
    const entry = (one) => {
      const button = make("button", { type: "button", class: "btn-link-plain" }, one.message);
      button.addEventListener("click", () => this.goTo(one));
      return make("li", {}, one.row || one.column ? button : one.message);
    };
    const body = make("div", {}, make("strong", {}, text(heading, { n: cells.length })), make("ol", {}, ...cells.map(entry)));
    return [make("div", { class: `note tone-${tone}` }, icon(sign), body)];
  }

  mark(one, kind) {
    const cell = this.cellOf(one);
    cell?.setAttribute("data-mark", kind);
    cell?.setAttribute("title", one.message);
  }

  /** The cell of a rule, the head of a column, the number of a rule; null for the whole table. */
  cellOf({ row, column }) {
    const { box, root } = this.table;
    const rule = root.rows[row - 1];
    if (rule && column) return box.querySelector(`[data-element-id="${CSS.escape(rule.cells[column - 1]?.id ?? "")}"]`);
    if (rule) return box.querySelector(`td[data-row-id="${CSS.escape(rule.id)}"]`) ?? null;
    return column ? box.querySelector(`th[data-col-id="${CSS.escape(root.cols[column - 1]?.id ?? "")}"]`) : null;
  }

  goTo(one) {
    const cell = this.cellOf(one);
    cell?.scrollIntoView({ block: "nearest", inline: "center" });
    (cell?.querySelector("[contenteditable], .edit-button") ?? cell)?.focus();
  }
}
