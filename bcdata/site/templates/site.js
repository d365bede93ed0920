"use strict";
const root = document.documentElement, kept = (() => { try { return localStorage.getItem("theme"); } catch { return null; } })();
if (kept) root.dataset.theme = kept;
document.getElementById("theme").addEventListener("click", () => {
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* a browser may keep nothing of files */ }
});
const search = document.getElementById("search");
if (search) {
  const rows = [...document.querySelectorAll(`#${search.dataset.table} tbody tr`)], shown = document.getElementById("shown");
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLowerCase();
    let found = 0;
    for (const row of rows) { row.hidden = !row.dataset.name.includes(wanted); found += row.hidden ? 0 : 1; }
    shown.textContent = wanted ? `${found} of ${rows.length}` : "";
  });
}
