/* Draws each chart of the page from the data beside it. Nothing is loaded and nothing is sent. */
(function () {
  "use strict";
  var options = { displayModeBar: false, responsive: true, typesetMath: false, plotlyServerURL: "" };
  var drawn = Array.from(document.querySelectorAll("[data-chart]"), function (place) {
    var chart = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    return Plotly.newPlot(place, chart.data, chart.layout, options);
  });
  Promise.all(drawn).then(function () { document.documentElement.dataset.charts = "drawn"; });

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
  window.addEventListener("beforeprint", unfold);
})();
