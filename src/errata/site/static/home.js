// The audit in one screen, for somebody who has never heard of it.
"use strict";
{
  const { make, count, percent, plural } = errata;
  const KINDS = { images: "pictures", texts: "texts", sounds: "sounds", features: "rows of figures" };

  errata.page("home", async (audit, target) => {
    const t = audit.thresholds.indexOf(audit.threshold);
    const counts = audit.counts[t];
    const asked = counts.reduce((sum, one) => sum + one, 0);
    const of = (name) => counts[audit.verdicts.indexOf(name)] ?? 0;
    const open = of("open");
    target.replaceChildren(
      make("p.lead", {}, lead(audit, asked - open, of)),
      make("p.ways", {},
        make("a.button.first", { href: "gallery.html" }, "Look at the examples"),
        make("a.button", { href: "confusion.html" }, "Which labels are confused"),
        audit.has.benchmark && make("a.button", { href: "benchmark.html" }, "What it does to models")),
      errata.cards.figures(audit),
      make("section", { id: "striking" }),
      make("section", { hidden: asked === 0 },
        make("h2", {}, "What the reviewers found"),
        make("p.muted", {}, `${audit.votes ? `Up to ${audit.votes} people looked at each example. ` : ""}An answer needs ${plural(audit.threshold, "vote")}.`),
        mix(audit, counts, asked)),
      make("section", {}, make("h2", {}, "About this audit"),
        audit.notices.map((words) => make("p.notice", { role: "note" }, errata.marked(words))),
        make("p", {}, "A model that did not learn from an example thinks little of its label: such examples are candidates. People see each with the labels in question, not told which the set has, and say what is right. Where enough of them agree on another label, it replaces the given one."),
        audit.table1.every && make("p", {}, audit.table1.every),
        audit.score.words && make("p.muted", {}, `Suspicion: ${audit.score.words}.`),
        audit.release && make("p", {}, `Corrections by ${audit.release.by} were published as release ${audit.release.version}.`)),
    );
    errata.keys({}, []);
    await striking(audit);
  });

  function lead(audit, decided, of) {
    const what = KINDS[audit.kind] ?? "examples";
    const wrong = decided - of("non_error");
    const held = `${audit.table1.every ? "This audit holds" : "This test set has"} ${count(audit.n)} ${what}.`;
    if (!decided) return `${held} ${plural(audit.candidates, "label")} of them look wrong and wait for reviewers.`;
    return `${held} People looked again at ${plural(decided, "label")}, ` +
      `did not confirm ${count(wrong)} of them, and corrected ${count(of("correctable"))}.`;
  }

  function mix(audit, counts, asked) {
    const link = (name) => errata.address("gallery.html", { verdict: name });
    const shown = audit.verdicts.map((name, code) => [name, counts[code]]).filter(([, n]) => n > 0);
    const bar = make("div.mix", { "aria-hidden": "true" }, shown.map(([name, n]) => {
      const part = make("span.fill", { class: name });
      part.style.flex = `${n} 1 0`;
      return part;
    }));
    return [bar, make("dl.meanings", {}, shown.map(([name, n]) => make("div", {},
      make("dt", {}, make("span.swatch.fill", { class: name, "aria-hidden": "true" }), make("a", { href: link(name) }, errata.verdictName(name))),
      make("dd", {}, `${count(n)} (${percent(n / asked, 0)})`),
      make("dd.long", {}, errata.verdictMeaning(audit, name)))))];
  }

  async function striking(audit) {
    const index = await errata.load("index");
    const corrected = audit.striking.length > 0;
    const places = corrected ? audit.striking : [...index.row.keys()].slice(0, 4);
    if (!places.length) return;
    const rows = await Promise.all(places.map((place) => errata.list.row(audit, place)));
    const lines = audit.kind !== "images" || !audit.has.media;
    document.getElementById("striking").append(
      make("h2", {}, corrected ? "Labels that were corrected" : "The most suspicious labels"),
      make("ul.row", { class: lines ? "wide" : null }, places.map((place, number) =>
        errata.cards.card(audit, index, place, rows[number], errata.address("example.html", { i: index.row[place] })))));
  }
}
