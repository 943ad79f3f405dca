import type { Weft } from '../workflows/weft.ts';
import { type Loaders, makeLoaders } from './loaders.ts';
import type { MakeContext } from './operations.ts';

/** What every resolver gets: the use cases, and loaders that gather the lookups of one operation. */
export interface GraphqlContext {
  weft: Weft;
  loaders: Loaders;
}

/**
 * Each query and mutation gets loaders of its own. Subscriptions share loaders that gather but do not remember:
 * what was loaded for one event may have changed by the next, and ten thousand idle subscribers hold nothing.
 */
export function makeContextFactory(weft: Weft): MakeContext {
  const live: GraphqlContext = { weft, loaders: makeLoaders(weft, { remember: false }) };
  return (operation) =>
    operation.live
      ? live
      : ({ weft, loaders: makeLoaders(weft, { remember: true }) } satisfies GraphqlContext);
}
