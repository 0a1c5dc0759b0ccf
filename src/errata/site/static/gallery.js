// The gallery: filters in the address, and of the rows only those in sight are in the document.
"use strict";
{
  const { make, count, plural } = errata;
  const AHEAD = 2; // rows drawn above and below what is in sight
  const PAUSE_MS = 60; // while somebody scrolls fast, nothing is read
  const TYPING_MS = 80; // nobody waits for what the first letters alone would find
  const TALLEST = 12e6; // pixels; browsers end at 17 to 33 million, beyond which a pixel stands for more

  // Of each size, in rem: the least width of a card, and the height of what stands below the picture.
  const WIDTHS = { large: 18, medium: 12.5, small: 8.5 };
  const FEET = { large: 6.5, medium: 6.5, small: 3.6 };
  const SLIM = 11, MORE = 1.3; // in a card so slim the verdict has a line of its own
  const WORDS = { large: [26, 17], medium: [20, 11], small: [16, 5] }; // width and height of a text
  const GAP = 1.25;
  const USUAL_SIZE = "medium";

  let audit, index, known, chosen, words;
  let found = new Uint32Array(0);
  let across = 1, wide = 0, tall = 0, gap = 0, total = 0, stretch = 1; // the grid, in pixels
  let current = -1; // which of the found has the keyboard
  let pause = 0, fresh = 0;
  const drawn = new Map(); // which of the found: its card

  const grid = document.getElementById("grid");
  const form = document.getElementById("filters");
  const nothing = document.getElementById("nothing");
  const said = document.getElementById("count");

  errata.page("grid", async (read) => {
    audit = read;
    index = await errata.load("index");
    known = errata.list.known(audit, index);
    chosen = errata.settings(known);
    const { at, top } = errata.settings({ at: (one) => index.row.includes(Number(one)), top: (one) => /^-?\d+$/.test(one) });
    errata.keep({ ...chosen, at, top: at && top });
    buildFilters();
    document.getElementById("key").append(...errata.cards.key(audit, index));
    await update({ keepAddress: true });
    if (at !== undefined) goTo(Number(at), Number(top ?? NaN));
    addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
    let width = grid.parentElement.clientWidth;
    new ResizeObserver(() => {
      if (grid.parentElement.clientWidth === width) return; // it also tells when it begins
      width = grid.parentElement.clientWidth;
      measure();
    }).observe(grid.parentElement);
    errata.keys(
      {
        j: () => step(across), k: () => step(-across), h: () => step(-1), l: () => step(1),
        ArrowDown: () => step(across), ArrowUp: () => step(-across), ArrowLeft: () => step(-1), ArrowRight: () => step(1),
        Enter: () => (current < 0 ? false : drawn.get(current)?.querySelector("a.go")?.click()),
        "/": () => form.elements.q?.focus(),
        Escape: leave,
      },
      [
        ["j k", "a row down, up"], ["h l", "one to the left, to the right"], ["↓ ↑ ← →", "the same"],
        ["Enter", "open the example"], ["Esc", "out of the search; in an example, back here"], ["/", "search"],
      ],
    );
  });

  // ---------------------------------------------------------------- filters

  function select(name, words, options) {
    const box = make("select", { name, id: `by-${name}` },
      options.map(([value, text]) => make("option", { value, selected: String(value) === String(chosen[name] ?? "") }, text)));
    return make("div.field", {}, make("label", { for: `by-${name}` }, words), box);
  }

  // Return the classes to choose from with how many have them; `also` one that none may have.
  function tally(column, also) {
    const times = new Map(also === undefined ? [] : [[Number(also), 0]]);
    for (const labels of column) {
      for (const one of Array.isArray(labels) ? labels : [labels]) {
        if (one !== null && one >= 0) times.set(one, (times.get(one) ?? 0) + 1);
      }
    }
    return [...times].sort(([one], [other]) => one - other).map(([one, n]) => [one, `${audit.classes[one]} (${count(n)})`]);
  }

  function buildFilters() {
    const answered = [...new Set(errata.list.agreement(index))].filter((most) => most > 0).sort((a, b) => b - a);
    const verdicts = audit.verdicts.filter((name, code) => index.v.some((column) => column.includes(code)));
    const fields = [
      audit.others?.length > 0 && sisters(),
      make("div.field.search", {},
        make("label", { for: "by-q" }, "search"),
        make("input", { type: "search", name: "q", id: "by-q", value: chosen.q ?? "", placeholder: "id, label or text", autocomplete: "off", spellcheck: "false" })),
      select("given", "given", [["", "any"], ...tally(index.given, chosen.given)]),
      select("suggested", "suggested", [["", "any"], ...tally(index.suggested, chosen.suggested)]),
      select("verdict", "verdict", [["", "any"], ["wrong", "label not confirmed"], ...verdicts.map((name) => [name, errata.verdictName(name)])]),
      answered.length > 0 && select("votes", "votes", [["", "any"], ...answered.map((most) => [most, `${most} agree`]), [0, "none"]]),
      audit.thresholds.length > 1 && threshold(),
      select("sort", "sorted by", [["", "suspicion"], ["disagreement", "disagreement"], ["class", "given label"]]),
    ];
    form.append(make("details", { open: form.clientWidth > 700 },
      make("summary", {}, "Filters and order"), make("div.fields", {}, fields.filter(Boolean))));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", (event) => event.target.name in { q: 1, sister: 1 } || changed());
    const size = choices("size", "size", [["large", "L"], ["medium", "M"], ["small", "S"]], USUAL_SIZE, { form: form.id });
    size.addEventListener("change", changed);
    document.getElementById("size").append(size);
    let typing = 0;
    form.elements.q?.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(changed, TYPING_MS);
    });
  }

  function sisters() {
    const box = make("select", { name: "sister", id: "by-set", autocomplete: "off" },
      make("option", { value: "" }, audit.name),
      audit.others.map(({ name, href }) => make("option", { value: href }, name)));
    box.addEventListener("change", () => {
      // the classes of another set are others
      const { verdict, sort, size } = chosen;
      if (box.value) location.href = errata.address(`${box.value.replace(/[^/]*$/, "")}gallery.html`, { verdict, sort, size });
    });
    return make("div.field", {}, make("label", { for: "by-set" }, "data set"), box);
  }

  function choices(name, words, options, usual, more = {}) {
    return make("fieldset.field", {}, make("legend", {}, words), make("div.choices", {},
      options.map(([value, text]) => make("label", {},
        make("input", { type: "radio", name, value, checked: String(chosen[name] ?? usual) === String(value), ...more }), make("span", {}, text)))));
  }

  const threshold = () => choices("t", "votes needed", audit.thresholds.map((one) => [one, one]), audit.threshold);

  function changed() {
    const values = Object.fromEntries(new FormData(form));
    if (Number(values.t) === audit.threshold) delete values.t;
    if (values.size === USUAL_SIZE) delete values.size;
    const before = chosen;
    chosen = errata.settings(known, values);
    const sizeOnly = JSON.stringify({ ...before, size: 0 }) === JSON.stringify({ ...chosen, size: 0 });
    if (sizeOnly) {
      const seen = found[firstInSight()];
      errata.keep(chosen);
      measure();
      if (seen !== undefined) goTo(index.row[seen], 160);
    } else update({});
  }

  function show(settings) {
    for (const name of ["q", "given", "suggested", "verdict", "votes", "sort"]) {
      if (form.elements[name]) form.elements[name].value = settings[name] ?? "";
    }
    chosen = settings;
    update({});
  }

  // Find anew, and draw from the top.
  async function update({ keepAddress = false }) {
    const turn = ++fresh;
    if (chosen.q && !words) {
      try {
        const read = await errata.list.texts(audit, (part, parts) => {
          said.textContent = parts > 1 ? `Reading the texts, part ${part} of ${parts} …` : "Reading the texts …";
        });
        words = read;
      } catch (error) {
        said.textContent = `Nothing was searched: ${error.message}`;
        return;
      }
      if (turn !== fresh) return; // something else was chosen meanwhile
    }
    const began = performance.now();
    found = errata.list.find(audit, index, chosen, words);
    current = -1;
    clear();
    if (!keepAddress) {
      errata.keep(chosen);
      if (scrollY > form.offsetTop) scrollTo(0, 0);
    }
    const all = index.row.length;
    // an audit may have more candidates than its site shows
    const some = audit.candidates > all ? `the ${count(all)} most suspicious of ${plural(audit.candidates, "candidate")}` : plural(all, "example");
    said.textContent = found.length === all ? some : `${count(found.length)} of ${plural(all, "example")} match${found.length === 1 ? "es" : ""}`;
    tellEmpty();
    measure();
    performance.measure("errata: find and draw", { start: began, end: performance.now() });
  }

  // Say which of the filters could go.
  function tellEmpty() {
    nothing.hidden = found.length > 0;
    if (found.length) return;
    const NAMES = { q: "search", given: "given", suggested: "suggested", verdict: "verdict", votes: "votes" };
    const on = Object.keys(NAMES).filter((name) => chosen[name] !== undefined);
    const without = (names) => Object.fromEntries(Object.entries(chosen).filter(([name]) => !names.includes(name)));
    nothing.replaceChildren(
      make("p", {}, on.length ? "No example matches all of this. Take one filter away:" : "This audit has no candidates: nothing was flagged, so there is nothing to show."),
      make("p.ways", {},
        on.map((name) => {
          const left = errata.list.find(audit, index, without([name]), words).length;
          return make("button", { type: "button", onclick: () => show(without([name])) }, `${NAMES[name]} (${plural(left, "example")})`);
        }),
        on.length > 1 && make("button", { type: "button", onclick: () => show(without(on)) }, "all of them")));
  }

  // ---------------------------------------------------------------- the grid

  function clear() {
    for (const card of drawn.values()) card.remove();
    drawn.clear();
  }

  // Work out how many stand side by side, and how tall everything is.
  function measure() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const size = chosen.size ?? USUAL_SIZE;
    const room = grid.parentElement.clientWidth - parseFloat(getComputedStyle(grid.parentElement).paddingLeft) * 2;
    const lines = ["texts", "features", "sounds"].includes(audit.kind) || !audit.has.media;
    const least = (lines ? WORDS[size][0] : WIDTHS[size]) * rem;
    gap = GAP * rem;
    across = Math.max(lines || size === "large" ? 1 : size === "small" ? 3 : 2, Math.floor((room + gap) / (least + gap)));
    wide = (room - gap * (across - 1)) / across;
    const media = !audit.has.media ? 3 * rem : audit.kind === "sounds" ? 4.5 * rem : lines ? WORDS[size][1] * rem : wide;
    const foot = (FEET[size] + (wide < SLIM * rem ? MORE : 0)) * rem;
    tall = media + foot + gap;
    const rows = Math.ceil(found.length / across);
    total = rows * tall;
    stretch = Math.max(1, total / TALLEST);
    grid.className = size;
    grid.style.height = `${Math.min(total, TALLEST)}px`;
    grid.style.setProperty("--media", `${media}px`);
    grid.style.setProperty("--foot", `${foot}px`);
    clear();
    draw();
  }

  // Where the window stands in the grid: in pixels of the page, and of all rows one below another.
  function place() {
    const top = Math.max(0, -grid.getBoundingClientRect().top);
    const most = Math.max(1, grid.offsetHeight - innerHeight);
    return { top, inside: stretch === 1 ? top : (Math.min(top, most) / most) * (total - innerHeight) };
  }

  const firstInSight = () => Math.floor(place().inside / tall) * across;

  function draw() {
    if (!tall) return;
    const { top, inside } = place();
    const first = Math.max(0, Math.floor(inside / tall) - AHEAD);
    const last = Math.floor((inside + innerHeight) / tall) + AHEAD;
    const from = first * across;
    const until = Math.min(found.length, (last + 1) * across);
    for (const [number, card] of drawn) {
      if ((number < from || number >= until) && !card.contains(document.activeElement)) {
        card.remove();
        drawn.delete(number);
      }
    }
    for (let number = from; number < until; number++) {
      let card = drawn.get(number);
      if (!card) {
        card = cardOf(number);
        drawn.set(number, card);
        insert(number, card);
      }
      if (stretch > 1 || !card.style.width) put(card, number, top, inside);
    }
    clearTimeout(pause);
    pause = setTimeout(complete, PAUSE_MS);
  }

  function put(card, number, top, inside) {
    const y = Math.floor(number / across) * tall - (stretch > 1 ? inside - top : 0);
    const x = (number % across) * (wide + gap);
    card.style.width = `${wide}px`;
    card.style.transform = `translate(${x}px, ${y}px)`;
  }

  // Cards stand in the document in their order, for those who go by Tab or hear the page.
  function insert(number, card) {
    let after = null;
    for (const [other, one] of drawn) {
      if (other > number && one.isConnected && (after === null || other < after.number)) after = { number: other, one };
    }
    grid.insertBefore(card, after?.one ?? null);
  }

  function cardOf(number) {
    const position = found[number];
    const row = errata.list.row(audit, position);
    const card = make("li.card", { "aria-setsize": found.length, "aria-posinset": number + 1 });
    card.dataset.number = number;
    if (row instanceof Promise) {
      card.dataset.waits = "";
      paint(card, position, null);
    } else paint(card, position, row);
    return card;
  }

  function paint(card, position, row) {
    const t = errata.list.at(audit, chosen);
    const link = make("a.go", { href: errata.address("example.html", { i: index.row[position], ...chosen }) },
      errata.cards.labels(audit, index, position, row, t), make("span.aside", {}, `, example ${row?.id ?? index.row[position]}`));
    link.addEventListener("click", remember);
    const media = errata.cards.media(audit, row);
    card.replaceChildren(media,
      make("div.foot", {},
        make("p.labels", {}, link),
        errata.cards.votes(audit, index, position, errata.cards.verdict(audit, index.v[t][position]))));
    if (row?.text?.endsWith("…")) {
      media.append(make("button.quiet.whole", { type: "button", onclick: () => read(position, row) }, "Read all"));
    }
  }

  // Fill in what was drawn before its details were read.
  function complete() {
    for (const card of grid.querySelectorAll("[data-waits]")) {
      const number = Number(card.dataset.number);
      delete card.dataset.waits;
      Promise.resolve(errata.list.row(audit, found[number])).then(
        (row) => {
          if (drawn.get(number) !== card) return;
          const focused = card.contains(document.activeElement);
          paint(card, found[number], row);
          if (focused) card.querySelector("a.go").focus({ preventScroll: true });
        },
        (error) => {
          if (drawn.get(number) === card) card.querySelector(".media").replaceChildren(make("p.muted", {}, error.message));
        },
      );
    }
  }

  // Show a whole text without leaving the gallery.
  async function read(position, row) {
    const { text } = await errata.list.more(audit, position);
    const dialog = make("dialog.reading", { "aria-label": `Example ${row.id}` },
      make("p.text", {}, text ?? row.text),
      make("p", {}, make("button", { type: "button", onclick: () => dialog.close() }, "Close")));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  // ---------------------------------------------------------------- places

  // Before an example is opened, its address and this page's are told where it stood.
  function remember(event) {
    const card = event.currentTarget.closest(".card");
    const at = index.row[found[Number(card.dataset.number)]];
    const top = Math.round(card.getBoundingClientRect().top);
    errata.keep({ ...chosen, at, top });
    event.currentTarget.href = errata.address("example.html", { i: at, ...chosen, top });
  }

  // Bring an example to where it stood, and give it the keyboard.
  function goTo(row, top) {
    const number = found.indexOf(index.row.indexOf(row));
    if (number < 0) return;
    const y = Math.floor(number / across) * tall;
    const start = grid.getBoundingClientRect().top + scrollY;
    const offset = Number.isNaN(top) ? 200 : top;
    if (stretch === 1) scrollTo(0, start + y - offset);
    else {
      const most = Math.max(1, grid.offsetHeight - innerHeight);
      scrollTo(0, start + (Math.max(0, y - offset) / (total - innerHeight)) * most);
    }
    draw();
    current = number;
    drawn.get(number)?.querySelector("a.go")?.focus({ preventScroll: true });
  }

  function step(by) {
    if (!found.length) return;
    const focused = document.activeElement.closest?.(".card");
    if (focused) current = Number(focused.dataset.number);
    const next = current < 0 ? firstInSight() : current + by;
    if (next < 0 || next >= found.length) return;
    current = next;
    const { inside } = place();
    const y = Math.floor(current / across) * tall;
    const covered = form.getBoundingClientRect().bottom; // the filters stay above the grid
    const above = Math.max(0, covered) + 12;
    if (y < inside + above || y + tall > inside + innerHeight) {
      const start = grid.getBoundingClientRect().top + scrollY;
      const wanted = y < inside + above ? y - above : y + tall - innerHeight;
      scrollTo(0, stretch === 1 ? start + wanted : start + (Math.max(0, wanted) / (total - innerHeight)) * (grid.offsetHeight - innerHeight));
    }
    draw();
    drawn.get(current)?.querySelector("a.go")?.focus({ preventScroll: true });
  }

  function leave() {
    if (document.activeElement !== document.body) document.activeElement.blur();
    return false;
  }
}
