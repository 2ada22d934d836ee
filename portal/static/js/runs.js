// Asking for a measuring run and watching it. The page can be left: the run goes on, and whatever page
// of this browser tab is open then reports back.

import { notify } from "./notify.js";

const EVERY = 1000;
const LONGEST = 30 * 60 * 1000;
const REMEMBERED = "run";
// Polling must not keep a session alive that nobody uses.
const BACKGROUND = { Accept: "application/json", "X-Background": "1" };

export function watchRuns(button) {
  const text = button?.querySelector("[data-text]");
  const idle = text?.textContent;
  if (button) button.hidden = false;

  const busy = (words) => {
    if (!button) return;
    button.disabled = true;
    text.textContent = words;
  };
  const rest = () => {
    sessionStorage.removeItem(REMEMBERED);
    if (!button) return;
    button.disabled = false;
    text.textContent = idle;
  };
  const lost = () => {
    rest();
    notify("与服务器的联系中断；如测算已经开始，它会继续进行。", true);
  };

  /** Whether the run is over; says so when it is. */
  function isOver(run, label) {
    if (run.state === "done") {
      rest();
      const isHere = button?.dataset.period === run.period;
      notify(isHere ? `${label}测算完成，正在更新页面。` : `${label}测算完成。`);
      if (isHere) window.setTimeout(() => window.location.reload(), 1200);
      return true;
    }
    if (run.state === "failed") {
      rest();
      notify(`${label}测算没有完成，请稍候重试；如多次出现，请联系平台管理员。`, true);
      return true;
    }
    return false;
  }

  async function watch({ url, id, label }) {
    const until = Date.now() + LONGEST;
    while (Date.now() < until) {
      const answer = await fetch(`${url}${id}/`, { headers: BACKGROUND, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const run = await answer.json();
      if (isOver(run, label)) return;
      const { done, total } = run.progress;
      busy(total ? `测算中 ${done.toLocaleString("zh-CN")} / ${total.toLocaleString("zh-CN")}` : "排队中…");
      await new Promise((resolve) => window.setTimeout(resolve, EVERY));
    }
    rest();
    notify(`${label}测算仍在进行，可稍后再来查看。`);
  }

  async function start() {
    busy("正在发起…");
    const { url, period, label, token } = button.dataset;
    const answer = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ kind: "measure", period }),
    });
    if (!answer.ok) {
      const body = await answer.json().catch(() => null);
      rest();
      notify(body?.errors?.[0]?.detail ?? "没有发起成功，请稍候重试。", true);
      return;
    }
    const wanted = { url, id: (await answer.json()).id, label };
    sessionStorage.setItem(REMEMBERED, JSON.stringify(wanted));
    notify("已开始测算，可以离开本页，完成后会提示。");
    await watch(wanted);
  }

  button?.addEventListener("click", () => start().catch(lost));
  const left = JSON.parse(sessionStorage.getItem(REMEMBERED) ?? "null");
  if (left) {
    busy("测算中…");
    watch(left).catch(lost);
  }
}
