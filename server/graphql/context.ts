import type { Principal } from '../auth/principal.ts';
import { type Acquire, acquireAtOnce } from '../shared/semaphore.ts';
import type { Weft } from '../use-cases/weft.ts';
import { type Loaders, makeLoaders } from './loaders.ts';
import type { Caller } from './transport/caller.ts';
import type { MakeContext } from './transport/operations.ts';
import { makeResponseBudget, type ResponseBudget } from './transport/response-size.ts';

/** What every resolver receives: the use cases, and loaders that batch the lookups of one operation. */
export interface GraphqlContext {
  /** As the caller has them: see use-cases/limit/. */
  weft: Weft;
  caller: Caller;
  loaders: Loaders;
  budget: ResponseBudget;
  /** Acquired for each event of a subscription: those over one connection take turns. */
  acquire: Acquire;
}

/** Of an execution that the caller starts. */
export function startedBy({ principal, trace }: Caller) {
  return { principal: principal.id, trace };
}

/**
 * Each query and mutation has its own loaders. Subscriptions share loaders that batch but do not cache: a row that was
 * loaded for one event may have changed by the next, and ten thousand idle subscribers hold nothing.
 */
export function makeContextFactory(weftFor: (principal: Principal) => Weft): MakeContext {
  const liveLoaders = new WeakMap<Weft, Loaders>();
  return ({ live, caller, acquire = acquireAtOnce }) => {
    const weft = weftFor(caller.principal);
    if (live) return { weft, caller, loaders: liveLoadersOf(weft), budget: unbounded, acquire };
    const budget = makeResponseBudget();
    return {
      weft,
      caller,
      loaders: makeLoaders(weft, { cache: true, budget }),
      budget,
      acquire: acquireAtOnce,
    };
  };

  function liveLoadersOf(weft: Weft): Loaders {
    let loaders = liveLoaders.get(weft);
    if (loaders === undefined) {
      loaders = makeLoaders(weft, { cache: false, budget: unbounded });
      liveLoaders.set(weft, loaders);
    }
    return loaders;
  }
}

/** An event of a subscription reads little, and the transports bound its response. */
const unbounded: ResponseBudget = { spend() {} };
