// Notes in the corner of the page.

/** Say something; it goes away by itself unless it is bad news. */
export function notify(text, isBad = false) {
  const note = document.createElement("div");
  note.className = isBad ? "note is-bad" : "note";
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.setAttribute("aria-label", "关闭提示");
  close.innerHTML = '<i class="ti ti-x" aria-hidden="true"></i>';
  close.addEventListener("click", () => note.remove());
  note.append(words, close);
  document.getElementById("toasts").append(note);
  if (!isBad) window.setTimeout(() => note.remove(), 8000);
}
