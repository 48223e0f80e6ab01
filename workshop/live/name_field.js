// A box for a name and a button beside it. What is in the box travels with the wish to greet it, in
// one message: no later one can overtake it, and no earlier one can be taken for it.
export default {
  render({ model, el }) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    const button = document.createElement("button");
    label.append("Name", box);
    Object.assign(box, {
      type: "text", value: model.get("value"), placeholder: "a name", autocomplete: "off",
    });
    Object.assign(button, { type: "button", textContent: "Greet", title: "Send this name" });
    box.className = "widget-input";
    button.className = "jupyter-button widget-button";
    el.classList.add("wl-name", "widget-text");
    el.append(label, button);

    const greet = () => {
      model.send({ greet: box.value });
      // Only so that a page that is opened later begins with it.
      model.set("value", box.value);
      model.save_changes();
    };
    button.addEventListener("click", greet);
    box.addEventListener("keydown", (event) => {
      event.stopPropagation(); // What is typed is no command to the notebook.
      // The Enter that ends a composition (Japanese, say) belongs to the composition.
      if (event.key === "Enter" && !event.isComposing) greet();
    });
  },
};
