/* Draws each chart of the page from the data beside it. Nothing is loaded and nothing is sent. */
(function () {
  "use strict";
  var options = { displayModeBar: false, responsive: true, typesetMath: false, plotlyServerURL: "" };
  var drawn = Array.from(document.querySelectorAll("[data-chart]"), function (place) {
    var chart = JSON.parse(document.getElementById(place.dataset.chart).textContent);
    return Plotly.newPlot(place, chart.data, chart.layout, options);
  });
  Promise.all(drawn).then(function () { document.documentElement.dataset.charts = "drawn"; });

  function unfold() { document.querySelectorAll("details").forEach(function (part) { part.open = true; }); }
  window.addEventListener("beforeprint", unfold);
})();
