// Points of a priority as a waterfall: what raised it, what lowered it, where a cap cut it, what came out.
import { CustomChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

import { make } from "./parts/dom.js";
import { chinese, pick, text } from "./parts/texts.js";

echarts.use([CustomChart, GridComponent, TooltipComponent, AriaComponent, SVGRenderer]);

const ROW = 27;
const THICK = 15;
const INK = "#10272c";
const FAINT = "#8a9b9f";
const COLOURS = { plus: "#0b6b73", minus: "#b4500a", cap: "#fff", total: INK };
const CAP_LINE = "#b4500a";

const escaped = (given) => make("i", {}, String(given)).innerHTML;

function kindOf(step) {
  if (step.kind === "cap" || String(step.rule ?? "").startsWith("cap:")) return "cap";
  return step.points < 0 ? "minus" : "plus";
}

/** Where each bar starts and ends; the last one is the sum. */
function barsOf(series, totalLabel) {
  let level = 0;
  const bars = [];
  for (const step of series.filter((one) => one.kind !== "total")) {
    const points = Number(step.points) || 0;
    bars.push({ label: pick(step.label), points, kind: kindOf({ ...step, points }), from: level, to: level + points });
    level += points;
  }
  return [...bars, { label: totalLabel, points: level, kind: "total", from: 0, to: level }];
}

function signed(bar) {
  if (bar.kind === "total") return String(bar.points);
  return bar.points < 0 ? `−${-bar.points}` : `+${bar.points}`;
}

/** One bar: its rectangle (a cap is an outline), the line to the next, the points beside it. */
function drawBar(bars, params, api) {
  const at = params.dataIndex;
  const bar = bars[at];
  const [start, y] = api.coord([bar.from, at]);
  const [end, below] = api.coord([bar.to, at + 1]);
  const left = Math.min(start, end);
  const width = Math.max(Math.abs(end - start), 1.5);
  const right = bar.points >= 0;
  const total = bar.kind === "total";
  return {
    type: "group",
    children: [
      {
        type: "rect",
        shape: { x: left, y: y - THICK / 2, width, height: THICK, r: 2 },
        style: { fill: COLOURS[bar.kind], stroke: bar.kind === "cap" ? CAP_LINE : "none", lineWidth: 1.5, lineDash: [3, 2] },
      },
      ...(total ? [] : [{ type: "line", shape: { x1: end, y1: y + THICK / 2, x2: end, y2: below - THICK / 2 }, style: { stroke: FAINT } }]),
      {
        type: "text",
        style: {
          text: signed(bar),
          x: right ? left + width + 5 : left - 5,
          y,
          align: right ? "left" : "right",
          verticalAlign: "middle",
          fill: INK,
          fontSize: 12,
          fontWeight: total ? 700 : 500,
        },
      },
    ],
  };
}

function options(bars, width) {
  const narrow = width < 520;
  const labels = narrow ? Math.round(width * 0.38) : Math.min(280, Math.round(width * 0.34));
  const levels = bars.flatMap((bar) => [bar.from, bar.to]);
  const low = Math.min(0, ...levels);
  const high = Math.max(1, ...levels);
  const room = (high - low) * (narrow ? 0.16 : 0.07); // for the points beside the longest bars
  const falls = bars.some((bar) => bar.points < 0 && bar.to < (high - low) * 0.12);
  return {
    animation: false,
    aria: { enabled: true, label: { description: bars.map((bar) => `${bar.label} ${signed(bar)}`).join(chinese ? "；" : "; ") } },
    grid: { left: labels + 14, right: 8, top: 2, bottom: 22 },
    tooltip: {
      trigger: "item",
      confine: true,
      textStyle: { color: INK, fontSize: 12 },
      formatter: ({ dataIndex }) => `${escaped(bars[dataIndex].label)}<br><b>${escaped(signed(bars[dataIndex]))}</b> ${escaped(text("points"))}`,
    },
    xAxis: {
      type: "value",
      min: low < 0 || falls ? Math.floor(low - room) : 0,
      max: Math.ceil(high + room),
      splitNumber: narrow ? 3 : 6,
      axisLabel: { color: "#52656a", fontSize: 11, hideOverlap: true, showMinLabel: low >= 0 && !falls, showMaxLabel: false },
      splitLine: { lineStyle: { color: "#e5ebec" } },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: bars.map((_, at) => String(at)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: FAINT } },
      axisLabel: { width: labels, overflow: "truncate", interval: 0, color: INK, fontSize: 12, formatter: (_, at) => bars[at].label },
    },
    series: [
      {
        type: "custom",
        renderItem: (params, api) => drawBar(bars, params, api),
        encode: { x: [0, 1], y: 2 },
        data: bars.map((bar, at) => [bar.from, bar.to, at]),
      },
    ],
  };
}

/** Draw data-series [{label, points, rule?}] (a text or {en, zh} as label); data-total names the sum. */
export function mount(place) {
  const bars = barsOf(JSON.parse(place.dataset.series || "[]"), place.dataset.total || text("Total"));
  place.style.height = `${bars.length * ROW + 30}px`;
  place.setAttribute("role", "img");
  const chart = echarts.init(place, null, { renderer: "svg" });
  const draw = () => chart.setOption(options(bars, place.clientWidth), true);
  draw();
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (!place.clientWidth || place.clientWidth === width) return;
    width = place.clientWidth;
    chart.resize();
    draw();
  }).observe(place);
}
