// An entry form is kept on the server while one types. What could not be sent stays in the page and is sent again.

const WAIT = 2000; // after the first change since the last time
const AGAIN = 4000; // after a time that failed
const PATIENCE = 10000;

const words = {
  saving: "正在保存草稿…",
  away: "网络不通，稍后再存。填写的内容还在本页。",
  out: "登录已过期，内容还在本页。请在新窗口登录，然后回到这里继续。",
  outKept: "登录已过期，填写的内容已存为草稿，也还在本页。请在新窗口登录，然后回到这里继续。",
  outPartly: "登录已过期。先前填写的内容已存为草稿，之后修改的还在本页。请在新窗口登录，然后回到这里继续。",
  refused: "草稿没有保存，请尽快保存记录。",
  offered: "原来还有一份草稿，请先在页面上方选择继续填写或丢弃；选择之前不另存草稿。",
};

export function keepDrafts() {
  const form = document.querySelector("form[data-draft]");
  if (form) new Keeper(form).start();
}

class Keeper {
  constructor(form) {
    this.form = form;
    this.url = form.dataset.draft;
    this.state = form.querySelector("[data-draft-state]");
    this.offer = document.querySelector("[data-draft-offer]");
    this.changes = 0;
    this.kept = 0;
    this.timer = null;
    this.sending = null;
    this.leaving = false;
    this.trouble = "";
  }

  start() {
    for (const kind of ["input", "change"]) this.form.addEventListener(kind, () => this.changed());
    this.form.addEventListener("submit", (event) => this.submitted(event));
    this.offer?.addEventListener("submit", (event) => this.discarded(event));
    window.addEventListener("online", () => this.flush());
    window.addEventListener("beforeunload", (event) => {
      if (!this.leaving && this.trouble && this.isBehind()) event.preventDefault();
    });
  }

  isBehind() {
    return this.changes > this.kept;
  }

  changed() {
    this.changes += 1;
    if (this.offer) this.say("offered");
    else this.later(WAIT);
  }

  later(wait) {
    this.timer ??= window.setTimeout(() => this.flush(), wait);
  }

  say(word, more = "") {
    const bad = ["away", "out", "refused"].includes(word);
    this.trouble = bad ? word : "";
    const text = (word === "out" ? this.whenOut() : words[word]) ?? more;
    if (this.state.firstElementChild?.textContent !== text) {
      const said = document.createElement("span");
      said.textContent = text;
      this.state.replaceChildren(said);
      if (word === "out") this.state.append(" ", this.signIn());
    }
    this.state.classList.toggle("is-bad", bad);
  }

  whenOut() {
    if (!this.kept) return words.out;
    return this.isBehind() ? words.outPartly : words.outKept;
  }

  signIn() {
    const made = document.createElement("a");
    Object.assign(made, { href: this.form.dataset.signIn, target: "_blank", rel: "noopener", textContent: "登录" });
    return made;
  }

  /** One call at a time; whatever was typed meanwhile goes with the next one. */
  async flush() {
    window.clearTimeout(this.timer);
    this.timer = null;
    if (this.sending) await this.sending;
    if (!this.isBehind() || this.offer) return this.trouble;
    this.sending = this.send();
    await this.sending;
    this.sending = null;
    if (this.isBehind() && !this.leaving && this.trouble !== "refused") this.later(this.trouble ? AGAIN : WAIT);
    return this.trouble;
  }

  async send() {
    const upTo = this.changes;
    if (!this.trouble) this.say("saving");
    try {
      let answer = await this.post();
      if (answer.status === 403) {
        const renewed = await this.renew();
        if (renewed === "out") return this.say("out");
        if (renewed) answer = await this.post();
      }
      if (answer.type === "opaqueredirect") return this.say("out");
      if (!answer.ok) return this.say(answer.status >= 500 ? "away" : "refused");
      const { at, removed } = await answer.json();
      this.kept = upTo;
      return this.say("", `${removed}草稿已保存 ${at}`);
    } catch {
      return this.say("away");
    }
  }

  /** All is kept; whether somebody is still signed in, with a token that holds. */
  async standing() {
    try {
      if ((await this.renew()) === "out") this.say("out");
    } catch {
      this.say("away");
    }
    return this.trouble;
  }

  ask(options) {
    return fetch(this.url, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE), ...options });
  }

  post() {
    return this.ask({ method: "POST", body: new URLSearchParams(new FormData(this.form)) });
  }

  /** After signing in again the page's token is another one; "out": nobody is signed in. */
  async renew() {
    const answer = await this.ask({ headers: { "X-Background": "1" } });
    if (answer.type === "opaqueredirect") return "out";
    if (!answer.ok) return false;
    const { token } = await answer.json();
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
    return true;
  }

  /** A form is only sent off when what it holds is safe: a page that cannot be reached would lose it. */
  async submitted(event) {
    if (this.leaving || this.offer || (!this.changes && !this.sending)) return;
    event.preventDefault();
    const submitter = event.submitter;
    const trouble = this.isBehind() || this.sending ? await this.flush() : await this.standing();
    if (trouble === "away" || trouble === "out") {
      this.state.focus();
      return;
    }
    this.leaving = true;
    window.setTimeout(() => this.form.requestSubmit(submitter)); // a form in the middle of being sent refuses
  }

  async discarded(event) {
    event.preventDefault();
    const typed = new URLSearchParams(new FormData(event.target));
    typed.set("act", "discard");
    const headers = { Accept: "application/json" };
    const answer = await this.ask({ method: "POST", body: typed, headers }).catch(() => null);
    if (answer?.status !== 204) return this.say(answer?.type === "opaqueredirect" ? "out" : "away");
    this.offer.remove();
    this.offer = null;
    this.form.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    this.say("", "草稿已丢弃");
    if (this.isBehind()) this.later(WAIT);
  }
}
