// Shows what the kernel tells. Nothing of it becomes a trait, so no saved notebook holds it.

function frame(told) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "");
  frame.setAttribute("referrerpolicy", "no-referrer");
  frame.title = "Preview";
  frame.className = "bulkkit-frame";
  frame.style.width = `${told.width}px`;
  frame.style.height = `${told.height}px`;
  frame.srcdoc = told.document;
  return frame;
}

function part(html) {
  const part = document.createElement("div");
  part.innerHTML = html;
  return part;
}

function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "bulkkit-view";
  el.append(box);
  let waiting = null;

  function show(told) {
    clearTimeout(waiting);
    // What has the focus stays where it is while only the words around it change.
    const focused = box.contains(document.activeElement) ? document.activeElement.dataset : null;
    box.replaceChildren(told.document ? frame(told) : part(told.html));
    if (focused?.do) {
      const again = [...box.querySelectorAll("[data-do]")];
      again.find((element) => element.dataset.do === focused.do && element.dataset.what === focused.what)?.focus();
    }
    if (told.silentAfter) {
      waiting = setTimeout(() => box.prepend(part(told.silence)), told.silentAfter * 1000);
    }
  }

  box.addEventListener("click", (event) => {
    const element = event.target.closest("[data-do]");
    if (element) {
      // What was typed into a field of the view travels with the click, and is kept nowhere either.
      const field = element.dataset.from && box.querySelector(`[name="${CSS.escape(element.dataset.from)}"]`);
      model.send({ do: element.dataset.do, what: field ? field.value : (element.dataset.what ?? "") });
    }
  });
  model.on("msg:custom", show);
  model.send({ do: "ready" });
  return () => {
    clearTimeout(waiting);
    model.off("msg:custom", show);
  };
}

export default { render };
