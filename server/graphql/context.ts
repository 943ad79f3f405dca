import { type Acquire, acquireAtOnce } from '../shared/semaphore.ts';
import type { Weft } from '../use-cases/weft.ts';
import { type Loaders, makeLoaders } from './loaders.ts';
import type { MakeContext } from './transport/operations.ts';
import { makeResponseBudget, type ResponseBudget } from './transport/response-size.ts';

/** What every resolver receives: the use cases, and loaders that batch the lookups of one operation. */
export interface GraphqlContext {
  weft: Weft;
  loaders: Loaders;
  budget: ResponseBudget;
  /** Acquired for each event of a subscription: those over one connection take turns. */
  acquire: Acquire;
}

/**
 * Each query and mutation has its own loaders. Subscriptions share loaders that batch but do not cache: a row that was
 * loaded for one event may have changed by the next, and ten thousand idle subscribers hold nothing.
 */
export function makeContextFactory(weft: Weft): MakeContext {
  const live = contextWith({ cache: false, budget: unbounded });
  return ({ live: isLive, acquire = acquireAtOnce }) =>
    isLive ? { ...live, acquire } : contextWith({ cache: true, budget: makeResponseBudget() });

  function contextWith(options: { cache: boolean; budget: ResponseBudget }): GraphqlContext {
    return { weft, loaders: makeLoaders(weft, options), budget: options.budget, acquire: acquireAtOnce };
  }
}

/** An event of a subscription reads little, and the transports bound its response. */
const unbounded: ResponseBudget = { spend() {} };
