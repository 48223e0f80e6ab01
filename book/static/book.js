// Draws the diagrams. Those in a folded place are drawn when it is opened: hidden text has no width.
addEventListener("DOMContentLoaded", () => {
  mermaid.initialize({ startOnLoad: false, theme: "neutral" });
  const draw = (within) =>
    mermaid.run({
      nodes: [...within.querySelectorAll("pre.mermaid")].filter((one) => one.offsetParent),
    });
  draw(document);
  for (const fold of document.querySelectorAll("details"))
    fold.addEventListener("toggle", () => draw(fold));
});
