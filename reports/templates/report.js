"use strict";
(() => {
  const table = document.getElementById("table");
  if (table) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    const text = document.getElementById("filter-text");
    const verdict = document.getElementById("filter-verdict");
    const shown = document.getElementById("shown");

    const filter = () => {
      const wanted = text.value.trim().toLowerCase();
      let count = 0;
      for (const row of rows) {
        const fits = (!verdict.value || row.dataset.verdict === verdict.value) &&
          row.cells[0].textContent.toLowerCase().includes(wanted);
        row.hidden = !fits;
        count += fits ? 1 : 0;
      }
      shown.textContent = count === rows.length ? `${count} cases` : `${count} of ${rows.length} cases`;
    };
    text.addEventListener("input", filter);
    verdict.addEventListener("change", filter);
    text.form.addEventListener("submit", (event) => event.preventDefault());

    const value = (row, index) => {
      const cell = row.cells[index];
      return "value" in cell.dataset ? cell.dataset.value : cell.textContent;
    };
    const compare = (index, kind, sign) => (a, b) => {
      const x = value(a, index);
      const y = value(b, index);
      if (kind === "number") { // what has no number stays below, whichever way
        if (x === "" || y === "") return (x === "") - (y === "");
        return sign * (Number(x) - Number(y));
      }
      return sign * x.localeCompare(y, "en", { numeric: true });
    };
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, index) => {
      head.querySelector("button").addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        body.append(...rows.sort(compare(index, head.dataset.sort, descending ? -1 : 1)));
      });
    });
    filter(); // a reload keeps what stands in the fields
  }

  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", open);
  open();
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])")).filter((d) => d.querySelector("figure"));
    for (const d of closed) d.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const d of closed) d.open = false;
  });
})();
