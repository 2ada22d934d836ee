// Parts of a page that are read after it: one that fails says so in its own place, and can be tried again.

/** Whether a failed request was that of such a part, which then tells of it itself. */
export function failedPart(event) {
  const part = event.detail.elt;
  if (!part.matches("[data-part]")) return false;
  const state = document.createElement("p");
  state.className = "none-note";
  state.setAttribute("role", "status");
  state.textContent = "读取失败。";
  const again = document.createElement("button");
  again.type = "button";
  again.className = "btn btn-sm";
  again.textContent = "重试";
  again.addEventListener("click", () => window.htmx.trigger(part, "again"));
  state.append(again);
  part.replaceChildren(state);
  return true;
}
