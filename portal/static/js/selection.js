// Rows ticked in a list, kept over its pages, sorting and filtering: ids only, in this tab, until it is closed.

import { notify } from "./notify.js";

const form = () => document.querySelector("form[data-choosing]");
const boxes = () => [...document.querySelectorAll('#register tbody input[name="row"]')];
const store = (made) => `chosen:${made.dataset.choosing}`;

function chosen(made) {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(store(made)) ?? "[]"));
  } catch {
    return new Set();
  }
}

function keep(made, ids) {
  const most = Number(made.dataset.most);
  const kept = [...ids].slice(0, most);
  if (kept.length < ids.size) notify(`一次最多选择 ${most.toLocaleString("zh-CN")} 条。`, true);
  sessionStorage.setItem(store(made), JSON.stringify(kept));
  draw();
}

/** Boxes, count and buttons as the kept ids say. */
function draw() {
  const made = form();
  if (!made) return;
  const ids = chosen(made);
  const shown = boxes();
  for (const box of shown) box.checked = ids.has(box.value);
  const page = document.querySelector("[data-choose-page]");
  if (page) {
    const ticked = shown.filter((box) => box.checked).length;
    page.closest("label").hidden = false;
    page.checked = ticked > 0 && ticked === shown.length;
    page.indeterminate = ticked > 0 && ticked < shown.length;
  }
  made.querySelector("[data-choosing-count]").textContent = ids.size ? `已选 ${ids.size.toLocaleString("zh-CN")} 条` : made.dataset.hint;
  made.querySelector("[data-choosing-go]").disabled = ids.size === 0;
  made.querySelector("[data-choosing-clear]").hidden = ids.size === 0;
  made.querySelector("[data-choosing-all]").hidden = ids.size === 0;
}

async function takeAll(made) {
  const answer = await fetch(made.dataset.ids, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) throw new Error("no ids");
  const { ids } = await answer.json();
  sessionStorage.setItem(store(made), JSON.stringify(ids));
  draw();
}

export function watchSelection() {
  document.addEventListener("change", ({ target }) => {
    const made = form();
    if (!made || !target.matches('input[name="row"], [data-choose-page]')) return;
    const ids = chosen(made);
    const touched = target.matches("[data-choose-page]") ? boxes() : [target];
    for (const box of touched) {
      if (target.checked) ids.add(box.value);
      else ids.delete(box.value);
    }
    keep(made, ids);
  });
  document.addEventListener("click", (event) => {
    const made = form();
    if (!made || !made.contains(event.target)) return;
    if (event.target.closest("[data-choosing-clear]")) {
      sessionStorage.removeItem(store(made));
      draw();
      boxes()[0]?.focus();
    } else if (event.target.closest("[data-choosing-all]")) {
      event.preventDefault();
      takeAll(made).catch(() => notify("读取失败，请稍候重试。", true));
    }
  });
  document.addEventListener("submit", ({ target, submitter }) => {
    if (target.matches('form[action$="/accounts/logout/"]')) sessionStorage.clear();
    if (!target.matches("form[data-choosing]") || submitter?.name === "all") return;
    for (const old of target.querySelectorAll("[data-elsewhere]")) old.remove();
    const here = new Set(boxes().map((box) => box.value));
    for (const id of chosen(target)) {
      if (here.has(id)) continue;
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "row", value: id });
      field.dataset.elsewhere = "";
      target.append(field);
    }
  });
  for (const done of document.querySelectorAll("[data-choosing-done]")) {
    sessionStorage.removeItem(`chosen:${done.dataset.choosingDone}`);
  }
  document.addEventListener("htmx:afterSettle", draw);
  window.addEventListener("pageshow", draw);
  draw();
}

/** Whoever fills in a field of the page for many rows means it to be changed. */
export function watchTogether() {
  document.querySelector("#together")?.addEventListener("input", ({ target }) => {
    const name = target.dataset.together;
    if (!name || !target.value) return;
    target.form.querySelector(`[data-tick="${name}"]`).checked = true;
  });
}
