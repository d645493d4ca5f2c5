"use strict";
(() => {
  const form = document.getElementById("filters"), find = document.getElementById("find"), shown = document.getElementById("shown");
  const rows = [...document.querySelectorAll("#table tbody tr")].map((row) => ({ row, text: row.textContent.toLowerCase() }));
  const selects = [...form.querySelectorAll("select")];
  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { row, text } of rows) {
      const fits = words.every((w) => text.includes(w)) && selects.every((s) => !s.value || row.dataset[s.dataset.key] === s.value);
      row.hidden = !fits;
      if (fits) count++;
    }
    shown.textContent = count + " of " + rows.length + (rows.length === 1 ? " port" : " ports");
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (e) => e.preventDefault());
  form.hidden = false;
  show();
})();
