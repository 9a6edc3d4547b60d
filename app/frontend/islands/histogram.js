// How many scores rise or fall by how many points: one bar per range.
import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

import { chinese, text } from "./parts/texts.js";

echarts.use([BarChart, GridComponent, TooltipComponent, AriaComponent, SVGRenderer]);

const INK = "#10272c";
const FAINT = "#8a9b9f";
const RISE = "#0b6b73";
const FALL = "#b4500a";
const HEIGHT = 260;

const signed = (points) => (points < 0 ? `−${-points}` : points > 0 ? `+${points}` : "0");
const range = ([low, high]) => (low === high ? signed(low) : `${signed(low)} … ${signed(high)}`);

function options(bars) {
  const counted = new Intl.NumberFormat(chinese ? "zh-CN" : "en");
  return {
    animation: false,
    aria: { enabled: true, label: { description: bars.map((bar) => `${range(bar)}: ${bar[2]}`).join(chinese ? "；" : "; ") } },
    grid: { left: 8, right: 12, top: 12, bottom: 8, containLabel: true },
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "shadow" },
      confine: true,
      textStyle: { color: INK, fontSize: 12 },
      formatter: ([{ dataIndex }]) => `${range(bars[dataIndex])} ${text("points")}<br><b>${counted.format(bars[dataIndex][2])}</b>`,
    },
    xAxis: {
      type: "category",
      data: bars.map(range),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: FAINT } },
      axisLabel: { color: INK, fontSize: 11, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      minInterval: 1,
      axisLabel: { color: "#52656a", fontSize: 11, formatter: (value) => counted.format(value) },
      splitLine: { lineStyle: { color: "#e5ebec" } },
    },
    series: [
      {
        type: "bar",
        barCategoryGap: "12%",
        // Those that stay where they are would dwarf all others: the page names them, the drawing leaves their place empty.
        data: bars.map((bar) => ({ value: bar[0] === 0 ? null : bar[2], itemStyle: { color: bar[0] < 0 ? FALL : RISE } })),
      },
    ],
  };
}

/** Draw data-bars [[from, to, how many], …]. */
export function mount(place) {
  const bars = JSON.parse(place.dataset.bars || "[]");
  place.style.height = `${HEIGHT}px`;
  const chart = echarts.init(place, null, { renderer: "svg" });
  chart.setOption(options(bars));
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (!place.clientWidth || place.clientWidth === width) return;
    width = place.clientWidth;
    chart.resize();
  }).observe(place);
}
