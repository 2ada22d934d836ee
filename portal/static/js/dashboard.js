// The dashboard's comparing parts. Each asks the API by itself, fails by itself and can be tried again.

import { barsOption, reasonOf, trendOption } from "./charts.js";
import { bars, league, trend } from "./tables.js";

const MOST_PAGES = 10;
const NOTHING = "这一期没有可比较的数据。";
// What the value axis and the edges take of a chart's width.
const AXIS = 72;
const panels = document.getElementById("panels");
const facts = JSON.parse(document.getElementById("chart-facts")?.textContent ?? "null");
const drawn = [];

/** All values that the API has for these parameters, page after page. */
async function values(parameters) {
  let url = new URL(panels.dataset.api, window.location.origin);
  for (const [name, value] of Object.entries({ ...parameters, indicator: facts.indicator.code, page_size: 200 })) {
    url.searchParams.set(name, value);
  }
  const found = [];
  for (let page = 0; url && page < MOST_PAGES; page += 1) {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const body = await answer.json();
    found.push(...body.results);
    url = body.next ? new URL(body.next, window.location.origin) : null;
  }
  return found;
}

const asked = new Map();
/** One answer for all panels that need it; a failed one is asked for anew. */
function once(key, parameters) {
  if (!asked.has(key)) {
    const promise = values(parameters);
    promise.catch(() => asked.delete(key));
    asked.set(key, promise);
  }
  return asked.get(key);
}

const below = () => once("below", { parent: facts.place.id, period: facts.period.code });
const belowBefore = () =>
  facts.previous ? once("before", { parent: facts.place.id, period: facts.previous.code }) : Promise.resolve([]);
const own = () => once("own", { division: facts.place.id });

/** Fill one panel with what ``work`` draws, or the reason it gives for drawing nothing. A failure can be tried again. */
async function fill(id, work) {
  const panel = document.getElementById(id);
  if (!panel) return;
  const state = panel.querySelector("[data-state]");
  state.textContent = "正在读取…";
  try {
    state.textContent = await work(panel);
    state.classList.toggle("is-reason", Boolean(state.textContent));
  } catch (error) {
    console.warn(`panel ${id}: ${error.message}`);
    state.textContent = "读取失败。";
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn btn-sm";
    again.textContent = "重试";
    again.addEventListener("click", () => void fill(id, work));
    state.append(again);
  }
}

function draw(panel, option, onClick, height) {
  const box = panel.querySelector("[data-chart]");
  if (height) box.style.minHeight = `${height}px`;
  const chart = window.echarts.init(box, null, { renderer: "svg" });
  chart.setOption(option);
  if (onClick) chart.on("click", onClick);
  drawn.push(chart);
  new ResizeObserver(() => chart.resize()).observe(box);
}

const drill = (id) => {
  const url = new URL(panels.dataset.page, window.location.origin);
  url.searchParams.set("place", id);
  url.searchParams.set("period", facts.period.code);
  url.searchParams.set("indicator", facts.indicator.code);
  return url.pathname + url.search;
};
const rowsUrl = (id, outcome) => {
  const url = new URL(panels.dataset.rows, window.location.origin);
  for (const [name, value] of Object.entries({
    place: id,
    period: facts.period.code,
    indicator: facts.indicator.code,
    outcome: outcome || "",
  })) {
    if (value) url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
};
const mayOpenRows = (id) => facts.indicator.isAssessed && (facts.rowsOf === null || facts.rowsOf.includes(id));
const links = { drill, rowsUrl, mayOpenRows };

if (panels && facts) {
  void fill("bars", async (panel) => {
    const rows = await below();
    const reason = reasonOf(rows, facts);
    panel.querySelector("[data-chart]").hidden = !rows.length || Boolean(reason);
    panel.querySelector(".twin").hidden = !rows.length;
    if (!rows.length) return NOTHING;
    panel.querySelector("[data-twin]").replaceChildren(bars(rows, facts, links));
    if (reason) return `下级地区均为${reason}，没有可比较的数字。`;
    const whole = (await own()).find((row) => row.period === facts.period.code);
    const [option, height, order] = barsOption(rows, facts, whole);
    draw(panel, option, (event) => window.location.assign(drill(order[event.dataIndex].division.id)), height);
    return "";
  });
  void fill("trend", async (panel) => {
    const rows = await own();
    const box = panel.querySelector("[data-chart]");
    const reason = reasonOf(rows, facts);
    box.hidden = !rows.length || Boolean(reason);
    panel.querySelector("[data-twin]").replaceChildren(trend(rows, facts));
    if (!rows.length) return NOTHING;
    if (reason) return `各期均为${reason}，没有可画的数字。`;
    const [option, gap] = trendOption(rows, facts, box.clientWidth - AXIS);
    draw(panel, option);
    panel.querySelector("[data-gap]").textContent = gap;
    return "";
  });
  void fill("league", async (panel) => {
    const [rows, before] = await Promise.all([below(), belowBefore()]);
    if (rows.length) panel.querySelector("[data-twin]").replaceChildren(league(rows, before, facts, links));
    return rows.length ? "" : NOTHING;
  });
  const fit = () => drawn.forEach((chart) => chart.resize());
  window.addEventListener("beforeprint", fit);
  window.addEventListener("afterprint", fit);
}
