// What every page does beyond plain links and forms.

import { tellHalfTypedDays } from "./days.js";
import { keepDrafts } from "./drafts.js";
import { notify } from "./notify.js";
import { failedPart } from "./parts.js";
import { openPicker } from "./picker.js";
import { watchRuns } from "./runs.js";
import { watchSelection, watchTogether } from "./selection.js";

tellHalfTypedDays();

for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

for (const button of document.querySelectorAll("[data-place-picker]")) {
  button.setAttribute("role", "button");
  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", (event) => {
    event.preventDefault();
    openPicker(button);
  });
  button.addEventListener("keydown", (event) => {
    if (event.key === " ") {
      event.preventDefault();
      openPicker(button);
    }
  });
}

// What is shown once is copied by a button, where the browser allows it, or selected by a click.
for (const field of document.querySelectorAll("[data-copy-from]")) {
  field.addEventListener("focus", () => field.select());
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).value);
    notify("已复制。");
  });
}

// What is wrong is read first.
document.querySelector("[data-focus]")?.focus();

// One menu at a time; a click elsewhere or Escape closes it.
const menus = "details.menu-drop, details.choices";
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll(menus)) {
    if (open.open && !open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll(menus)) {
    if (open.open && open.contains(document.activeElement)) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
});

// On a narrow screen the filter bar starts closed.
if (window.matchMedia("(max-width: 575.98px)").matches) {
  for (const bar of document.querySelectorAll("details.filter-bar")) bar.open = false;
}

// The browser's own words beside a file field need not be Chinese.
for (const field of document.querySelectorAll("input[data-file]")) {
  field.addEventListener("change", () => {
    field.closest(".file-field").querySelector("[data-file-name]").textContent =
      field.files.length ? field.files[0].name : "还没有选择文件";
  });
}

document.addEventListener("htmx:responseError", (event) => failedPart(event) || notify("读取失败，请稍候重试。", true));
document.addEventListener("htmx:sendError", (event) => failedPart(event) || notify("网络不通，请检查后重试。", true));

watchRuns(document.getElementById("run"));
watchSelection();
keepDrafts();
watchTogether();
