// Which examples, in which order: the same list for the gallery and for going from one example to
// the next. Positions are those of data/index.js, whose order is that of suspicion.
"use strict";
errata.list = (() => {
  const WRONG = ["correctable", "multi_label", "neither", "non_agreement"];
  // Return the settings of a list, each with a test of what it can be: what its field offers.
  function known(audit, index) {
    const some = (one) => String(Number(one)) === one && one in audit.classes;
    const verdict = (one) => index.v.some((column) => column.includes(audit.verdicts.indexOf(one)));
    return {
      given: some, // any class: those without a candidate that is shown are linked to as well
      suggested: some,
      verdict: (one) => one === "wrong" || (audit.verdicts.includes(one) && verdict(one)),
      votes: (one) => one === "0" || agreement(index).some((most) => String(most) === one),
      t: (one) => audit.thresholds.map(String).includes(one),
      q: () => true,
      sort: (one) => ["disagreement", "class"].includes(one),
      size: (one) => ["large", "small"].includes(one),
    };
  }

  // Return at which place of `audit.thresholds` the chosen threshold stands.
  function at(audit, chosen) {
    return audit.thresholds.indexOf(Number(chosen.t ?? audit.threshold));
  }

  // Return the votes of a kind as [answer, how many], without answers that nobody gave.
  function votes(audit, kind) {
    if (!kind) return [];
    const pairs = kind.map((one, place) => (Array.isArray(one) ? one : [audit.answers[place] ?? "other", one]));
    return pairs.filter(([, times]) => times > 0);
  }

  // Return of each kind of votes how many reviewers gave the answer that most gave.
  function agreement(index) {
    const most = (kind) => kind.reduce((top, one) => Math.max(top, Array.isArray(one) ? one[1] : one), 0);
    return index.votes.kinds.map(most);
  }

  const holds = (labels, wanted) => (Array.isArray(labels) ? labels.includes(wanted) : labels === wanted);

  // Return the positions that match, in order. `words` are the lower-case texts, for a search: each
  // word of it is in the id, the text, or a label that is given or suggested.
  function find(audit, index, chosen, words) {
    const total = index.row.length;
    const verdicts = index.v[at(audit, chosen)];
    const wanted = new Uint8Array(audit.verdicts.length);
    audit.verdicts.forEach((name, code) => {
      wanted[code] = chosen.verdict === "wrong" ? WRONG.includes(name) : name === chosen.verdict;
    });
    const given = chosen.given === undefined ? null : Number(chosen.given);
    const suggested = chosen.suggested === undefined ? null : Number(chosen.suggested);
    const agreeing = chosen.votes === undefined ? null : agreement(index).map((most) => most === Number(chosen.votes));
    const sought = (chosen.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const called = sought.map((word) => audit.classes.map((name) => name.toLowerCase().includes(word)));
    const named = (labels, which) => (Array.isArray(labels) ? labels.some((one) => which[one]) : which[labels]);
    const says = (place) => sought.every((word, number) => words[place].includes(word)
      || named(index.given[place], called[number]) || named(index.suggested[place], called[number]));
    const found = new Uint32Array(total);
    let size = 0;
    for (let place = 0; place < total; place++) {
      if (given !== null && !holds(index.given[place], given)) continue;
      if (suggested !== null && !holds(index.suggested[place], suggested)) continue;
      if (chosen.verdict && !(verdicts[place] >= 0 && wanted[verdicts[place]])) continue;
      if (agreeing && !agreeing[index.votes.of[place]]) continue;
      if (sought.length && !says(place)) continue;
      found[size++] = place;
    }
    return order(audit, index, found.subarray(0, size), chosen.sort);
  }

  // Ties stay in the order of suspicion.
  function order(audit, index, found, sort) {
    if (sort === "disagreement") {
      // in thousandths, so that buckets do what a comparison of each with each would
      return bucketed(found, 1001, (place) => 1000 - Math.round(1000 * Math.max(0, index.disagreement[place] ?? 0)));
    }
    if (sort === "class") {
      const first = (labels) => (Array.isArray(labels) ? labels[0] : labels) ?? audit.classes.length;
      return bucketed(found, audit.classes.length + 1, (place) => first(index.given[place]));
    }
    return found;
  }

  function bucketed(found, buckets, bucket) {
    const starts = new Uint32Array(buckets + 1);
    for (const place of found) starts[bucket(place) + 1]++;
    for (let one = 0; one < buckets; one++) starts[one + 1] += starts[one];
    const sorted = new Uint32Array(found.length);
    for (const place of found) sorted[starts[bucket(place)]++] = place;
    return sorted;
  }

  // Return the lower-case texts of all rows; `progress(part, parts)` is called before each part.
  async function texts(audit, progress = () => {}) {
    const { parts } = audit.search;
    const all = [];
    for (let part = 0; part < parts; part++) {
      progress(part + 1, parts);
      const name = errata.numbered("search", part);
      for (const one of await errata.load(name)) all.push(one);
      errata.drop(name);
    }
    return all;
  }

  // Return the promise of the details of a row: {id, text?, src?, corrected?, ...}.
  const KEPT = 40; // chunks, the last used ones
  const used = new Set();
  function row(audit, place) {
    const number = Math.floor(place / audit.chunk);
    const name = errata.numbered("rows", number);
    const details = errata.held(name);
    const recall = (rows) => {
      used.delete(name);
      used.add(name);
      if (used.size > KEPT) {
        const [oldest] = used;
        used.delete(oldest);
        errata.drop(oldest);
      }
      return rows[place - number * audit.chunk];
    };
    return details ? recall(details) : errata.load(name).then(recall);
  }

  function more(audit, place) {
    const number = Math.floor(place / audit.chunk);
    return errata.load(errata.numbered("more", number)).then((rows) => rows[place - number * audit.chunk]);
  }

  return { known, at, votes, agreement, find, texts, row, more };
})();
