// Draws the chart that the kernel tells, and tells which of its marks was clicked. Nothing of it becomes a trait.

const SHELF = Symbol.for("bulkkit.plotly");
const NARROW = 760;
const OPTIONS = {
  responsive: false,
  displaylogo: false,
  typesetMath: false,
  plotlyServerURL: "",
  modeBarButtons: [["toImage"]],
  toImageButtonOptions: { scale: 2 },
};

// The drawing library comes from the kernel, once for a page: as a trait each saved notebook would hold 5 MB of it.
async function shelve(source) {
  if (!window[SHELF]) {
    const parts = ["const module = { exports: {} };\n", source, "\nexport default module.exports;"];
    const url = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
    window[SHELF] = (await import(/* webpackIgnore: true */ url)).default;
    URL.revokeObjectURL(url);
  }
}

function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "bulkkit-view bulkkit-figure";
  const words = box.appendChild(document.createElement("div"));
  const canvas = box.appendChild(document.createElement("div"));
  el.append(box);
  let latest = null;
  let asked = false;

  async function draw() {
    const told = latest;
    box.hidden = !told?.figure;
    if (!told?.figure) {
      return;
    }
    if (!window[SHELF]) {
      if (!asked) {
        asked = true;
        model.send({ do: "library" });
      }
      return;
    }
    words.innerHTML = told.words;
    canvas.style.height = `${told.height}px`;
    const { data, layout } = JSON.parse(told.figure);
    layout.width = canvas.clientWidth || undefined;
    await window[SHELF].react(canvas, data, layout, OPTIONS);
    if (!canvas.dataset.ready) {
      canvas.dataset.ready = "yes";
      canvas.on("plotly_click", (event) => {
        const mark = event.points[0];
        model.send({ do: "click", curve: mark.curveNumber, point: mark.pointNumber, serial: latest.serial });
      });
    }
    canvas.dataset.serial = told.serial;
    canvas.classList.toggle("clickable", told.clickable);
  }

  async function hear(told, buffers) {
    if (told.do === "library") {
      await shelve(buffers[0]);
    } else {
      latest = told;
    }
    await draw();
  }

  let width = 0;
  let narrow = false;
  const watch = new ResizeObserver(() => {
    if (el.clientWidth && el.clientWidth < NARROW !== narrow) {
      narrow = !narrow;
      model.send({ do: "narrow", narrow });
    }
    const now = canvas.clientWidth;
    if (now && now !== width && canvas.dataset.ready) {
      window[SHELF].relayout(canvas, { width: now });
    }
    width = now;
  });
  watch.observe(el);
  watch.observe(canvas);
  model.on("msg:custom", hear);
  model.send({ do: "ready" });
  return () => {
    watch.disconnect();
    model.off("msg:custom", hear);
    window[SHELF]?.purge(canvas);
  };
}

export default { render };
