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
