// Which labels are taken for which: a list first, a picture second, a rate for each class third.
"use strict";
{
  const { make, draw, count, percent } = errata;
  const MOST = 24; // classes in the picture; more of them could not be read

  errata.page("confusion", async (audit, target) => {
    const asked = errata.settings({ q: () => true, t: (one) => audit.thresholds.map(String).includes(one) });
    const data = await errata.load("confusion");
    let t = audit.thresholds.indexOf(Number(asked.t ?? audit.threshold));
    const name = (one) => errata.label(audit, one);
    const link = (settings) => errata.address("gallery.html", { ...settings, t: audit.thresholds[t] === audit.threshold ? null : audit.thresholds[t] });
    const single = (one) => !Array.isArray(one);
    const pairs = (data.pairs ?? []).filter(([given, suggested]) => single(given) && single(suggested));
    const parts = make("div");
    const sought = make("input", { type: "search", id: "find", value: asked.q ?? "", autocomplete: "off" });
    const levels = audit.thresholds.length > 1 && make("fieldset.field", {}, make("legend", {}, "votes needed"),
      make("div.choices", {}, audit.thresholds.map((one, place) => make("label", {},
        make("input", { type: "radio", name: "t", value: one, checked: place === t, onchange: () => { t = place; all(); } }), make("span", {}, one)))));
    target.replaceChildren(
      make("form.tools", { onsubmit: (event) => event.preventDefault(), "aria-label": "What is listed" },
        make("div.field.search", {}, make("label", { for: "find" }, "class"), sought), levels),
      parts);
    sought.addEventListener("input", all);
    errata.keys({ "/": () => sought.focus() }, [["/", "find a class"]]);
    all();

    function all() {
      const q = sought.value.trim().toLowerCase();
      errata.keep({ q, t: audit.thresholds[t] === audit.threshold ? null : audit.thresholds[t] });
      const matches = (one) => !q || name(one).toLowerCase().includes(q);
      const some = pairs.filter(([given, suggested]) => matches(given) || matches(suggested));
      const classes = (data.classes ?? []).filter(([one]) => matches(one));
      parts.replaceChildren(
        ...list(some, q), ...(some.length > 1 ? [picture(some)] : []), ...rates(classes));
    }

    function list(some, q) {
      if (!pairs.length) return [make("p.empty", {}, audit.multilabel ? "Examples here have several labels each, so there are no pairs of one label and another." : "No label was suggested in place of another.")];
      if (!some.length) return [make("p.empty", {}, `No class is called “${q}”. `, make("button", { type: "button", onclick: () => { sought.value = ""; all(); } }, "Show all"))];
      const limited = audit.rows < audit.candidates ? ` Only the ${count(audit.rows)} most suspicious of ${count(audit.candidates)} candidates are counted.` : "";
      const top = Math.max(...some.map((pair) => pair[2]));
      const bar = ([, , candidates, corrected]) => make("div.bars", {}, draw("svg", { viewBox: "0 0 192 14", preserveAspectRatio: "none", "aria-hidden": "true" },
        draw("rect", { y: 1, height: 12, width: Math.max(1.5, (192 * candidates) / top), fill: "var(--quiet)" }),
        draw("rect", { y: 1, height: 12, width: (192 * corrected[t]) / top, fill: "var(--accent)" })));
      return [
        make("p", {}, make("span.swatch"), "Candidates whose given label is the first and whose suggested label is the second; ",
          make("span.swatch.correctable.fill"), `those that ${errata.plural(audit.thresholds[t], "vote")} corrected so.`, limited),
        errata.table([
          { name: "given", text: true, value: ([given]) => name(given), cell: ([given, suggested]) => make("a", { href: link({ given, suggested }) }, name(given), make("span.aside", {}, ` to ${name(suggested)}`)) },
          { name: "suggested", text: true, value: ([, suggested]) => name(suggested) },
          { name: make("span.aside", {}, "candidates and corrected as bars"), text: true, cell: bar },
          { name: "candidates", value: (pair) => pair[2], cell: (pair) => count(pair[2]) },
          { name: "corrected", value: (pair) => pair[3][t], cell: (pair) => count(pair[3][t]) },
        ], some, { by: 3, most: 20, label: "Pairs of labels", links: true }),
      ];
    }

    // The classes of the largest pairs; of a thousand the others would only be white.
    function picture(some) {
      const occurring = new Set(some.flatMap(([given, suggested]) => [given, suggested]));
      const kept = new Set();
      for (const [given, suggested] of [...some].sort((one, other) => other[2] - one[2])) {
        if (new Set([...kept, given, suggested]).size <= MOST) kept.add(given).add(suggested);
      }
      const shown = [...kept].sort((one, other) => one - other);
      const at = new Map(shown.map((one, place) => [one, place]));
      const cells = some.filter(([given, suggested]) => at.has(given) && at.has(suggested));
      const top = Math.max(...cells.map((pair) => pair[2]), 1);
      const longest = Math.min(18, Math.max(...shown.map((one) => name(one).length)));
      const side = longest * 7 + 14, step = 28, wide = side + shown.length * step + 4;
      const short = (one) => (name(one).length > 18 ? `${name(one).slice(0, 17)}…` : name(one));
      const chart = draw("svg.chart", { viewBox: `0 0 ${wide} ${wide}`, width: wide, height: wide, role: "group", "aria-label": "Heat map of the pairs above" },
        shown.map((one, place) => [
          draw("text", { x: side - 8, y: side + (place + 0.5) * step + 4, "text-anchor": "end" }, short(one), draw("title", {}, name(one))),
          draw("text", { transform: `translate(${side + (place + 0.5) * step + 4} ${side - 8}) rotate(-90)` }, short(one), draw("title", {}, name(one))),
          draw("line.rule", { x1: side, x2: wide - 4, y1: side + place * step, y2: side + place * step }),
          draw("line.rule", { y1: side, y2: wide - 4, x1: side + place * step, x2: side + place * step }),
        ]),
        cells.map(([given, suggested, candidates, corrected]) => {
          const words = `${name(given)} to ${name(suggested)}: ${errata.plural(candidates, "candidate")}, ${count(corrected[t])} corrected`;
          const x = side + at.get(suggested) * step, y = side + at.get(given) * step;
          const strong = 0.12 + 0.88 * Math.sqrt(candidates / top);
          return draw("a", { href: link({ given, suggested }), "aria-label": words },
            draw("rect", { x: x + 1, y: y + 1, width: step - 2, height: step - 2, rx: 3, fill: "var(--paper)" }),
            draw("rect", { x: x + 1, y: y + 1, width: step - 2, height: step - 2, rx: 3, fill: "var(--accent)", "fill-opacity": strong.toFixed(3) }),
            draw("title", {}, words));
        }));
      return make("section", {}, make("h2", {}, "The same as a picture"),
        make("p.muted", {}, `Rows are given labels, columns suggested ones; the darker, the more candidates. ${occurring.size > shown.length ? `Shown are ${shown.length} of ${count(occurring.size)} classes, those of the largest pairs; find others by name above.` : "Only classes that occur are shown."}`),
        make("div.heat", { tabindex: "0", role: "region", "aria-label": "Heat map" }, chart));
    }

    function rates(classes) {
      if (!classes.length) return [];
      const value = (one, of) => (Array.isArray(of) ? of[t] : of);
      const share = ([, , checked, wrong]) => (checked ? wrong[t] / checked : -1);
      const interval = (row) => [value(row, row[4]), value(row, row[5])];
      const bar = (row) => {
        const [low, high] = interval(row);
        if (!row[2] || low === null || low === undefined) return "–";
        const x = (part) => 1 + 190 * part;
        return make("div.bars", {}, draw("svg", { viewBox: "0 0 192 14", preserveAspectRatio: "none", "aria-hidden": "true" },
          draw("line", { x1: x(0), x2: x(1), y1: 7, y2: 7, stroke: "var(--grid)" }),
          draw("line", { x1: x(low), x2: x(high), y1: 7, y2: 7, stroke: "var(--muted)", "stroke-width": 2 }),
          draw("rect", { x: x(share(row)) - 2, y: 2, width: 4, height: 10, fill: "var(--accent)" })));
      };
      return [make("section", {}, make("h2", {}, "Class by class"),
        make("p.muted", {}, data.words ?? "Of the checked labels of a class, the share that was not confirmed, with its 95 % Wilson interval."),
        errata.table([
          { name: "class", text: true, value: ([one]) => name(one), cell: ([one]) => make("a", { href: link({ given: one }) }, name(one)) },
          { name: "examples", value: (row) => row[1], cell: (row) => count(row[1]) },
          { name: "checked", value: (row) => row[2], cell: (row) => count(row[2]) },
          { name: "wrong", value: (row) => row[3][t], cell: (row) => count(row[3][t]) },
          { name: "share", value: share, cell: (row) => (row[2] ? percent(share(row), 0) : "–") },
          { name: "interval", value: (row) => interval(row)[0] ?? -1, cell: (row) => { const [low, high] = interval(row); return row[2] && low !== null && low !== undefined ? `${percent(low, 0)} to ${percent(high, 0)}` : "–"; } },
          { name: "from 0 to 100 %", text: true, cell: bar },
        ], classes, { by: 3, most: 20, label: "Error rate of each class", links: true }))];
    }
  });
}
