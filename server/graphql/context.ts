import { atOnce, type TakeTurn } from '../shared/gate.ts';
import type { Weft } from '../workflows/weft.ts';
import { type Loaders, makeLoaders } from './loaders.ts';
import type { MakeContext } from './operations.ts';
import { makeResponseBudget, type ResponseBudget } from './response-size.ts';

/** What every resolver gets: the use cases, and loaders that gather the lookups of one operation. */
export interface GraphqlContext {
  weft: Weft;
  loaders: Loaders;
  budget: ResponseBudget;
  /** For each event of a subscription: those over one connection take turns. */
  takeTurn: TakeTurn;
}

/**
 * Each query and mutation gets loaders of its own. Subscriptions share loaders that gather but do not remember:
 * what was loaded for one event may have changed by the next, and ten thousand idle subscribers hold nothing.
 */
export function makeContextFactory(weft: Weft): MakeContext {
  const live = contextWith({ remember: false, budget: unbounded });
  return ({ live: isLive, takeTurn = atOnce }) =>
    isLive ? { ...live, takeTurn } : contextWith({ remember: true, budget: makeResponseBudget() });

  function contextWith(options: { remember: boolean; budget: ResponseBudget }): GraphqlContext {
    return { weft, loaders: makeLoaders(weft, options), budget: options.budget, takeTurn: atOnce };
  }
}

/** An event of a subscription reads little; what it answers is bounded all the same. */
const unbounded: ResponseBudget = { spend() {} };
