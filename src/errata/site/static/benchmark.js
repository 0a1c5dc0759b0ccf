// The models before and after, with the votes needed, the policy and the set that the reader chooses.
"use strict";
{
  const { make, count, percent, plural } = errata;
  const POLICIES = {
    drop_ambiguous: ["drop ambiguous", "examples without one right label are left out"],
    keep_given: ["keep given", "examples without one right label keep the given one"],
    multi_label: ["multi-label", "an answer is right if it is one of the labels that reviewers accept"],
  };
  const SETS = { all: ["all", "all examples of this audit"], corrected: ["corrected", "the corrected examples alone"], checked: ["checked", "the examples that reviewers checked"] };
  const SPANS = [0.05, 0.1, 0.25, 0.5, 1]; // how far N may be shown

  errata.page("benchmark", async (audit, target) => {
    if (!audit.has.benchmark) {
      target.replaceChildren(make("p.empty", {}, "No models are compared in this audit. errata compare does it, with their predictions."));
      return;
    }
    const data = await errata.load("benchmark");
    const LABELS = ["corrected", "given"];
    const among = (values) => (one) => values.map(String).includes(one);
    const asked = errata.settings({
      t: among(audit.thresholds), policy: among(data.policies), set: among(data.sets), labels: among(LABELS),
      n: (one) => Number(one) >= 0 && Number(one) <= 1, to: among(SPANS),
    });
    errata.keep(asked);
    const state = { t: String(audit.threshold), policy: data.policies[0], set: data.sets[0], labels: LABELS[0], ...asked };
    const choice = (name, words, options, changed) => make("fieldset.field", {}, make("legend", {}, words), make("div.choices", {},
      options.map(([value, text]) => make("label", {},
        make("input", { type: "radio", name, value, checked: state[name] === String(value), onchange: () => { state[name] = String(value); changed(); } }),
        make("span", {}, text)))));
    const keep = () => errata.keep(state);
    const models = make("section"), curves = make("section");
    const both = () => { keep(); drawModels(); drawCurves(); };
    target.replaceChildren(
      make("form.tools", { onsubmit: (event) => event.preventDefault(), "aria-label": "What is compared" },
        audit.thresholds.length > 1 && choice("t", "votes needed", audit.thresholds.map((one) => [one, one]), both),
        data.policies.length > 1 && choice("policy", "policy", data.policies.map((one) => [one, POLICIES[one]?.[0] ?? one]), () => { keep(); drawModels(); }),
        data.sets.length > 1 && choice("set", "set", data.sets.map((one) => [one, SETS[one]?.[0] ?? one]), () => { keep(); drawModels(); })),
      models, curves,
      part("How sure the ranking is", data.certainty), part("Whom the corrections may favour", data.kinship));
    errata.keys({}, []);
    drawModels();
    drawCurves();
    let width = room();
    new ResizeObserver(() => {
      if (room() !== width) {
        width = room();
        drawModels();
        drawCurves();
      }
    }).observe(target);

    function room() {
      return Math.max(320, Math.min(860, target.clientWidth));
    }

    // ---------------------------------------------------------------- before and after

    function drawModels() {
      const cell = data.cells.find(({ threshold, policy, set }) => String(threshold) === state.t && policy === state.policy && set === state.set);
      const [, policy] = POLICIES[state.policy] ?? ["", state.policy];
      const [, set] = SETS[state.set] ?? ["", state.set];
      if (!cell || !cell.n[1]) {
        models.replaceChildren(make("p.empty", {}, "With these choices no example is left to compare models on. Choose another set, or fewer votes needed."));
        return;
      }
      const [before, after] = [cell.before, cell.after];
      const [ranked, again] = [errata.charts.ranks(before), errata.charts.ranks(after)];
      const moved = ranked.filter((rank, place) => rank !== again[place]).length;
      const rows = data.models.map((name, place) => ({ name, before: before[place] / cell.n[0], after: after[place] / cell.n[1], ranked: ranked[place], again: again[place] }));
      const arrow = ({ ranked, again }) => ranked === again ? String(again) : make("span", { class: again < ranked ? "up" : "down" }, again < ranked ? "▲ " : "▼ ", String(again));
      models.replaceChildren(
        make("p", {}, `Top-1 accuracy (a model is right if its best answer is) on ${set} (${count(cell.n[0])} before, ${count(cell.n[1])} after); ${policy}. `,
          make("strong", {}, moved ? `${plural(moved, "model")} of ${data.models.length} change rank.` : "No rank changes.")),
        make("figure", {}, make("figcaption", {}, "Ranks"), errata.charts.slope(data.models, ranked, again, ["given labels", "corrected labels"], room())),
        errata.table([
          { name: "model", text: true, value: (row) => row.name },
          { name: "given labels", value: (row) => row.before, cell: (row) => percent(row.before) },
          { name: "rank", value: (row) => -row.ranked, cell: (row) => String(row.ranked) },
          { name: "corrected labels", value: (row) => row.after, cell: (row) => percent(row.after) },
          { name: "rank after", value: (row) => -row.again, cell: arrow },
          { name: "change", value: (row) => row.after - row.before, cell: (row) => `${row.after >= row.before ? "+" : "−"}${(100 * Math.abs(row.after - row.before)).toFixed(2)}` },
        ], rows, { by: 3, label: "Accuracy and rank of every model before and after" }));
    }

    // ---------------------------------------------------------------- if more labels had been wrong

    function drawCurves() {
      const curve = (data.curves ?? []).find(({ threshold }) => String(threshold) === state.t);
      if (!curve || !curve.correctable || !curve.benign) {
        curves.replaceChildren(make("h2", {}, "If more labels had been wrong"), make("p", {}, "With so many votes needed no label was corrected, so there is no noise to vary."));
        return;
      }
      const hits = state.labels === "given" ? curve.given : curve.corrected;
      const today = curve.correctable / (curve.benign + curve.correctable);
      const ends = curve.on_benign.map((right, place) => [right / curve.benign, hits[place] / curve.correctable]);
      const crossed = errata.charts.crossings(curve.benign, curve.correctable, curve.on_benign, hits);
      const usual = SPANS.find((span) => span >= 3 * today) ?? 1;
      const most = Number(state.to ?? usual);
      state.to = String(most);
      // what ends the comparison: accuracies at N, to whole numbers of a common denominator
      const at = (n) => ends.map(([benign, correctable]) => (1 - n) * benign + n * correctable);
      const now = errata.charts.ranks(at(today));
      const colours = errata.charts.movers(errata.charts.ranks(at(0)), errata.charts.ranks(at(most)));
      const start = state.n === undefined ? today : Math.min(most, Number(state.n));
      const slider = make("input", { type: "range", id: "n", min: 0, max: 1000, value: Math.round((1000 * start) / most) });
      const said = make("output", { for: "n" });
      const chart = make("figure");
      const there = make("div");
      const move = (n) => {
        chart.replaceChildren(make("figcaption", {}, `Top-1 accuracy on ${state.labels} labels, %`),
          errata.charts.curves(data.models, ends, crossed, { today, chosen: n, most, width: room(), colours }));
        const accuracies = at(n), ranks = errata.charts.ranks(accuracies);
        const passed = crossed.filter(([one]) => one > Math.min(n, today) && one < Math.max(n, today)).length;
        const first = ranks.indexOf(1);
        said.textContent = `N = ${percent(n, 1)}: ${data.models[first]} leads with ${percent(accuracies[first])}; ` +
          (passed ? `${plural(passed, "pair")} of models stand the other way round than today.` : "every pair stands as it does today.");
        there.replaceChildren(errata.table([
          { name: "model", text: true, value: (one) => data.models[one] },
          { name: "accuracy at this N", value: (one) => accuracies[one], cell: (one) => percent(accuracies[one]) },
          { name: "rank", value: (one) => -ranks[one], cell: (one) => String(ranks[one]) },
          { name: "rank today", value: (one) => -now[one], cell: (one) => String(now[one]) },
        ], [...data.models.keys()], { by: 1, label: "Accuracy of every model at this N" }));
      };
      slider.addEventListener("input", () => {
        const n = (Number(slider.value) / 1000) * most;
        state.n = n.toFixed(4);
        keep();
        move(n);
      });
      move(start);
      curves.replaceChildren(
        make("h2", {}, "If more labels had been wrong"),
        make("p.muted", {}, `Noise prevalence N is the share of corrected examples in the set that models are scored on, ${percent(today)} here. Leaving out examples whose label counts as right raises it. Each model's accuracy is then a straight line, and where two lines cross, two models change places. Circles mark crossings of the models in colour, whose rank changes most.`),
        make("div.tools", {},
          choice("labels", "scored by", [["corrected", "corrected labels"], ["given", "given labels"]], () => { keep(); drawCurves(); }),
          choice("to", "shown up to", SPANS.map((span) => [span, percent(span, 0)]), () => { state.n = undefined; keep(); drawCurves(); })),
        make("div.slide", {}, make("label", { for: "n" }, "N"), slider),
        make("p", {}, said), chart,
        make("details.more", {}, make("summary", {}, "Every model at this N"), there),
        crossed.length === 0 ? "" : make("details.more", {}, make("summary", {}, crossed.length === 1 ? "The one crossing" : `All ${count(crossed.length)} crossings`),
          errata.table([
            { name: "N", value: ([n]) => n, cell: ([n]) => percent(n) },
            { name: "this model", text: true, value: ([, above]) => data.models[above] },
            { name: "overtakes this one", text: true, value: ([, , below]) => data.models[below] },
          ], crossed, { by: 0, rising: true, label: "Every crossing of two models" })));
    }
  });

  // ---------------------------------------------------------------- what the audit found of them

  function part(heading, held) {
    if (!held) return make("section");
    const rows = ({ head, rows, title }) => make("details.more", {}, make("summary", {}, title || "Every model, as a table"),
      errata.wide(title || `${heading}, as a table`, make("table.plain", {},
        make("thead", {}, make("tr", {}, head.map((one, number) => make("th", { scope: "col", class: number ? null : "text" }, one)))),
        make("tbody", {}, rows.map((row) => make("tr", {}, row.map((one, number) =>
          make(number ? "td" : "th", { scope: number ? null : "row", class: number ? null : "text" }, one === null ? "–" : String(one)))))))));
    return make("section", {}, make("h2", {}, heading),
      held.notice && make("p.notice", { role: "note" }, errata.marked(held.notice)),
      (held.sentences ?? []).map((words) => make("p", {}, errata.marked(words))),
      (held.charts ?? []).map(({ title, sentence, says, wide, narrow }) => make("section", {},
        make("h3", {}, title),
        sentence && make("p", {}, errata.marked(sentence)),
        make("figure", { role: "img", "aria-label": says },
          make("div", { class: narrow ? "wide-only" : null }, errata.drawing(wide)),
          narrow && make("div.narrow-only", {}, errata.drawing(narrow))))),
      (held.tables ?? []).map(rows));
  }
}
