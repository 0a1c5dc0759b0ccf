// One example: what it shows, what was said of it, and its neighbours in the list it was opened from.
"use strict";
{
  const { make, label, verdictName } = errata;

  errata.page("example", async (audit, target) => {
    const index = await errata.load("index");
    const chosen = errata.settings(errata.list.known(audit, index));
    const { i, top } = errata.settings({ i: () => true, top: (one) => /^-?\d+$/.test(one) });
    const place = /^\d+$/.test(i ?? "") ? index.row.indexOf(Number(i)) : -1;
    if (place < 0) {
      target.replaceChildren(nothing(audit, i, chosen));
      return;
    }
    errata.keep({ i, ...chosen, top });
    const words = chosen.q ? await errata.list.texts(audit) : null;
    const found = errata.list.find(audit, index, chosen, words);
    const number = found.indexOf(place);
    const [row, more] = await Promise.all([
      errata.list.row(audit, place),
      errata.list.more(audit, place).catch(() => null), // what is there is shown all the same
    ]);
    const at = (step) => (number < 0 ? undefined : found[number + step]);
    const link = (other) => other !== undefined && errata.address("example.html", { i: index.row[other], ...chosen, top });
    const ways = {
      before: link(at(-1)),
      after: link(at(1)),
      back: errata.address("gallery.html", { ...chosen, at: index.row[place], top }),
      self: errata.address("example.html", { i: index.row[place] }),
    };
    document.title = `Example ${row.id} · ${audit.name}`;
    target.replaceChildren(
      steps(ways, number, found.length),
      make("article.one", { class: audit.has.media ? null : "unseen" }, seen(audit, row, more), told(audit, index, place, row, more, ways)),
      make("div.below", { id: "below" }),
    );
    showExemplars(audit, index, place).catch(() => {}); // an audit without any holds no such file
    if (at(1) !== undefined) Promise.resolve(errata.list.row(audit, at(1))).then(({ src, full }) => {
      if (audit.kind === "images" && src) new Image().src = full ?? src; // so that the next one is there at once
    }, () => {});
    const go = (to) => () => (to ? void (location.href = to) : false);
    errata.keys(
      { "[": go(ways.before), "]": go(ways.after), ArrowLeft: go(ways.before), ArrowRight: go(ways.after), Escape: go(ways.back) },
      [["[ ←", "the example before"], ["] →", "the next example"], ["Esc", "back to the gallery, to the same place"]],
    );
  });

  function nothing(audit, asked, chosen) {
    const [head, words] = asked === undefined
      ? ["Which example?", "This page shows one example, and its address does not say which. Choose one in the gallery."]
      : ["No such example", `Example ${asked} is not among those that ${audit.name} shows. Choose another one in the gallery.`];
    return make("div", { role: "alert" }, make("h1", {}, head), make("p", {}, words),
      make("p.ways", {}, make("a.button", { href: errata.address("gallery.html", chosen) }, "Gallery")));
  }

  function steps(ways, number, total) {
    const step = (to, words, key) =>
      to ? make("a.button", { href: to }, words, make("kbd.wide-only", {}, key)) : make("button", { type: "button", disabled: true }, words);
    return make("nav.steps", { "aria-label": "Neighbours" },
      make("a.button", { href: ways.back }, "Gallery", make("kbd.wide-only", {}, "Esc")),
      make("p.where", {}, number < 0 ? "not among what the filters leave" : `${errata.count(number + 1)} of ${errata.count(total)}`),
      step(ways.before, "Previous", "["), step(ways.after, "Next", "]"));
  }

  function seen(audit, row, more) {
    const whole = more?.text ? { ...row, text: more.text } : row;
    if (!audit.has.media && !row.link) return null; // its id stands above its labels
    return make("div.seen", {},
      audit.has.media && errata.cards.media(audit, whole, { full: true }),
      row.link && make("p.small", {}, "The original: ", make("a", { href: safe(row.link), rel: "noreferrer" }, row.link)));
  }

  // An address out of a data file may only lead to the web, or to a mail.
  const safe = (address) => (/^(https?|mailto):/i.test(address) ? address : null);

  function told(audit, index, place, row, more, ways) {
    const t = audit.thresholds.indexOf(audit.threshold);
    const code = index.v[t][place];
    return make("div.told", {},
      make("p.kicker", {}, `Example ${row.id}`),
      make("h1", {}, errata.cards.labels(audit, index, place, row, t)),
      errata.cards.votes(audit, index, place, errata.cards.verdict(audit, code)),
      code >= 0 && make("p.small", {}, errata.verdictMeaning(audit, audit.verdicts[code])),
      make("h2", {}, "Labels and votes"),
      levels(audit, index, place, row),
      more?.models?.length ? [make("h2", {}, "What the models answer"), models(audit, index, place, row, more.models)] : null,
      more?.history?.length ? [make("h2", {}, "Why: its history"), history(more.history)] : null,
      audit.report && [make("h2", {}, "Report a mistake"), mistake(audit, index, place, row)],
      make("h2", {}, "Address"),
      make("p.links", {},
        make("a.button", { href: ways.self }, "Permalink"),
        make("a.button", { href: `examples/${index.row[place]}.json` }, "JSON")));
  }

  function levels(audit, index, place, row) {
    const given = label(audit, index.given[place]);
    const rows = audit.thresholds.map((needed, t) => {
      const code = index.v[t][place];
      const verdict = code < 0 ? null : audit.verdicts[code];
      const corrected = row.corrected?.[t];
      const then = corrected !== null && corrected !== undefined ? label(audit, corrected)
        : verdict === "non_error" || verdict === null || verdict === "open" ? given
        : verdict === "multi_label" ? `${given} and ${label(audit, index.suggested[place])}; left out where there can be only one`
        : "not known; left out";
      return make("tr", {}, make("th.text", { scope: "row" }, String(needed)),
        make("td.text", {}, verdict ? verdictName(verdict) : "not asked"), make("td.text", {}, then));
    });
    return [
      make("dl.history", {},
        make("dt", {}, "given"), make("dd", {}, given),
        make("dt", {}, "suggested"), make("dd", {}, label(audit, index.suggested[place]))),
      errata.wide("The label by the votes that it needs", make("table.plain.levels", {},
        make("thead", {}, make("tr", {},
          make("th.text", { scope: "col" }, "votes needed"), make("th.text", { scope: "col" }, "verdict"), make("th.text", { scope: "col" }, "label"))),
        make("tbody", {}, rows))),
    ];
  }

  function models(audit, index, place, row, answers) {
    const t = audit.thresholds.indexOf(audit.threshold);
    const holds = (labels, one) => labels !== null && labels !== undefined && String([labels].flat()) === String([one].flat());
    const said = (one) =>
      holds(row.corrected?.[t], one) ? "the corrected label" : holds(index.given[place], one) ? "the given label"
      : holds(index.suggested[place], one) ? "the suggested label" : "";
    const body = answers.map(([name, one]) => make("tr", {},
      make("th.text", { scope: "row" }, name), make("td.text", {}, label(audit, one)), make("td.text.muted", {}, said(one))));
    const table = errata.wide("What models answer", make("table.plain", {},
      make("thead", {}, make("tr", {}, ["model", "best answer", ""].map((head) => make("th.text", { scope: "col" }, head || make("span.aside", {}, "which is"))))),
      make("tbody", {}, body)));
    if (answers.length <= 12) return table;
    const right = answers.filter(([, one]) => said(one) === "the given label").length;
    return make("details.more", {}, make("summary", {}, `${errata.plural(answers.length, "model")}, ${right} of them with the given label`), table);
  }

  const history = (lines) =>
    make("dl.history", {}, lines.map(([about, words], number) =>
      [about !== lines[number - 1]?.[0] && make("dt", {}, about), make("dd", {}, String(words))]));

  // ---------------------------------------------------------------- exemplars

  async function showExemplars(audit, index, place) {
    if (!audit.has.media) return;
    const held = await errata.load("exemplars");
    const shown = [...new Set([index.given[place], index.suggested[place]].flat())].filter((one) => held[one]?.length).slice(0, 6);
    if (!shown.length) return;
    const lines = audit.kind !== "images";
    document.getElementById("below").append(
      make("h2", {}, "Examples that surely show these classes"),
      make("div.pair", {}, shown.map((one) => make("section", {},
        make("h3", {}, audit.classes[one]),
        make("ul.samples", { class: lines ? "lines" : null },
          held[one].slice(0, lines ? 3 : 6).map((row) => make("li", {}, errata.cards.media(audit, row, { name: `An example of ${audit.classes[one]}` }))))))));
  }

  // ---------------------------------------------------------------- reports of mistakes

  // Return the link of a report: words for people, and a line for `errata reports import`. It is the
  // very link of errata.exchange.reports.report_link. `to` has {title} and {body} in it.
  function reportLink(to, line) {
    const words = (label) => (typeof label === "string" ? label : label.join(" + ") || "no label");
    const told = [
      `The label of example ${line.id} of ${line.audit} looks wrong to me.`,
      `Given: ${words(line.given)}`,
      ...(line.label === null ? [] : [`It should be: ${words(line.label)}`]),
      ...(line.reason ? [`Why: ${line.reason}`] : []),
    ];
    const body = [...told, "", "The next line is for errata; please leave it as it is.", JSON.stringify(line)].join("\r\n");
    const parts = { "{title}": `${line.audit}: the label of ${line.id}`, "{body}": body };
    return to.replace(/\{title\}|\{body\}/g, (at) => encodeURIComponent(parts[at]));
  }

  function mistake(audit, index, place, row) {
    const { to } = audit.report;
    const names = (given) => (audit.multilabel ? [given ?? []].flat().map((one) => audit.classes[one]) : label(audit, given));
    const go = make("a.button.first", { rel: "noopener noreferrer" }, "Report a mistake");
    const said = make("select", { id: "said", multiple: audit.multilabel, size: audit.multilabel ? 6 : null },
      !audit.multilabel && make("option", { value: "" }, "I cannot say"),
      audit.classes.map((name) => make("option", { value: name }, name)));
    // mail programs cut long addresses
    const reason = make("input", { type: "text", id: "reason", maxlength: 300, autocomplete: "off" });
    const renew = () => {
      const chosen = [...said.selectedOptions].map(({ value }) => value).filter(Boolean);
      go.href = safe(reportLink(to, {
        errata_report: 1,
        audit: audit.name,
        version: audit.release?.version ?? null,
        id: row.id,
        index: index.row[place],
        given: names(index.given[place]),
        label: !chosen.length ? null : audit.multilabel ? chosen : chosen[0],
        reason: reason.value.trim(),
      })) ?? "#below";
    };
    said.addEventListener("change", renew);
    reason.addEventListener("input", renew);
    renew();
    return make("div.mistake", {},
      make("p", {}, make("label", { for: "said" }, audit.multilabel ? "the labels should be" : "the label should be"), said),
      make("p", {}, make("label", { for: "reason" }, "because"), reason),
      make("p", {}, go),
      make("p.small", {}, `Opens ${to.startsWith("mailto:") ? "a mail" : "a page of the maintainer"} with this filled in. Nothing is sent before you send it.`));
  }
}
