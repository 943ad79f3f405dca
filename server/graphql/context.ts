import { type Acquire, acquireAtOnce } from '../shared/semaphore.ts';
import type { Weft } from '../use-cases/weft.ts';
import { type Loaders, makeLoaders } from './loaders.ts';
import type { MakeContext } from './transport/operations.ts';
import { makeResponseBudget, type ResponseBudget } from './transport/response-size.ts';

/** What every resolver gets: the use cases, and loaders that gather the lookups of one operation. */
export interface GraphqlContext {
  weft: Weft;
  loaders: Loaders;
  budget: ResponseBudget;
  /** For each event of a subscription: those over one connection take turns. */
  acquire: Acquire;
}

/**
 * Each query and mutation gets loaders of its own. Subscriptions share loaders that gather but do not remember:
 * what was loaded for one event may have changed by the next, and ten thousand idle subscribers hold nothing.
 */
export function makeContextFactory(weft: Weft): MakeContext {
  const live = contextWith({ remember: false, budget: unbounded });
  return ({ live: isLive, acquire = acquireAtOnce }) =>
    isLive ? { ...live, acquire } : contextWith({ remember: true, budget: makeResponseBudget() });

  function contextWith(options: { remember: boolean; budget: ResponseBudget }): GraphqlContext {
    return { weft, loaders: makeLoaders(weft, options), budget: options.budget, acquire: acquireAtOnce };
  }
}

/** An event of a subscription reads little; what it answers is bounded all the same. */
const unbounded: ResponseBudget = { spend() {} };
