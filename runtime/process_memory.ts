// How the C library keeps memory in a process of the command's.
import { availableParallelism } from "node:os";
import { loadAddon } from "./addon.ts";

/**
 * Has the threads of this process share heaps of malloc, as many as can be in use at a time: each has one of its own otherwise, with what it
 * has given back, which is half a megabyte and more for each Worker. Before there are Workers.
 */
export function shareArenas(): void {
  loadAddon().limitArenas(Math.max(2, availableParallelism()));
}
