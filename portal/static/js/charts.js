// Options for ECharts. No HTML anywhere: tooltips are drawn as rich text, names are plain labels.

const ACCENT = "#1f5aa6";
const PALE = "#9db9da";
const TEXT = "#35424f";
const LINE = "#dfe3e8";
const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif';
const ROW = 24;
const MOST_BARS = 40;

const base = {
  animation: false,
  textStyle: { fontFamily: FONT, color: TEXT, fontSize: 12 },
  aria: { enabled: true },
};
const tooltip = { renderMode: "richText", confine: true, textStyle: { fontFamily: FONT, fontSize: 12 } };

export function numberText(text, places) {
  if (text === null || text === undefined) return "";
  return Number(text).toLocaleString("zh-CN", { minimumFractionDigits: places ?? 0, maximumFractionDigits: places ?? 2 });
}

const parts = (row) => `${numberText(row.numerator)} / ${numberText(row.denominator)}`;

/** Worst first from the top; places without a figure stand in the table only. */
export function barsOption(rows, facts, whole) {
  const { places, unit, higherIsBetter } = facts.indicator;
  const known = rows.filter((row) => row.value !== null);
  known.sort((a, b) => (higherIsBetter ? 1 : -1) * (Number(a.value) - Number(b.value)));
  const shown = known.slice(0, MOST_BARS).reverse();
  const label = (row) => `${numberText(row.value, places)}${unit === "%" ? "%" : ""}  ${parts(row)}`;
  const widest = Math.max(...shown.map((row) => row.division.name.length), 2);
  const series = {
    type: "bar",
    barMaxWidth: 16,
    cursor: "pointer",
    itemStyle: { color: ACCENT },
    data: shown.map((row) => ({ value: Number(row.value), label: { formatter: label(row).replaceAll("{", "") } })),
    label: { show: true, position: "right", color: TEXT, fontSize: 11, backgroundColor: "#fff", padding: [0, 2] },
  };
  if (whole?.value) {
    series.markLine = {
      z: 1,
      symbol: "none",
      silent: true,
      lineStyle: { color: "#8a5300", type: "dashed" },
      label: { formatter: `${facts.place.name} ${numberText(whole.value, places)}`, position: "end", color: "#6e4200", fontSize: 11 },
      data: [{ xAxis: Number(whole.value) }],
    };
  }
  const option = {
    ...base,
    tooltip: { ...tooltip, trigger: "item", formatter: (point) => `${point.name}\n${label(shown[point.dataIndex])}` },
    grid: { left: 8, right: 96, top: 22, bottom: 4, containLabel: true },
    xAxis: { type: "value", min: 0, max: unit === "%" ? 100 : undefined, axisLabel: { fontSize: 11 }, splitLine: { lineStyle: { color: LINE } } },
    yAxis: {
      type: "category",
      data: shown.map((row) => row.division.name),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: LINE } },
      axisLabel: { fontSize: 12, width: Math.min(widest, 9) * 13, overflow: "truncate", interval: 0, color: TEXT },
    },
    series: [series],
  };
  return [option, Math.max(180, shown.length * ROW + 56), shown];
}

/** Periods side by side; where years are missing between two of them the axis is broken and says so. */
export function trendOption(rows, facts) {
  const { places, unit } = facts.indicator;
  const found = new Map(rows.map((row) => [row.period, row]));
  const axis = [];
  const gaps = [];
  let last = null;
  for (const period of facts.periods) {
    if (last && last.kind !== period.kind) {
      axis.push({ label: "…", row: null });
      gaps.push(`${last.label}与${period.label}之间不连续`);
    }
    axis.push({ label: short(period), row: found.get(period.code) ?? null, isNow: period.code === facts.period.code });
    last = period;
  }
  const numbers = axis.map((step) => (step.row?.value == null ? null : Number(step.row.value)));
  const known = numbers.filter((value) => value !== null);
  const option = {
    ...base,
    tooltip: {
      ...tooltip,
      trigger: "item",
      formatter: (point) => {
        const row = axis[point.dataIndex].row;
        return row ? `${axis[point.dataIndex].label}\n${numberText(row.value, places)} ${unit}\n${parts(row)}` : "";
      },
    },
    grid: { left: 8, right: 16, top: 26, bottom: 4, containLabel: true },
    xAxis: {
      type: "category",
      data: axis.map((step) => step.label),
      axisTick: { alignWithLabel: true },
      axisLine: { lineStyle: { color: LINE } },
      axisLabel: { fontSize: 11, color: TEXT, interval: 0, hideOverlap: true },
    },
    yAxis: { type: "value", min: 0, max: unit === "%" && Math.max(...known, 0) > 60 ? 100 : undefined, axisLabel: { fontSize: 11 }, splitLine: { lineStyle: { color: LINE } } },
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
          label: { show: value !== null && (at === 0 || axis[at].isNow || at === numbers.length - 1) },
        })),
        label: { position: "top", color: TEXT, fontSize: 11, formatter: (point) => numberText(point.value, places) },
      },
    ],
  };
  return [option, gaps.length ? ` · 横轴在${gaps.join("、")},以「…」断开` : ""];
}

const short = (period) =>
  period.kind === "quarter" ? `${period.first.slice(2, 4)}年${{ "01": "一", "04": "二", "07": "三", "10": "四" }[period.first.slice(5, 7)]}季` : period.label;
