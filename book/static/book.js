addEventListener("DOMContentLoaded", () => {
  // Diagrams in a folded place are drawn when it is opened: hidden text has no width.
  mermaid.initialize({ startOnLoad: false, theme: "neutral" });
  const draw = (within) =>
    mermaid.run({
      nodes: [...within.querySelectorAll("pre.mermaid")].filter((one) => one.offsetParent),
    });
  draw(document);
  for (const fold of document.querySelectorAll("details"))
    fold.addEventListener("toggle", () => draw(fold));

  // Outputs ask JupyterLab whether it is light; here the page says so, whatever was chosen in it.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const tell = () => {
    const theme = document.body.dataset.theme;
    const dark = theme === "dark" || (theme !== "light" && system.matches);
    document.body.dataset.jpThemeLight = String(!dark);
  };
  tell();
  system.addEventListener("change", tell);
  new MutationObserver(tell).observe(document.body, { attributeFilter: ["data-theme"] });
});

// What runs in the browser is offered where it can run: not in a file, nor in a browser that is too old.
addEventListener("DOMContentLoaded", () => {
  const offers = document.querySelectorAll(".run-here");
  if (!offers.length || !location.protocol.startsWith("http")) return;
  for (const offer of offers) offer.hidden = false;
  const missing = !window.WebAssembly?.Exception
    ? "This browser is too old to run lessons: take a Chrome, Edge, Firefox or Safari of today."
    : !navigator.serviceWorker
      ? "Your progress would be lost with the tab: open this site by https, not in a private window."
      : navigator.deviceMemory < 2
        ? "Memory is short on this machine: close other tabs before you run a lesson."
        : "";
  if (missing) offers[offers.length - 1].append(` ${missing}`);
});

addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form.greeting");
  if (!form) return;
  const bar = form.querySelector("progress");
  const said = form.querySelector("output");
  const bytes = form.querySelector("pre");
  let greeter;
  // Sixteen megabytes: not before somebody wants them.
  const start = () => {
    if (greeter) return;
    greeter = new Worker("run/static/greeting.js", { type: "module" });
    bar.hidden = false;
    greeter.onmessage = ({ data }) => {
      if (data.progress) bar.value = data.progress;
      else bar.hidden = true;
      if (data.greeting) said.textContent = data.greeting;
      if (data.shown) [bytes.hidden, bytes.textContent] = [false, data.shown];
    };
    greeter.onerror = ({ message }) => {
      bar.hidden = true;
      said.textContent = `Python could not start in this browser: ${message}`;
    };
  };
  form.addEventListener("input", start);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = form.elements.name.value.trim();
    if (!name) return void (said.textContent = "Type a name first.");
    start();
    greeter.postMessage(name);
  });
});
