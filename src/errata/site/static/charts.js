// Charts whose numbers the reader chooses: how ranks change, and how accuracies change with N.
"use strict";
errata.charts = (() => {
  const { draw, percent } = errata;
  const BRIGHT = 6; // lines in colours that can be told apart
  const LETTER = 7; // a safe width in pixels for one letter

  // Return the rank of each number, 1 for the largest; ties share one.
  const ranks = (numbers) => numbers.map((one) => 1 + numbers.filter((other) => other > one).length);

  // Return the places of those whose rank changes most, at most six: {place: class of its colour}.
  function movers(before, after) {
    const moved = before.map((rank, place) => [place, Math.abs(rank - after[place])]).filter(([, far]) => far > 0);
    moved.sort(([one, far], [other, further]) => further - far || one - other);
    const kept = moved.slice(0, BRIGHT).map(([place]) => place).sort((one, other) => before[one] - before[other]);
    return new Map(kept.map((place, number) => [place, `s${number + 1}`]));
  }

  const cut = (words, room) => {
    const most = Math.max(4, Math.floor(room / LETTER));
    if (words.length <= most) return words;
    const tail = (most - 1) >> 1;
    return `${words.slice(0, most - 1 - tail)}…${words.slice(words.length - tail)}`;
  };

  // Return the rows of a column: models in the order of their ranks, each in a row of its own.
  function rows(column) {
    const order = [...column.keys()].sort((one, other) => column[one] - column[other] || one - other);
    const at = new Array(column.length);
    order.forEach((place, row) => (at[place] = row));
    return at;
  }

  // Draw a line for each model from its rank before to its rank after.
  function slope(models, before, after, heads, width) {
    const step = 22, top = 34, colours = movers(before, after);
    const side = Math.min(0.36 * width, 34 + LETTER * Math.max(...models.map((one) => one.length)));
    const left = side, right = width - side;
    const [from, to] = [rows(before), rows(after)];
    const y = (row) => top + (row + 0.5) * step;
    const height = top + models.length * step + 8;
    const said = `Ranks of ${models.length} models. ` + (colours.size
      ? [...colours.keys()].map((place) => `${models[place]} from ${before[place]} to ${after[place]}`).join("; ") + "."
      : "No rank changes.");
    const order = [...models.keys()].sort((one, other) => colours.has(one) - colours.has(other));
    return draw("svg.chart", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": said },
      draw("text.bold", { x: 0, y: 16 }, heads[0]),
      draw("text.bold", { x: width, y: 16, "text-anchor": "end" }, heads[1]),
      order.map((place) => {
        const colour = colours.get(place);
        const name = cut(models[place], side - 34);
        return [
          draw("path.thread", { class: colour ? `bright ${colour}` : null, d: `M${left} ${y(from[place])}L${right} ${y(to[place])}` }),
          draw("text", { class: colour ?? "faint", x: left - 30, y: y(from[place]) + 4, "text-anchor": "end" }, name),
          draw("text", { class: colour ?? "faint", x: left - 6, y: y(from[place]) + 4, "text-anchor": "end" }, String(before[place])),
          draw("text", { class: colour ?? "faint", x: right + 6, y: y(to[place]) + 4 }, String(after[place])),
          draw("text", { class: colour ?? "faint", x: right + 30, y: y(to[place]) + 4 }, name),
        ];
      }));
  }

  // Return [N, the one that leads above it, the one that leads below it] of every two lines that
  // cross, lowest first: as in `errata.core.stability`, from whole numbers of hits.
  function crossings(benign, correctable, onBenign, onCorrectable) {
    const found = [];
    for (let a = 0; a < onBenign.length; a++) {
      for (let b = a + 1; b < onBenign.length; b++) {
        const ahead = (onBenign[a] - onBenign[b]) * correctable;
        const behind = (onCorrectable[a] - onCorrectable[b]) * benign;
        if (ahead * behind < 0) found.push([ahead / (ahead - behind), ...(ahead > 0 ? [b, a] : [a, b])]);
      }
    }
    return found.sort(([one], [other]) => one - other);
  }

  // Return round numbers between two shares, about five of them.
  function levels(low, high) {
    const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2].find((one) => (high - low) / one <= 6) ?? 0.25;
    const found = [];
    for (let one = Math.ceil(low / step); one * step <= high; one++) found.push(one * step);
    return found;
  }

  // Draw each model's accuracy against N up to `most`, with the crossings of those in colour.
  // `ends` are the accuracies on B and on C.
  function curves(models, ends, crossed, { today, chosen, most, width, colours }) {
    const narrow = width < 500;
    const side = Math.min(0.34 * width, 16 + LETTER * Math.max(...[...colours.keys()].map((place) => models[place].length), 4));
    const left = 48, right = width - side, top = 12, bottom = narrow ? 320 : 400;
    const accuracy = (place, n) => (1 - n) * ends[place][0] + n * ends[place][1];
    const all = models.flatMap((_, place) => [accuracy(place, 0), accuracy(place, most)]);
    let low = Math.min(...all), high = Math.max(...all);
    if (high - low < 0.01) [low, high] = [low - 0.005, high + 0.005];
    const x = (n) => left + (n / most) * (right - left);
    const y = (share) => bottom - ((share - low) / (high - low)) * (bottom - top);
    const beside = levels(low, high);
    const below = [0, 0.2, 0.4, 0.6, 0.8, 1].filter((_, place) => !narrow || place % 5 === 0 || place === 2);
    const names = [...colours.keys()].map((place) => ({ place, at: y(accuracy(place, most)) })).sort((one, other) => one.at - other.at);
    names.forEach((one, number) => { // names stand apart, also where lines end together
      if (number) one.at = Math.max(one.at, names[number - 1].at + 15);
    });
    const marked = crossed.filter(([n, above, below]) => n <= most && colours.has(above) && colours.has(below));
    const upright = (n, kind) => draw("line", { class: kind, x1: x(n), x2: x(n), y1: top, y2: bottom });
    const order = [...models.keys()].sort((one, other) => colours.has(one) - colours.has(other));
    const height = bottom + 42;
    return draw("svg.chart", {
      viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
      "aria-label": `Accuracy of ${models.length} models against the noise prevalence N, from 0 to ${percent(most, 0)}. The tables below say the same.`,
    },
      beside.map((share) => [
        draw("line.rule", { x1: left, x2: right, y1: y(share), y2: y(share) }),
        draw("text.faint", { x: left - 8, y: y(share) + 4, "text-anchor": "end" }, String(Number((100 * share).toFixed(2)))),
      ]),
      below.map((part) => draw("text.faint", { x: x(part * most), y: bottom + 18, "text-anchor": "middle" }, percent(part * most, 0))),
      draw("text.faint", { x: (left + right) / 2, y: bottom + 36, "text-anchor": "middle" }, "noise prevalence N"),
      order.map((place) => draw("path.thread", { class: colours.has(place) ? `bright ${colours.get(place)}` : null, d: `M${x(0)} ${y(accuracy(place, 0))}L${x(most)} ${y(accuracy(place, most))}` })),
      today <= most && [upright(today, "now"), draw("text.bold", { x: x(today) + 5, y: bottom - 6 }, "today")],
      chosen <= most && upright(chosen, "chosen"),
      marked.map(([n, above]) => draw("circle.cross", { cx: x(n), cy: y(accuracy(above, n)), r: 4 })),
      names.map(({ place, at }) => draw("text", { class: colours.get(place), x: right + 8, y: at + 4 }, cut(models[place], side - 12))));
  }

  return { ranks, movers, slope, crossings, curves };
})();
