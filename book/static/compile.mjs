// On the machine that builds the site: compiles, in Pyodide, the modules that a lesson's start imports.
// Its arguments are Pyodide's folder, the packages as JSON, and the Python code that prints them.
import { pathToFileURL } from "node:url";

const [folder, packages, code] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: folder, env: { HOME: "/home/pyodide" } });
await python.loadPackage(JSON.parse(packages), { messageCallback: () => {} });
process.stdout.write("\n" + (await python.runPythonAsync(code)) + "\n");
