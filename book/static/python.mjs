// In the worker of a lesson's Python: it starts before JupyterLite asks for it.
import { loadPyodide as load } from "./pyodide/pyodide.mjs";

// What JupyterLite imports later is imported here already, and then what most cells begin with.
const IMPORTS = `
import late
late.install(__BASE__)
import piplite.piplite, pyodide_kernel
import statefun
`;

async function start({ packages, env }) {
  const indexURL = new URL("pyodide/", import.meta.url).href;
  const python = await load({ indexURL, env, packages });
  await python.runPythonAsync(IMPORTS.replace("__BASE__", JSON.stringify(indexURL)));
  return python;
}

export function begin(options) {
  // JupyterLite imports this file by another address: that is another module.
  globalThis.python ??= start(options);
  globalThis.python.catch(() => {}); // It is told where it is awaited.
}

// In the place of Pyodide's own, for JupyterLite: gives the one that was begun.
export async function loadPyodide(options) {
  begin(options);
  const python = await globalThis.python;
  python.setStdout({ batched: options.stdout });
  python.setStderr({ batched: options.stderr });
  return python;
}
