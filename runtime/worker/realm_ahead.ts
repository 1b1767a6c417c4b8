// The realm of a guest: made for it, or before it came (../pool/thread_ahead.ts), with what the last start of the same command noted.
//
// One that was made before is a guess, has run the runtime's own scripts alone, and is taken only by a guest whose realm would be made with the
// very same. Nobody has seen its global object, and nothing of a Worker's is in it but the names of files.
import type { BridgeHandler } from "../addon.ts";
import { defaultAuthorities } from "../authorities.ts";
import { createRealm, type Realm } from "../realm/create.ts";
import { readScripts } from "./compiled_scripts.ts";
import type { Operations } from "./ops/operations.ts";
import { millisecondsSince } from "./ops/timers.ts";
import { valueOperations } from "./ops/values.ts";
import type { RealmStart } from "./realm_start.ts";

type Log = (text: string) => void;

/** What a realm's host answers it. */
export interface RealmHost {
  readonly handler: BridgeHandler;
  /** Told of each promise of the realm that is rejected and not handled. */
  readonly rejected: (text: string) => void;
}

export function makeRealm(start: RealmStart, { handler, rejected }: RealmHost, log: Log): Realm {
  const { engine, distribution, maxFibers, preemptTasks, scripts, stackBytes } = start;
  return createRealm(
    {
      ...engine,
      compiledScripts: readScripts(scripts, log),
      distribution,
      ...(maxFibers !== undefined && { maxFibers }),
      ...(preemptTasks !== undefined && { preemptTasks }),
      authorities: defaultAuthorities,
    },
    handler,
    rejected,
    stackBytes,
  );
}

/** A realm that was made before its guest came. */
export interface RealmAhead {
  readonly realm: Realm;
  /** When its clock began, as process.hrtime() has it. */
  readonly begin: [number, number];
  /** Who answers it from now on. */
  adopt(host: RealmHost): void;
}

let waiting: (RealmAhead & { readonly json: string }) | undefined;

/** Makes one. What is wrong with the guess is for the guest to find. */
export function makeRealmAhead(json: string): void {
  const begin = process.hrtime();
  // What the scripts ask while they run.
  const operations: Operations = { ...valueOperations, now: () => millisecondsSince(begin) };
  let host: RealmHost = {
    handler: (op, ...values) => {
      const operation = operations[op];
      if (operation === undefined) throw new Error(`a realm that has no guest yet asks for ${op}`);
      return operation(...values);
    },
    rejected: () => {},
  };
  const refuse = (text: string): never => {
    throw new Error(text);
  };
  try {
    const relay: RealmHost = {
      handler: (op, ...values) => host.handler(op, ...values),
      rejected: (text) => host.rejected(text),
    };
    const realm = makeRealm(JSON.parse(json) as RealmStart, relay, refuse);
    const adopt = (guest: RealmHost): void => {
      host = guest;
    };
    waiting = { realm, begin, adopt, json };
  } catch {
    // There is none, then.
  }
}

/** The one that waits, where it is what this guest's would be; else it is let go. Once. */
export function takeRealmAhead(start: RealmStart): RealmAhead | undefined {
  const found = waiting;
  waiting = undefined;
  if (found === undefined || found.json === JSON.stringify(start)) return found;
  found.realm.dispose();
  return undefined;
}
