// The table twins of charts and the league table. Cells are made of text, never of markup.

import { numberText, valueOf, valueText } from "./figures.js";

function cell(tag, content, className) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (tag === "th") made.scope = "col";
  made.append(content ?? "");
  return made;
}

function link(text, url) {
  const made = document.createElement("a");
  made.href = url;
  made.textContent = text;
  return made;
}

function table(caption, heads, rows) {
  const made = document.createElement("table");
  made.className = "register";
  const title = made.createCaption();
  title.className = "visually-hidden";
  title.textContent = caption;
  const head = made.createTHead().insertRow();
  for (const [label, className] of heads) head.append(cell("th", label, className));
  const body = made.createTBody();
  for (const cells of rows) {
    const line = body.insertRow();
    cells.forEach(([content, className], at) => {
      const made = cell(at ? "td" : "th", content, className);
      if (!at) made.scope = "row";
      line.append(made);
    });
  }
  return made;
}

const valueHead = (facts) => `${facts.indicator.name}(${facts.indicator.unit})`;

function ordered(rows, facts) {
  const way = facts.indicator.higherIsBetter ? -1 : 1;
  const values = new Map(rows.map((row) => [row, valueOf(row, facts)]));
  return [...rows].sort((a, b) => {
    const [one, other] = [values.get(a), values.get(b)];
    if ((one === null) !== (other === null)) return one === null ? 1 : -1;
    return way * (one - other) || a.division.code.localeCompare(b.division.code);
  });
}

/** The two numbers behind a figure, in its own cell: seen where the screen is too narrow for their columns. */
function withParts(text, numerator, denominator) {
  const both = document.createElement("span");
  both.className = "parts";
  both.append(numerator, " / ", denominator);
  const made = document.createDocumentFragment();
  made.append(text, both);
  return made;
}

/** Rank of each place with a figure, equal figures sharing one. */
function ranks(rows, facts) {
  const found = new Map();
  ordered(rows, facts).forEach((row, at, all) => {
    if (valueOf(row, facts) === null) return;
    const before = all[at - 1];
    found.set(row.division.id, at && before.value === row.value ? found.get(before.division.id) : at + 1);
  });
  return found;
}

export function bars(rows, facts, links) {
  return table(
    facts.indicator.name,
    [["地区"], [valueHead(facts), "number"], ["分子", "number"], ["分母", "number"]],
    ordered(rows, facts).reverse().map((row) => [
      [link(row.division.name, links.drill(row.division.id))],
      [valueText(row, facts), "number"],
      [numberText(row.numerator), "number"],
      [numberText(row.denominator), "number"],
    ]),
  );
}

export function trend(rows, facts) {
  const found = new Map(rows.map((row) => [row.period, row]));
  const heads = [["报告期"], [valueHead(facts), "number"], ["分子", "number"], ["分母", "number"]];
  if (facts.indicator.isAssessed) heads.push(["占已判定(%)", "number"]);
  return table(
    facts.indicator.name,
    heads,
    [...facts.periods].reverse().map((period) => {
      const row = found.get(period.code);
      const cells = row
        ? [[period.label], [valueText(row, facts), "number"], [numberText(row.numerator), "number"], [numberText(row.denominator), "number"]]
        : [[period.label], [valueText(row, facts), "number"], ["", "number"], ["", "number"]];
      if (facts.indicator.isAssessed) cells.push([row ? (row.rate_of_judged ?? "不适用") : "", "number"]);
      return cells;
    }),
  );
}

function movement(now, before, places, higherIsBetter, isRank) {
  const made = document.createElement("span");
  if (now === undefined || before === undefined || now === null || before === null) {
    made.className = "move move-same";
    made.textContent = "—";
    return made;
  }
  const moved = Number(now) - Number(before);
  const isUp = isRank ? moved < 0 : moved > 0;
  const icon = document.createElement("i");
  icon.className = `ti ti-arrow-${moved === 0 ? "right" : isUp ? "up" : "down"}`;
  icon.setAttribute("aria-hidden", "true");
  made.className = `move move-${moved === 0 ? "same" : isUp === (isRank || higherIsBetter) ? "better" : "worse"}`;
  made.append(icon, moved === 0 ? "持平" : `${isUp ? "升" : "降"} ${numberText(Math.abs(moved), places)}`);
  return made;
}

export function league(rows, before, facts, links) {
  const { places, higherIsBetter, isAssessed } = facts.indicator;
  const now = ranks(rows, facts);
  const then = ranks(before, facts);
  const valuesThen = new Map(before.map((row) => [row.division.id, valueOf(row, facts)]));
  const heads = [["地区"], ["名次", "number rank"]];
  if (facts.previous) heads.push(["名次升降", "day"]);
  heads.push([valueHead(facts), "number"]);
  if (facts.previous) heads.push([facts.indicator.unit === "%" ? "增减(百分点)" : `增减(${facts.indicator.unit})`, "day spare"]);
  heads.push(["分子", "number spare"], ["分母", "number spare"]);
  if (isAssessed) heads.push(["占已判定(%)", "number spare"], ...facts.outcomes.map((each) => [each.word, "number spare"]));
  return table(
    `${facts.indicator.name}排名`,
    heads,
    ordered(rows, facts).map((row) => {
      const id = row.division.id;
      const may = links.mayOpenRows(id);
      const count = (text, outcome) => (may ? link(text, links.rowsUrl(id, outcome)) : text);
      const numerator = () => (isAssessed ? count(numberText(row.numerator), "meets") : numberText(row.numerator));
      const denominator = () => (isAssessed ? count(numberText(row.denominator), "") : numberText(row.denominator));
      const cells = [[link(row.division.name, links.drill(id))], [now.has(id) ? String(now.get(id)) : "—", "number rank"]];
      if (facts.previous) cells.push([movement(now.get(id), then.get(id), 0, true, true), "day"]);
      cells.push([withParts(valueText(row, facts), numerator(), denominator()), "number"]);
      if (facts.previous) cells.push([movement(valueOf(row, facts), valuesThen.get(id), places, higherIsBetter, false), "day spare"]);
      cells.push([numerator(), "number spare"], [denominator(), "number spare"]);
      if (isAssessed) {
        cells.push([row.rate_of_judged ?? "不适用", "number spare"]);
        for (const each of facts.outcomes) {
          cells.push([row.outcomes ? count(numberText(row.outcomes[each.code]), each.code) : "", "number spare"]);
        }
      }
      return cells;
    }),
  );
}
