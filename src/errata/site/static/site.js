// What every page needs: the data files, elements, words, keys. Data files are classic scripts that
// call `errata.put(name, value)`, because a page opened from a file may not fetch.
"use strict";
const errata = (() => {
  const values = new Map(); // name of a data file: what it held
  const awaited = new Map(); // name: the promise of it

  function put(name, value) {
    values.set(name, value);
  }

  // Return the promise of what a data file holds; a file that is not there rejects it.
  function load(name) {
    if (values.has(name)) return Promise.resolve(values.get(name));
    if (!awaited.has(name)) {
      awaited.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = `data/${name}.js`;
        script.onload = () => {
          script.remove();
          awaited.delete(name);
          if (values.has(name)) resolve(values.get(name));
          else reject(new Error(`data/${name}.js does not hold what its name says.`));
        };
        script.onerror = () => {
          script.remove();
          awaited.delete(name); // so that it can be tried again
          reject(new Error(`data/${name}.js could not be read. Was the whole folder copied?`));
        };
        document.head.append(script);
      }));
    }
    return awaited.get(name);
  }

  const held = (name) => values.get(name);
  const drop = (name) => values.delete(name);
  const numbered = (name, number) => `${name}-${String(number).padStart(4, "0")}`;

  // ---------------------------------------------------------------- elements

  const SVG = "http://www.w3.org/2000/svg";

  // Return an element: `make("a.card", {href}, "words", child)`. What is handed in as words stays
  // words. Attributes that are null, undefined or false are left out.
  function make(what, attributes = {}, ...children) {
    const [tag, ...classes] = what.split(".");
    const one = document.createElement(tag);
    return fill(one, classes, attributes, children);
  }

  // Return a table in a box of its own width, which scrolls where it is too narrow, also by keys.
  function wide(label, table) {
    return make("div.scroll", { tabindex: "0", role: "region", "aria-label": label }, table);
  }

  function draw(what, attributes = {}, ...children) {
    const [tag, ...classes] = what.split(".");
    return fill(document.createElementNS(SVG, tag), classes, attributes, children);
  }

  function fill(one, classes, attributes, children) {
    if (classes.length) one.setAttribute("class", classes.join(" "));
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) one.addEventListener(name.slice(2), value);
      else if (name === "class") one.setAttribute("class", [...classes, value].join(" "));
      else one.setAttribute(name, value === true ? "" : value);
    }
    one.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
    return one;
  }

  // Return a chart that errata drew, as an element, without whatever in it could run or load.
  function drawing(svg) {
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    if (parsed.nodeName !== "svg") return make("p.muted", {}, "This chart cannot be drawn.");
    for (const one of [...parsed.querySelectorAll("script, foreignObject, image, use, style")]) one.remove();
    for (const one of [parsed, ...parsed.querySelectorAll("*")]) {
      for (const { name } of [...one.attributes]) {
        if (name.startsWith("on") || name.endsWith("href") || name === "style") one.removeAttribute(name);
      }
    }
    return document.importNode(parsed, true);
  }

  // ---------------------------------------------------------------- words

  // As a report has them: errata.report.words.
  const NAMES = {
    non_error: "non-error",
    correctable: "correctable",
    multi_label: "multi-label",
    neither: "neither",
    non_agreement: "non-agreement",
    open: "open",
  };
  const MEANINGS = {
    non_error: "Reviewers confirmed the given label. It stays.",
    correctable: "Reviewers chose the suggested label instead. It replaces the given one.",
    multi_label: "Reviewers said that both labels apply. No single label is right.",
    neither: "Reviewers said that neither label applies. The right one is not known.",
    non_agreement: "No answer got enough votes. The right label is not known.",
    open: "There are not enough votes yet.",
  };
  const CHOICE_MEANINGS = {
    ...MEANINGS,
    correctable: "Reviewers chose another class. It replaces the given one.",
    neither: "Reviewers said that none of the classes shown applies. The right one is not known.",
  };
  const SET_MEANINGS = {
    ...MEANINGS,
    non_error: "The labels that reviewers agree on are the given ones. They stay.",
    correctable: "Reviewers agree on other labels. These replace the given ones.",
    neither: "Reviewers agree on no label at all. The right ones are not known.",
    non_agreement: "Too few reviewers could tell. The right labels are not known.",
  };
  const verdictName = (name) => NAMES[name] ?? name.replaceAll("_", " ");
  const verdictMeaning = (audit, name) =>
    (audit.multilabel ? SET_MEANINGS : audit.choice ? CHOICE_MEANINGS : MEANINGS)[name] ?? "";

  const GROUPED = new Intl.NumberFormat("en-GB");
  const count = (number) => GROUPED.format(number);
  const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

  // Write a share in percent; one that is not nothing is never written as nothing.
  function percent(share, digits = 2) {
    if (share === null || share === undefined || Number.isNaN(share)) return "–";
    const least = 10 ** -digits;
    if (share > 0 && 100 * share < least / 2) return `<${least.toFixed(digits)}\u00a0%`;
    return `${(100 * share).toFixed(digits)}\u00a0%`;
  }

  // Return a sentence of ours with what stands in it between backticks as code.
  const marked = (words) => words.split("`").map((part, number) => (number % 2 ? make("code", {}, part) : part));

  // Return the name of a class, of several, or of none.
  function label(audit, given) {
    if (given === null || given === undefined || given === -1) return "none";
    if (!Array.isArray(given)) return String(audit.classes[given] ?? given);
    return given.length ? given.map((one) => audit.classes[one] ?? one).join(" + ") : "no label";
  }

  // ---------------------------------------------------------------- addresses

  // Return an address of a page with the settings that are not empty.
  function address(page, settings) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(settings)) {
      if (value !== null && value !== undefined && value !== "") query.set(name, value);
    }
    const words = query.toString();
    return words ? `${page}?${words}` : page;
  }

  // Return of what is asked, by this page's address or a form, what is known: `known` has a test for
  // each setting. What else an address asks is ignored; pages `keep` what is left when they begin.
  function settings(known, asked = Object.fromEntries(new URLSearchParams(location.search))) {
    return Object.fromEntries(Object.entries(known)
      .filter(([name, test]) => asked[name] && test(asked[name]))
      .map(([name]) => [name, asked[name]]));
  }

  // Keep settings in this page's own address, so that it can be sent to somebody.
  function keep(changed) {
    const page = location.pathname.slice(location.pathname.lastIndexOf("/") + 1);
    history.replaceState(history.state, "", address(page, changed) + location.hash);
  }

  // ---------------------------------------------------------------- keys

  const SWITCH = "errata.keys"; // where "no single keys" is remembered

  function remembered() {
    try {
      return localStorage.getItem(SWITCH) !== "off";
    } catch {
      return true; // a browser that keeps nothing
    }
  }

  // Listen to single keys, `{key: action}`, and show them by "?": `lines` are [keys, meaning].
  // An action that returns false leaves the key to the browser.
  function keys(actions, lines) {
    const tick = make("input", { type: "checkbox", checked: remembered() });
    tick.addEventListener("change", () => {
      try {
        localStorage.setItem(SWITCH, tick.checked ? "on" : "off");
      } catch {
        // then it holds for this page alone
      }
    });
    const close = make("button", { type: "button", onclick: () => dialog.close() }, "Close");
    const dialog = make("dialog", { id: "keys", "aria-labelledby": "keys-head" },
      make("h2", { id: "keys-head" }, "Keys"),
      make("table.keys", {}, make("tbody", {}, [...lines, ["?", "these keys"]].map(([pressed, meaning]) =>
        make("tr", {},
          make("th", { scope: "row" }, pressed.split(" ").map((one) => [make("kbd", {}, one), " "])),
          make("td", {}, meaning))))),
      make("label.tick", {}, tick, "Single keys do these things"),
      make("p", {}, close));
    document.body.append(dialog);
    const show = () => dialog.open || dialog.showModal();
    document.querySelector(".bar nav")?.append(
      make("button.quiet", { type: "button", class: "wide-only", onclick: show }, "Keys ", make("kbd", {}, "?")));
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const { target, key } = event;
      if (document.querySelector("dialog[open]")) return;
      // a dialog that was shut keeps the focus until the page is painted again
      if (key !== "Escape" && !target.closest("dialog")) {
        if (target.closest("input, textarea, select, audio, [contenteditable]")) return;
        if (key === "Enter" && target.closest("a, button, summary")) return;
      }
      if (key.length === 1 && !tick.checked && key !== "?") return;
      const action = key === "?" ? show : actions[key];
      if (action && action(event) !== false) event.preventDefault();
    });
  }

  // ---------------------------------------------------------------- the page

  // Call `begin` with the audit; say in the page what went wrong if something did.
  async function page(where, begin) {
    const target = document.getElementById(where);
    try {
      const audit = await load("audit");
      if (!audit.has.benchmark) document.getElementById("to-benchmark")?.remove();
      for (const link of document.querySelectorAll(".bar nav a")) {
        if (location.pathname.endsWith(`/${link.getAttribute("href")}`)) link.setAttribute("aria-current", "page");
      }
      if (audit.others?.length) {
        document.querySelector(".bar .name")?.before(make("a.up", { href: "../index.html", "aria-label": "All audits" }, "All"));
      }
      tellMaker(audit.made);
      await begin(audit, target);
    } catch (error) {
      complain(target, error);
    }
  }

  function complain(target, error) {
    target.replaceChildren(make("p.empty", { role: "alert" }, error.message));
    console.error(error);
  }

  function tellMaker(made) {
    document.getElementById("made").textContent =
      `Made by errata ${made.errata}. No other host is asked for anything.`;
  }

  return {
    put, load, held, drop, numbered, make, wide, draw, drawing, verdictName, verdictMeaning, count, plural,
    percent, marked, label, address, settings, keep, keys, page, complain, tellMaker,
  };
})();
