// The two interpreters that are compared: blockon's and stock Pyodide from npm, both in this process's realm.

import { loadPyodide as loadStock } from "pyodide";
import { loadPyodide as loadOurs } from "../../runtime/index.ts";

export const LOADERS = { ours: () => loadOurs(), stock: () => loadStock() };
