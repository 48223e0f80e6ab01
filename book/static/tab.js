// In the page of a lesson that runs in the browser: what is still on its way, and where links lead.
const site = new URL("../../", location.href);
const lessons = /\/(00|01|02|03|04|05|06|07|10)_[^/]*\.ipynb/;

// Links to lessons that run here open in this tab: one Python at a time. All else is in the book.
addEventListener(
  "click",
  (event) => {
    const link = event.target.closest?.(".jp-RenderedMarkdown a");
    const path = link && /\/((?:notebooks|docs)\/[^/?#]+\.(?:ipynb|md))/.exec(link.href);
    if (!path || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    location.href = lessons.test(`/${path[1]}`)
      ? `?path=${path[1]}`
      : new URL(path[1].replace(/\.(ipynb|md)$/, ".html"), site);
  },
  true,
);

// JupyterLite gives a kernel the files only if its service worker is there by then, and says so on
// the console alone. On a slow machine it may be late: then the page is loaded once more.
const UNKEPT =
  "This tab cannot keep what you write, and cells that read a file fail. If this is a private window, open the page in an ordinary one.";
let kept = true;
const warn = console.warn;
console.warn = (...what) => {
  warn.apply(console, what);
  if (!String(what[0]).startsWith("Pyodide contents will NOT be synced")) return;
  kept = false;
  const [{ type }] = performance.getEntriesByType("navigation");
  if (type !== "reload") navigator.serviceWorker?.ready.then(() => location.reload());
};

const OLD =
  "This browser is too old to run Python. Open the page in today's Chrome, Edge, Firefox or Safari. You can read it here.";
const SHORT = " This machine has little memory: if it takes very long, close other tabs.";

// A browser that knows no workers made of modules never asks of which kind one is.
const takesModules = () => {
  let asked = false;
  const options = {
    get type() {
      asked = true;
      return "classic";
    },
  };
  new Worker("data:text/javascript,", options).terminate();
  return asked;
};
const old = !window.WebAssembly?.Exception || !takesModules();

// Python starts while JupyterLite builds the page, in the worker that JupyterLite asks for later.
// The service worker comes first: on a slow machine it would be late otherwise.
let early, asked;
const newWorker = () => new Own(new URL("run/static/worker.mjs", site), { type: "module" });
const Own = window.Worker;
window.Worker = function (address, ...options) {
  if (crossOriginIsolated || !/\/comlink\.worker\./.test(address)) return new Own(address, ...options);
  const made = early ?? newWorker();
  early = undefined;
  asked = true;
  return made;
};
window.Worker.prototype = Own.prototype;
const registered = async () => {
  const { serviceWorker } = navigator;
  const address = new URL("run/service-worker.js?enableCache=false", site).href;
  if (!(await serviceWorker.getRegistration(address))) {
    // Or else JupyterLite takes it for one of its former version, and unregisters it.
    const lite = await (await fetch(new URL("run/jupyter-lite.json", site))).json();
    localStorage.setItem(`${address}-version`, lite["jupyter-config-data"].appVersion);
    await serviceWorker.register(address);
  }
  await serviceWorker.ready;
};
if (!old && !crossOriginIsolated)
  registered()
    .catch(() => {})
    .then(() => asked || (early = newWorker()));

// Python arrives while the lesson can be read: a bar says how much of it is there.
addEventListener("DOMContentLoaded", async () => {
  const told = document.createElement("div");
  told.className = "python-arrives";
  told.style.cssText =
    "position:fixed;right:1rem;bottom:1rem;z-index:9999;padding:.6rem 1rem;border-radius:.4rem;" +
    "background:#222;color:#fff;font:14px sans-serif;box-shadow:0 2px 8px #0006";
  told.innerHTML = '<span></span><br><progress max="1" value="0" style="width:15rem"></progress>';
  const [text, bar] = [told.querySelector("span"), told.querySelector("progress")];
  const short = navigator.deviceMemory < 2 ? SHORT : "";
  const say = (what) => (text.textContent = kept ? what + short : UNKEPT);
  document.body.append(told);
  if (old) {
    text.textContent = OLD;
    return bar.remove();
  }
  say("Python is on its way \u2026");
  const static_ = new URL("run/static/pyodide/", site);
  try {
    const sizes = await (await fetch(new URL("early.json", static_))).json();
    const all = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    let there = 0;
    await Promise.all(
      Object.keys(sizes).map(async (name) => {
        const reader = (await fetch(new URL(name, static_))).body.getReader();
        for (let part; !(part = await reader.read()).done; ) {
          there += part.value.length;
          bar.value = (0.8 * there) / all;
          say(`Python is on its way: ${(there / 1e6).toFixed(0)} of ${(all / 1e6).toFixed(0)} MB`);
        }
      }),
    );
    say("Python starts \u2026 you can read on.");
  } catch (error) {
    return say(`Python did not arrive: ${error.message}. Reload the page to try again.`);
  }
  const began = Date.now();
  const look = setInterval(() => {
    if (!kept) say();
    const session = window.jupyterapp?.shell?.currentWidget?.sessionContext?.session;
    bar.value = 0.8 + 0.2 * (1 - 10000 / (10000 + Date.now() - began));
    if (session?.kernel?.status === "idle") {
      clearInterval(look);
      (kept ? told : bar).remove();
    } else if (Date.now() - began > 120_000)
      say("Python has not started. Memory may be short: close other tabs, and reload the page.");
  }, 200);
});
