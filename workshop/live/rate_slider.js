// A slider from 1 to 1,000 whose steps grow with the number, named for who does not see it.
export default {
  render({ model, el }) {
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: 0, max: 3, step: 0.05, title: "Names a second" });
    slider.setAttribute("aria-label", "Names a second");
    el.classList.add("wl-rate");
    el.append(slider);

    const chosen = () => Math.round(10 ** slider.valueAsNumber);
    const show = () => {
      const rate = model.get("value");
      if (chosen() !== rate) slider.value = Math.log10(rate);
      slider.setAttribute("aria-valuetext", `${rate} names a second`);
    };
    slider.addEventListener("input", () => {
      model.set("value", chosen());
      model.save_changes();
    });
    slider.addEventListener("keydown", (event) => event.stopPropagation());
    model.on("change:value", show);
    show();
  },
};
