// The place picker: a search field with hits from the server, and the tree, a level at a time.
// Keys: in the field arrows choose a hit, Enter goes; in the tree arrows move, open and close.

const PAUSE = 120;
let dialog = null;

export function openPicker(button) {
  dialog ??= build(button);
  dialog.showModal();
  const field = dialog.querySelector("input");
  field.select();
  field.focus();
  const tree = dialog.querySelector(".tree");
  if (!tree.childElementCount) void load(tree, button, null);
}

function build(button) {
  const made = document.createElement("dialog");
  made.className = "picker";
  made.setAttribute("aria-labelledby", "picker-title");
  made.innerHTML = `
    <div class="picker-head"><h2 id="picker-title">选择地区</h2>
      <button type="button" class="btn btn-sm" data-close>关闭</button></div>
    <div class="picker-body">
      <label for="picker-q">名称、代码或拼音首字母</label>
      <input id="picker-q" class="form-control" type="text" role="combobox" autocomplete="off" maxlength="50"
        aria-controls="picker-hits" aria-expanded="false" aria-autocomplete="list">
      <ul class="picker-hits" id="picker-hits" role="listbox" aria-label="查找结果"></ul>
      <p class="visually-hidden" role="status" data-count></p>
      <ul class="tree" role="tree" aria-label="地区树"></ul>
    </div>`;
  document.body.append(made);
  made.querySelector("[data-close]").addEventListener("click", () => made.close());
  made.addEventListener("close", () => button.focus());
  made.addEventListener("click", (event) => {
    if (event.target === made) made.close();
  });
  searchField(made, button);
  treeKeys(made.querySelector(".tree"), button);
  return made;
}

/** The page at hand, or its register, for another place. */
function go(button, id) {
  const base = button.dataset.target || window.location.pathname;
  const url = new URL(base, window.location.origin);
  if (!button.dataset.target) url.search = window.location.search;
  for (const name of ["after", "before", "q"]) url.searchParams.delete(name);
  url.searchParams.set("place", id);
  window.location.assign(url);
}

async function fragment(address, parameters) {
  const url = new URL(address, window.location.origin);
  for (const [name, value] of Object.entries(parameters)) if (value) url.searchParams.set(name, value);
  const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return answer.text();
}

function searchField(made, button) {
  const field = made.querySelector("input");
  const list = made.querySelector(".picker-hits");
  const status = made.querySelector("[data-count]");
  let timer = 0;
  let asked = 0;

  const options = () => [...list.querySelectorAll("[data-place]")];
  const choose = (option) => {
    for (const each of options()) each.setAttribute("aria-selected", String(each === option));
    field.setAttribute("aria-activedescendant", option ? option.id : "");
    option?.scrollIntoView({ block: "nearest" });
  };

  async function search() {
    const mine = (asked += 1);
    const text = field.value.trim();
    if (!text) {
      list.replaceChildren();
      field.setAttribute("aria-expanded", "false");
      return;
    }
    try {
      const html = await fragment(button.dataset.hits, { q: text, for: button.dataset.for });
      if (mine !== asked) return;
      list.innerHTML = html;
      status.textContent = `找到 ${options().length} 个地区`;
    } catch {
      if (mine !== asked) return;
      list.innerHTML = '<li class="no-hit" role="option" aria-disabled="true">查找失败，请稍候重试。</li>';
    }
    field.setAttribute("aria-expanded", "true");
    choose(options()[0] ?? null);
  }

  field.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(search, PAUSE);
  });
  field.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" && !all.length) {
      event.preventDefault();
      made.querySelector(".tree [role=treeitem]")?.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (all.length) choose(all[(at + step + all.length) % all.length]);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      go(button, all[at].dataset.place);
    }
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[data-place]");
    if (option) go(button, option.dataset.place);
  });
}

async function load(list, button, parent) {
  list.setAttribute("aria-busy", "true");
  try {
    list.innerHTML = await fragment(button.dataset.children, { parent, for: button.dataset.for });
    for (const item of list.children) {
      if (item.dataset.place === button.dataset.place) item.setAttribute("aria-current", "true");
    }
    if (!list.closest(".tree").querySelector("[tabindex='0']")) {
      list.querySelector("[role=treeitem]")?.setAttribute("tabindex", "0");
    }
    if (!parent && list.children.length === 1) await toggle(list.firstElementChild, button, true);
  } catch {
    list.innerHTML = '<li class="no-hit" role="none">读取失败，请关闭后重试。</li>';
  }
  list.removeAttribute("aria-busy");
}

async function toggle(item, button, open) {
  if (!item.hasAttribute("aria-expanded")) return;
  item.setAttribute("aria-expanded", String(open));
  let list = item.querySelector(":scope > ul");
  if (open && !list) {
    list = document.createElement("ul");
    list.setAttribute("role", "group");
    item.append(list);
    await load(list, button, item.dataset.place);
  } else if (list) {
    list.hidden = !open;
  }
}

function treeKeys(tree, button) {
  const shown = () => [...tree.querySelectorAll("[role=treeitem]")].filter((item) => !item.closest("ul[hidden]"));
  const focus = (item) => {
    if (!item) return;
    for (const each of tree.querySelectorAll("[tabindex='0']")) each.setAttribute("tabindex", "-1");
    item.setAttribute("tabindex", "0");
    item.focus();
  };
  tree.addEventListener("click", (event) => {
    const item = event.target.closest("[role=treeitem]");
    if (!item) return;
    if (event.target.closest(".twist")) void toggle(item, button, item.getAttribute("aria-expanded") !== "true");
    else go(button, item.dataset.place);
  });
  tree.addEventListener("keydown", (event) => {
    const item = event.target.closest("[role=treeitem]");
    if (!item) return;
    const all = shown();
    const at = all.indexOf(item);
    const isOpen = item.getAttribute("aria-expanded") === "true";
    const acts = {
      ArrowDown: () => focus(all[at + 1]),
      ArrowUp: () => (at ? focus(all[at - 1]) : dialog.querySelector("input").focus()),
      Home: () => focus(all[0]),
      End: () => focus(all.at(-1)),
      ArrowRight: () => (isOpen ? focus(all[at + 1]) : void toggle(item, button, true)),
      ArrowLeft: () => (isOpen ? void toggle(item, button, false) : focus(item.parentElement.closest("[role=treeitem]"))),
      Enter: () => go(button, item.dataset.place),
      " ": () => go(button, item.dataset.place),
    };
    const act = acts[event.key];
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  });
}
