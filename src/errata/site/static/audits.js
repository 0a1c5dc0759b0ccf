// Several audits on one page.
"use strict";
{
  const { make, count, plural } = errata;
  const target = document.getElementById("audits");

  // Return a set with its figures and a few of its examples that were corrected.
  function entry(audit) {
    const { sample } = audit;
    const lines = sample.some((row) => row.src === undefined || row.seconds !== undefined);
    const base = audit.href.replace(/[^/]*$/, "");
    return make("li", {},
      make("div", {},
        make("h2", {}, make("a", { href: audit.href }, audit.name)),
        make("p", {}, audit.table1.words),
        errata.cards.figures(audit),
      ),
      make("div", {},
        make("ul.strip", { class: lines ? "lines" : null }, sample.slice(0, lines ? 3 : 4).map((row) => make("li", {},
          (row.src || row.text || row.pairs) && errata.cards.media(audit, row),
          make("p.labels", {}, errata.cards.labelled(row.given, row.suggested, "correctable"))))),
        make("p.ways", {},
          make("a.button", { href: `${base}gallery.html` }, "Gallery", make("span.aside", {}, ` of ${audit.name}`)))));
  }

  errata.load("audits").then((audits) => {
    const sum = (of) => audits.reduce((total, audit) => total + of(audit.table1), 0);
    const wrong = sum((figures) => figures.wrong), checked = sum((figures) => figures.checked);
    target.replaceChildren(
      make("p.lead", {}, `${plural(audits.length, "test set")}, the labels of which were audited. Reviewers looked again at ${plural(checked, "label")} and did not confirm ${count(wrong)} of them.`),
      make("ol.sets", {}, audits.map(entry)));
    errata.tellMaker(audits[0].made);
  }).catch((error) => errata.complain(target, error));
}
