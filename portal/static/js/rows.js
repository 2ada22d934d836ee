// A field that names one of very many rows: what is typed is looked for on the server, by Tom Select.
// What was typed and not chosen is kept and sent: the server reads names and codes, and says what it does not know.

import { notify } from "./notify.js";

const PAUSE = 150;
const LONGEST = 50;

const words = {
  none: "没有匹配项",
  looking: "正在查找…",
  failed: "查找失败，请稍候重试。",
  out: "登录已过期，请在新窗口登录，然后回到这里继续。",
  more: "只列出前面一部分，请再输入几个字。",
  clear: "清空",
};

class RowField {
  constructor(input) {
    this.input = input;
    this.hits = new Set();
    this.shownFor = null; // the text to which the list belongs
    this.moved = false; // whether somebody went through the list by arrow
    this.failed = false;
    this.select = new window.TomSelect(input, this.settings());
    this.field = this.select.control_input;
    this.tell();
    this.listen();
  }

  settings() {
    const { row, shown, hint } = this.input.dataset;
    const value = row ?? this.input.value.trim();
    const now = value ? [{ value, text: shown ?? value }] : [];
    const note = (text, kind) => `<div class="ts-note ${kind}" role="option" aria-disabled="true" aria-selected="false">${text}</div>`;
    return {
      maxItems: 1,
      delimiter: "\u001f",
      options: now,
      items: now.map((each) => each.value),
      placeholder: hint,
      openOnFocus: false,
      maxOptions: null,
      refreshThrottle: 0,
      loadThrottle: PAUSE,
      shouldLoad: () => true,
      load: (text, done) => void this.find(text, done),
      score: () => (row) => Number(this.hits.has(row.value)),
      plugins: this.input.required ? {} : { clear_button: { html: () => this.clearButton() } },
      render: {
        option: (row, escape) => `<div>${escape(row.text)}${row.note ? ` <small>${escape(row.note)}</small>` : ""}</div>`,
        no_results: () => note(this.failed ? words.failed : words.none, "no-results"),
        loading: () => note(words.looking, "is-loading"),
      },
    };
  }

  clearButton() {
    return `<button type="button" class="clear-button" tabindex="-1" aria-label="${words.clear}"><i class="ti ti-x" aria-hidden="true"></i></button>`;
  }

  /** What is said of the field is said of the control in its place; how many rows were found is said aloud. */
  tell() {
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (this.input.hasAttribute(name)) this.field.setAttribute(name, this.input.getAttribute(name));
    }
    if (this.input.required) this.field.setAttribute("aria-required", "true");
    this.input.setAttribute("aria-labelledby", this.field.getAttribute("aria-labelledby"));
    this.field.setAttribute("aria-autocomplete", "list");
    this.field.maxLength = LONGEST;
    this.more = document.createElement("p");
    Object.assign(this.more, { className: "ts-more", textContent: words.more, hidden: true });
    this.select.dropdown.append(this.more);
    this.status = document.createElement("p");
    this.status.className = "visually-hidden";
    this.status.setAttribute("role", "status");
    this.select.wrapper.append(this.status);
  }

  listen() {
    // The summary of what is wrong leads to the field that the form sends.
    this.input.addEventListener("focus", () => this.select.focus());
    this.field.addEventListener("keydown", (event) => this.pressed(event), true);
    this.field.addEventListener("blur", () => this.keep(), true);
    this.field.addEventListener("input", () => {
      this.moved = false;
      this.select.wrapper.classList.toggle("is-searching", this.field.value !== "");
    });
    this.select.on("item_add", () => this.select.wrapper.classList.remove("is-searching"));
    this.select.on("dropdown_close", () => this.select.wrapper.classList.remove("is-searching"));
    this.select.control.addEventListener(
      "click",
      ({ target }) => {
        if (!target.closest(".clear-button")) this.open();
      },
      true,
    );
  }

  open() {
    this.moved = false;
    if (!this.select.isOpen) this.select.load(this.select.inputValue());
  }

  pressed(event) {
    const text = this.select.inputValue();
    if (event.key === "Escape" && this.select.isOpen) {
      this.select.close(false); // the list goes, what was typed stays
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (this.select.isOpen) {
        this.moved = true;
        return;
      }
      this.open();
    } else if (event.key !== "Enter" || this.shownFor === text || !(text || this.select.isOpen)) {
      return;
    }
    // Enter never chooses from a list that belongs to an earlier text, nor sends a form with half a name.
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** On leaving the field: the row that was gone to in the list, else what was typed. */
  keep() {
    if (!document.hasFocus()) return;
    const text = this.select.inputValue();
    const gone = this.select.isOpen && this.moved && this.shownFor === text ? this.select.activeOption : null;
    if (gone) this.select.addItem(gone.dataset.value);
    else if (text) {
      this.select.addOption({ value: text, text });
      this.select.addItem(text);
    }
  }

  async find(text, done) {
    this.asked?.abort();
    const asked = new AbortController();
    this.asked = asked;
    try {
      const url = new URL(this.input.dataset.rows, window.location.origin);
      url.searchParams.set("q", text);
      const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: asked.signal });
      if (answer.redirected || !answer.ok) throw new Error(answer.redirected ? words.out : words.failed);
      const { rows, more } = await answer.json();
      this.failed = false;
      this.select.clearOptions();
      this.hits = new Set(rows.map((row) => row.value));
      this.shownFor = text;
      this.more.hidden = !more;
      this.status.textContent = rows.length ? `找到 ${rows.length} 项${more ? `。${words.more}` : ""}` : words.none;
      done(rows);
    } catch (error) {
      if (!asked.signal.aborted) {
        this.failed = true;
        this.hits.clear();
        this.shownFor = null;
        delete this.select.loadedSearches[text];
        notify(error.message === words.out ? words.out : words.failed, true);
      }
      done();
    }
  }
}

for (const input of document.querySelectorAll("input[data-rows]")) new RowField(input);
