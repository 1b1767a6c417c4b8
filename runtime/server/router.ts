// Which of a server's Workers answers a request.
//
// The most specific route that fits: a whole host before the end of one, the longer before the shorter, then the same for paths. What
// fits no route is for the first Worker that has none, if it is the first of all.
import type { Route } from "../config/routes.ts";
import { UserError } from "../user_error.ts";

export interface Routed {
  readonly name: string;
  readonly routes: readonly Route[];
}

/** Negative when the first is the more specific. */
function compare(one: Route, other: Route): number {
  return (
    Number(one.anyHost) - Number(other.anyHost) ||
    other.host.length - one.host.length ||
    other.path.length - one.path.length ||
    Number(one.anyPath) - Number(other.anyPath)
  );
}

function fits(route: Route, host: string, path: string): boolean {
  const hostFits = route.anyHost ? host.endsWith(route.host) : host === route.host;
  return hostFits && (route.anyPath ? path.startsWith(route.path) : path === route.path);
}

export class Router<Worker extends Routed> {
  readonly #routes: readonly { readonly route: Route; readonly worker: Worker }[];
  readonly #standard: Worker | undefined;

  /** Throws UserError when two Workers have the same route. */
  constructor(workers: readonly Worker[]) {
    const [first] = workers;
    // The only Worker answers all, since here its hosts are not those that its routes name.
    this.#standard = workers.length === 1 || first?.routes.length === 0 ? first : undefined;
    const routes =
      workers.length === 1 ? [] : workers.flatMap((worker) => worker.routes.map((route) => ({ route, worker })));
    const owners = new Map<string, Worker>();
    for (const { route, worker } of routes) {
      const key = JSON.stringify([route.anyHost, route.host, route.path, route.anyPath]);
      const owner = owners.get(key);
      if (owner !== undefined && owner !== worker) {
        throw new UserError(`${route.place}: the route "${route.pattern}" is one of the Worker ${owner.name} already.`);
      }
      owners.set(key, worker);
    }
    this.#routes = routes.sort((one, other) => compare(one.route, other.route));
  }

  /** Who answers all, where there is no route to choose by. */
  get only(): Worker | undefined {
    return this.#routes.length === 0 ? this.#standard : undefined;
  }

  find(url: URL): Worker | undefined {
    return this.#routes.find(({ route }) => fits(route, url.hostname, url.pathname))?.worker ?? this.#standard;
  }
}
