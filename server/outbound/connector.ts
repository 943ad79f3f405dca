import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { AllowedHosts } from '../shared/http/allowed-hosts.ts';
import { OutboundError } from './outbound-error.ts';
import { isPublicAddress } from './public-addresses.ts';

/** Resolves a name to all its addresses, as `dns.lookup` does with `all`. */
export type Lookup = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const CONNECT_MS = 10_000;

/** What opens an address that is refused, as a setting: an operator reads it. */
export type Remedy = (hostname: string, address: string) => string;

/**
 * Connects to hosts that the operator has named, and to public addresses. A name is resolved once, and what is connected
 * to is one of the addresses that were judged: a name that resolves to something else a moment later gains nothing.
 * Every connection is judged, those of redirects too.
 */
export function makeConnector(
  allowed: AllowedHosts,
  lookup: Lookup = systemLookup as Lookup,
  remedy: Remedy = (hostname) => `WEFT_HTTP_ALLOWED_HOSTS=${hostname}`,
): buildConnector.connector {
  const refusedAddress = (hostname: string, address = hostname) => {
    const what = address === hostname ? hostname : `${hostname} (${address})`;
    return new OutboundError(
      'REFUSED_ADDRESS',
      `Expected a public address, got ${what}, which is private, local or reserved. An operator opens it by ${remedy(hostname, address)}.`,
    );
  };
  const isPermitted = (address: string) => isPublicAddress(address) || allowed.hasAddress(address);
  const judgedLookup: LookupFunction = (hostname, options, callback) =>
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const permitted = addresses.filter(({ address }) => isPermitted(address));
      if (permitted.length === 0) return callback(refusedAddress(hostname, addresses[0]?.address), []);
      if (options.all) return callback(null, permitted);
      return callback(null, permitted[0]!.address, permitted[0]!.family);
    });
  const connectAnywhere = buildConnector({ timeout: CONNECT_MS });
  const connectJudged = buildConnector({ timeout: CONNECT_MS, lookup: judgedLookup });
  return (options, callback) => {
    const { protocol, port } = options;
    const hostname = options.hostname.replace(/^\[(.*)\]$/, '$1');
    if (allowed.hasHost(hostname, Number(port) || (protocol === 'https:' ? 443 : 80)))
      return connectAnywhere(options, callback);
    // Nothing looks up what is an address already.
    if (isIP(hostname) !== 0 && !isPermitted(hostname)) return callback(refusedAddress(hostname), null);
    return connectJudged(options, callback);
  };
}
