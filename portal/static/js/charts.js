// Options for ECharts. No HTML anywhere: tooltips are drawn as rich text, names are plain labels.

import { numberText, stateOf, valueOf, valueText } from "./figures.js";

const ACCENT = "#1f5aa6";
const PALE = "#9db9da";
const TEXT = "#35424f";
const LINE = "#dfe3e8";
const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif';
const ROW = 24;
const MOST_BARS = 40;
// Width of a period's label.
const LABEL = 28;

const base = {
  animation: false,
  textStyle: { fontFamily: FONT, color: TEXT, fontSize: 12 },
  aria: { enabled: true },
};
const tooltip = { renderMode: "richText", confine: true, textStyle: { fontFamily: FONT, fontSize: 12 } };

const parts = (row) => `${numberText(row.numerator)} / ${numberText(row.denominator)}`;

const quiet = { axisLine: { lineStyle: { color: LINE } }, axisTick: { show: false } };

/**
 * Worst first from the top; places without a figure stand in the table only. Each bar's figure stands in a column
 * of its own at the right, where the line of the whole does not cross it.
 */
export function barsOption(rows, facts, whole) {
  const { unit, higherIsBetter } = facts.indicator;
  const known = rows.map((row) => ({ row, value: valueOf(row, facts) })).filter((each) => each.value !== null);
  known.sort((a, b) => (higherIsBetter ? 1 : -1) * (a.value - b.value));
  const shown = known.slice(0, MOST_BARS).reverse();
  const label = ({ row }) => `${valueText(row, facts)}${unit === "%" ? "%" : ""}  ${parts(row)}`;
  const names = shown.map(({ row }) => row.division.name);
  const widest = Math.max(...names.map((name) => name.length), 2);
  const own = valueOf(whole, facts);
  const option = {
    ...base,
    tooltip: { ...tooltip, trigger: "item", formatter: (point) => `${point.name}\n${label(shown[point.dataIndex])}` },
    grid: { left: 8, right: 12, top: 22, bottom: 4, containLabel: true },
    xAxis: { type: "value", min: 0, ...top(unit, known.map((each) => each.value)), axisLabel: { fontSize: 11 }, splitLine: { lineStyle: { color: LINE } } },
    yAxis: [
      {
        ...quiet,
        type: "category",
        data: names,
        triggerEvent: true,
        axisLabel: { fontSize: 12, width: Math.min(widest, 9) * 13, overflow: "truncate", interval: 0, color: TEXT },
      },
      {
        type: "category",
        position: "right",
        data: shown.map(label),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { fontSize: 11, interval: 0, color: TEXT },
      },
    ],
    series: [
      {
        type: "bar",
        barMaxWidth: 16,
        cursor: "pointer",
        itemStyle: { color: ACCENT },
        data: shown.map((each) => each.value),
        markLine: own === null ? undefined : lineOf(own, `${facts.place.name} ${valueText(whole, facts)}`),
      },
    ],
  };
  return [option, Math.max(180, shown.length * ROW + 56), shown.map((each) => each.row)];
}

const lineOf = (value, text) => ({
  symbol: "none",
  silent: true,
  lineStyle: { color: "#8a5300", type: "dashed" },
  label: { formatter: text.replaceAll("{", ""), position: "end", color: "#6e4200", fontSize: 11 },
  data: [{ xAxis: value }],
});

/** Where a value axis ends: shares at 100 unless all are small, so that a row of zeros stands on a real scale. */
function top(unit, numbers) {
  const most = Math.max(...numbers, 0);
  if (unit === "%") return { max: most === 0 || most > 60 ? 100 : undefined };
  return most === 0 ? { max: 10 } : {};
}

/** The periods of the axis, with a step between two kinds that says that years are missing there. */
function steps(rows, facts) {
  const found = new Map(rows.map((row) => [row.period, row]));
  const axis = [];
  const gaps = [];
  let last = null;
  for (const period of facts.periods) {
    if (last && last.kind !== period.kind) {
      axis.push({ label: "…", isGap: true });
      gaps.push(`${last.label}与${period.label}之间不连续`);
    }
    axis.push({ label: short(period), row: found.get(period.code), isNow: period.code === facts.period.code });
    last = period;
  }
  return [axis, gaps];
}

/** Periods side by side; where there is no figure the word for it stands on the axis. */
export function trendOption(rows, facts, width) {
  const { places, unit } = facts.indicator;
  const [axis, gaps] = steps(rows, facts);
  const numbers = axis.map((step) => (step.isGap ? null : valueOf(step.row, facts)));
  const every = Math.max(1, Math.ceil((axis.length * LABEL) / width));
  const last = axis.length - 1;
  const isNamed = (at) => (last - at) % every === 0 || axis[at].isGap || axis[at + 1]?.isGap;
  const option = {
    ...base,
    tooltip: {
      ...tooltip,
      trigger: "item",
      formatter: ({ dataIndex: at }) => {
        const { label, row } = axis[at];
        return row ? `${label.replace("\n", "")}\n${valueText(row, facts)} ${numbers[at] === null ? "" : unit}\n${parts(row)}` : "";
      },
    },
    grid: { left: 8, right: 20, top: 26, bottom: 4, containLabel: true },
    xAxis: {
      ...quiet,
      type: "category",
      data: axis.map((step) => step.label),
      axisTick: { alignWithLabel: true },
      axisLabel: { fontSize: 11, lineHeight: 14, color: TEXT, interval: isNamed },
    },
    yAxis: { type: "value", min: 0, ...top(unit, numbers), axisLabel: { fontSize: 11 }, splitLine: { lineStyle: { color: LINE } } },
    series: [
      {
        type: "line",
        connectNulls: false,
        symbol: "circle",
        symbolSize: 7,
        lineStyle: { color: ACCENT, width: 2 },
        itemStyle: { color: ACCENT },
        data: numbers.map((value, at) => ({
          value,
          itemStyle: { color: axis[at].isNow ? ACCENT : PALE, borderColor: ACCENT },
          label: { show: value !== null && (at === 0 || axis[at].isNow || at === last) },
        })),
        label: { position: "top", color: TEXT, fontSize: 11, formatter: (point) => numberText(point.value, places) },
      },
      {
        type: "scatter",
        silent: true,
        symbolSize: 0,
        labelLayout: { hideOverlap: true },
        label: { show: true, position: "top", color: "#56616e", fontSize: 11, formatter: ({ dataIndex: at }) => valueText(axis[at].row, facts) },
        data: numbers.map((value, at) => (value === null && !axis[at].isGap ? 0 : null)),
      },
    ],
  };
  return [option, gaps.length ? ` · 横轴在${gaps.join("、")}，以「…」断开` : ""];
}

/** Why nothing can be drawn where no row has a figure: the words for it; else empty. */
export function reasonOf(rows, facts) {
  const states = new Set(rows.map((row) => stateOf(row, facts)));
  return states.has("known") ? "" : [...states].map((state) => `「${facts.words[state]}」`).join("或");
}

const QUARTERS = { "01": "一季", "04": "二季", "07": "三季", "10": "四季" };

/** A period in two short lines; a year in one. */
function short(period) {
  const year = `${period.first.slice(2, 4)}年`;
  if (period.kind === "quarter") return `${year}\n${QUARTERS[period.first.slice(5, 7)]}`;
  return period.kind === "year" ? period.label : `${year}\n${period.label.slice(5)}`;
}
