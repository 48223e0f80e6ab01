// Tells the kernel every few seconds that a page shows the widgets, while it can be seen.
export default {
  render({ model }) {
    const beat = () => {
      if (!document.hidden) model.send({});
    };
    const timer = setInterval(beat, 5000);
    document.addEventListener("visibilitychange", beat); // Seen again: what it shows is old.
    beat();
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", beat);
    };
  },
};
