/* Draws each chart of the page from the data beside it. Nothing is loaded and nothing is sent. */
(function () {
  "use strict";
  var night = window.matchMedia("(prefers-color-scheme: dark)");
  var colours = JSON.parse(document.getElementById("dark-colours").textContent);
  var light = new RegExp(Object.keys(colours).join("|"), "g");
  var options = { displayModeBar: false, responsive: true, typesetMath: false, plotlyServerURL: "" };
  /* The charts are written down in the colours of a light page; paper is always light. */
  function draw(dark) {
    return Promise.all(Array.from(document.querySelectorAll("[data-chart]"), function (place) {
      var written = document.getElementById(place.dataset.chart).textContent;
      var chart = JSON.parse(dark ? written.replace(light, function (found) { return colours[found]; }) : written);
      return Plotly.react(place, chart.data, chart.layout, options);
    })).then(function () {
      document.documentElement.dataset.charts = "drawn";
      document.documentElement.dataset.colours = dark ? "dark" : "light";
    });
  }
  draw(night.matches);
  night.addEventListener("change", function () { draw(night.matches); });

  /* Where a chart or a table is cut off at the right, its edge fades and a note says that it goes on. */
  var wide = Array.from(document.querySelectorAll(".canvas, .table"));
  function hint(part) {
    var hidden = part.scrollWidth - part.clientWidth;
    part.classList.toggle("overflows", hidden > 4);
    part.classList.toggle("goes-on", hidden - part.scrollLeft > 4);
  }
  var watch = new ResizeObserver(function () { wide.forEach(hint); });
  wide.forEach(function (part) {
    part.addEventListener("scroll", function () { hint(part); }, { passive: true });
    watch.observe(part);
  });

  function unfold() { document.querySelectorAll("details").forEach(function (part) { part.open = true; }); }
  window.addEventListener("beforeprint", function () { unfold(); if (night.matches) { draw(false); } });
  window.addEventListener("afterprint", function () { if (night.matches) { draw(true); } });
})();
