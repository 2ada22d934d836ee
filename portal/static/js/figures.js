// Figures as the API gives them, in words: a number, or which kind of nothing stands in its place.

export function numberText(text, places) {
  if (text === null || text === undefined) return "";
  return Number(text).toLocaleString("zh-CN", { minimumFractionDigits: places ?? 0, maximumFractionDigits: places ?? 2 });
}

/** known, no_standard, not_applicable or not_reported; no row at all: the place was not there. */
export function stateOf(row, facts) {
  if (!row) return "not_applicable";
  const counts = Object.values(row.outcomes ?? {});
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total && row.outcomes.no_standard === total) return "no_standard";
  if (row.value !== null) return "known";
  return Number(row.denominator ?? NaN) === 0 ? facts.indicator.withoutDenominator : "not_reported";
}

/** The figure as a number to compare and to draw; null where there is none. */
export const valueOf = (row, facts) => (stateOf(row, facts) === "known" ? Number(row.value) : null);

export function valueText(row, facts) {
  const state = stateOf(row, facts);
  return state === "known" ? numberText(row.value, facts.indicator.places) : facts.words[state];
}
