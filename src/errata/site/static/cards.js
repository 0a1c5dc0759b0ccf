// How an example is shown: its picture, text, sound or figures; its labels; its votes.
"use strict";
errata.cards = (() => {
  const { make, label, verdictName } = errata;
  const TINY = 96; // pictures up to this many pixels keep their pixels when shown large
  const DOTS = 10; // more votes than these are told in figures alone

  // Return what an example shows; `full` for its own page.
  function media(audit, row, { full = false, name = "" } = {}) {
    if (!row) return make("div.media.waiting");
    const words = name || `Example ${row.id}`;
    if (row.missing) return make("div.media.bare.muted", {}, `${words} cannot be read`);
    if (row.seconds !== undefined && !row.src) {
      return make("div.media.bare.muted", {}, `a sound of ${row.seconds.toFixed(1)} s, too large for these pages`);
    }
    if (row.seconds !== undefined) {
      return make("div.media.sound", {},
        make("audio", { controls: true, preload: "none", src: row.src, "aria-label": `${words}, a sound of ${row.seconds.toFixed(1)} s` }));
    }
    if (row.src) {
      const tiny = Math.max(row.w ?? 0, row.h ?? 0) <= TINY;
      const source = full ? row.full ?? row.src : row.src;
      return make("div.media.picture", {},
        make("img", { src: source, alt: words, width: row.w, height: row.h, class: tiny ? "tiny" : null, decoding: "async" }));
    }
    if (row.text !== undefined && row.text !== null) {
      // a long one scrolls, also by the keyboard
      return make("div.media.words", full ? { tabindex: "0", role: "region", "aria-label": words } : {}, make("p", {}, row.text));
    }
    if (row.pairs) {
      const shown = full ? row.pairs : row.pairs.slice(0, 12);
      return make("div.media.pairs", {}, make("table", {}, make("tbody", {},
        shown.map(([what, value]) => make("tr", {}, make("th", { scope: "row" }, what), make("td", {}, String(value)))))));
    }
    return make("div.media.bare", {}, make("code", {}, row.id));
  }

  // Return "given → corrected" as the verdict has it.
  function labels(audit, index, place, row, threshold) {
    const code = index.v[threshold][place];
    return labelled(label(audit, index.given[place]), label(audit, index.suggested[place]),
      code < 0 ? null : audit.verdicts[code],
      row?.corrected?.[threshold] == null ? null : label(audit, row.corrected[threshold]));
  }

  function labelled(given, suggested, verdict, corrected) {
    const struck = make("del", {}, make("span.aside", {}, "given label: "), given);
    const arrow = make("span.arrow", { "aria-hidden": "true" }, " → ");
    switch (verdict) {
      case "correctable":
        return [struck, arrow, make("ins", {}, make("span.aside", {}, "corrected: "), corrected ?? suggested)];
      case "multi_label":
        return [struck, arrow, make("ins", {}, given === suggested ? given : `${given} and ${suggested}`)];
      case "neither":
        return [struck, arrow, make("span.maybe", {}, "neither it nor ", suggested)];
      case "non_agreement":
        return [struck, arrow, make("span.maybe", {}, "reviewers differ")];
      case "non_error":
        return [given, make("span.maybe", {}, suggested === "none" ? "" : `, not ${suggested}`)];
      default:
        return [given, make("span.maybe", {}, suggested === "none" ? "" : ` or ${suggested}?`)];
    }
  }

  const MARKS = { given: "given", suggested: "suggested", both: "both", neither: "neither" };

  // Return the dots of the votes with the verdict, and the same in words: the shape of a dot tells
  // its answer, not its colour alone.
  function votes(audit, index, place, verdict) {
    const pairs = errata.list.votes(audit, index.votes.kinds[index.votes.of[place]]);
    const total = pairs.reduce((sum, [, times]) => sum + times, 0);
    const plain = pairs.every(([answer]) => audit.answers.includes(answer));
    const dots = total && plain && total <= DOTS
      ? make("span.dots", { "aria-hidden": "true" },
        pairs.flatMap(([answer, times]) => Array.from({ length: times }, () => make("i", { class: MARKS[answer] ?? "other" }))))
      : null;
    const words = total ? pairs.map(([answer, times]) => `${answer} ${times}`).join(audit.multilabel ? "; " : ", ") : "no votes";
    return [make("p.votes", {}, dots, verdict), make("p.facts", {}, words)];
  }

  function verdict(audit, code) {
    if (code < 0) return make("span.verdict", {}, "not asked");
    const name = audit.verdicts[code];
    return make("span.verdict", { class: name, title: errata.verdictMeaning(audit, name) }, verdictName(name));
  }

  // Return the meaning of each mark that occurs.
  function key(audit, index) {
    return audit.answers
      .filter((answer, place) => index.votes.kinds.some((kind) => kind[place] > 0))
      .map((answer) => make("li", {},
        make("span.dots", { "aria-hidden": "true" }, make("i", { class: MARKS[answer] ?? "other" })), answer));
  }

  // Return a card that stands in the page's own flow.
  function card(audit, index, place, row, href) {
    const t = audit.thresholds.indexOf(audit.threshold);
    return make("li.card", {}, media(audit, row), make("div.foot", {},
      make("p.labels", {}, make("a.go", { href }, labels(audit, index, place, row, t))),
      votes(audit, index, place, verdict(audit, index.v[t][place]))));
  }

  // Return the figures of Table 1 of the paper for one set.
  function figures(audit) {
    const { count, percent } = errata;
    const { table1: of, rate } = audit;
    const said = [
      [of.size, "examples", of.every ? "in this audit" : "in the test set"],
      [of.flagged, "flagged", of.model ? `by ${of.model}` : "as probably wrong"],
      [of.checked, "checked", "by reviewers"],
      [of.wrong, "not confirmed", `by ${errata.plural(audit.threshold, "vote")}`],
      [of.estimated, "estimated wrong", of.every ? "in this audit" : "in the whole set"],
    ].filter(([value]) => value !== null).map(([value, ...rest]) => [count(Math.round(value)), ...rest]);
    if (rate) said.push([percent(rate.estimate), "of all labels wrong, estimated", `${percent(rate.low)} to ${percent(rate.high)}, ${percent(rate.confidence, 0)} interval`]);
    else if (of.percent !== null) {
      said.push([percent(of.percent / 100), of.every ? "of the examples in this audit found wrong" : "of the set found wrong",
        of.checked < of.size ? "at least: more were never checked" : "every label was checked"]);
    }
    return make("dl.figures", {}, said.map(([value, name, note]) =>
      make("div", {}, make("dt", {}, make("span.value", {}, value), name), make("dd", {}, note))));
  }

  return { media, labels, labelled, votes, verdict, key, card, figures };
})();
