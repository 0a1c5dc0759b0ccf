// Tables that can be sorted by their heads.
"use strict";

// Return a table. `columns` are {name, text?, value(row), cell?(row)}; a table of more than `most`
// rows shows the first and a button for more. Sorted by column `by`, largest first unless `rising`; by a
// column without a value nothing is sorted.
errata.table = (columns, rows, { by = 0, rising = false, most = 60, label, links = false } = {}) => {
  const { make } = errata;
  let sorted = by, up = rising, shown = most, listed = rows;
  const body = make("tbody");
  const next = make("button", { type: "button" });
  const heads = columns.map(({ name, text, value }, number) => {
    if (!value) return { cell: make("th", { scope: "col", class: text ? "text" : null }, name) };
    const arrow = make("span", { "aria-hidden": "true" });
    const button = make("button", { type: "button" }, name, arrow);
    button.addEventListener("click", () => {
      up = sorted === number ? !up : Boolean(text);
      sorted = number;
      draw();
    });
    return { cell: make("th", { scope: "col", class: text ? "text" : null }, button), arrow };
  });

  function draw() {
    heads.forEach(({ cell, arrow }, number) => {
      if (!arrow) return;
      arrow.textContent = number === sorted ? (up ? "▲" : "▼") : "";
      if (number === sorted) cell.setAttribute("aria-sort", up ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    });
    const { value } = columns[sorted];
    const compare = (one, other) => (typeof one === "string" ? one.localeCompare(other) : one - other);
    const ordered = [...listed].sort((one, other) => (up ? 1 : -1) * compare(value(one), value(other)));
    body.replaceChildren(...ordered.slice(0, shown).map((row) => make("tr", {},
      columns.map(({ text, value, cell }, number) => make(number ? "td" : "th", { class: text ? "text" : null, scope: number ? null : "row" },
        (cell ?? ((one) => String(value(one))))(row))))));
    const left = ordered.length - shown;
    next.hidden = left <= 0;
    next.textContent = left > 200 ? `Show 200 more of ${errata.count(left)}` : `Show ${errata.count(left)} more`;
  }

  next.addEventListener("click", () => {
    shown += 200;
    draw();
  });
  draw();
  const scroll = errata.wide(label, make(`table.plain${links ? ".linked" : ""}`, {}, make("thead", {}, make("tr", {}, heads.map(({ cell }) => cell))), body));
  const whole = make("div", {}, scroll, next);
  // Show other rows in the same order.
  whole.list = (others) => {
    listed = others;
    shown = most;
    draw();
  };
  return whole;
};
