// Subject, body, and tokens that go in where the cursor stands.

const PAUSE = 200; // milliseconds without a key after which what was typed is told
const WORD = /^[\p{L}_][\p{L}\p{N}_]*$/u;

function element(tag, options = {}, ...children) {
  const made = Object.assign(document.createElement(tag), options);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const fields = {
    subject: element("input", { type: "text", className: "compose-subject", spellcheck: true }),
    body: element("textarea", { rows: 14, className: "compose-body", spellcheck: true }),
  };
  const said = { subject: element("div"), body: element("div") };
  const waiting = {};
  let last = fields.body;

  function tell(name) {
    clearTimeout(waiting[name]);
    waiting[name] = null;
    if (model.get(name) !== fields[name].value) {
      model.set(name, fields[name].value);
      model.save_changes();
    }
  }

  for (const [name, field] of Object.entries(fields)) {
    field.value = model.get(name);
    field.setAttribute("aria-label", name === "subject" ? "Subject" : "Body");
    field.addEventListener("focus", () => (last = field));
    field.addEventListener("blur", () => tell(name));
    field.addEventListener("input", () => {
      clearTimeout(waiting[name]);
      waiting[name] = setTimeout(() => tell(name), PAUSE);
    });
    // What the kernel says never takes away what is being typed.
    model.on(`change:${name}`, () => {
      if (!waiting[name] && field.value !== model.get(name)) {
        field.value = model.get(name);
      }
    });
  }

  function insert(token) {
    last.setRangeText(`{{ ${token} }}`, last.selectionStart, last.selectionEnd, "end");
    last.focus();
    tell(last === fields.subject ? "subject" : "body");
  }

  const chips = element("div", { className: "compose-chips" });
  chips.setAttribute("role", "group");
  chips.setAttribute("aria-label", "Columns to fill in");
  function drawChips() {
    chips.replaceChildren(
      ...model.get("tokens").map((token) => {
        const usable = WORD.test(token);
        const title = usable ? "Put in where the cursor stands" : "A token is one word: rename the column to use it";
        const chip = element("button", { type: "button", textContent: token, disabled: !usable, title });
        chip.addEventListener("mousedown", (event) => event.preventDefault());
        chip.addEventListener("click", () => insert(token));
        return chip;
      }),
    );
  }
  drawChips();
  model.on("change:tokens", drawChips);

  const row = (label, ...content) =>
    element("div", { className: "compose-row" }, element("span", { textContent: label }), element("div", {}, ...content));
  const box = element(
    "div",
    { className: "bulkkit-view compose-editor" },
    row("Subject", fields.subject, said.subject),
    row("Fill in", chips),
    row("Body", fields.body, said.body),
  );
  // Keys are for the fields, not for the notebook around them.
  box.dataset.lmSuppressShortcuts = "true";
  // JupyterLab takes line breaks and undoing away from fields inside a cell.
  box.addEventListener("beforeinput", (event) => event.stopPropagation(), true);
  el.append(box);

  const hear = (told) => {
    said.subject.innerHTML = told.subject ?? "";
    said.body.innerHTML = told.body ?? "";
  };
  model.on("msg:custom", hear);
  model.send({ do: "ready" });
  return () => {
    Object.keys(fields).forEach(tell);
    model.off("msg:custom", hear);
    model.off("change:tokens", drawChips);
  };
}

export default { render };
