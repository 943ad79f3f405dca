import { BlockList, isIP } from 'node:net';

/** Hosts and networks that an operator opens beside the public internet. */
export interface AllowedHosts {
  /** Whether this host is named itself, so that any address it has may be connected to. */
  hasHost(hostname: string, port: number): boolean;
  hasAddress(address: string): boolean;
}

/** What an entry may look like: `api.internal`, `*.corp.example`, `10.1.2.3`, each with `:port` or without; `10.0.0.0/8`. */
export function isAllowedHost(entry: string): boolean {
  return parseAllowedHost(entry) !== undefined;
}

/** @param entries each one that `isAllowedHost` accepts */
export function makeAllowedHosts(entries: readonly string[]): AllowedHosts {
  const networks = new BlockList();
  const names: Named[] = [];
  for (const entry of entries) {
    const parsed = parseAllowedHost(entry);
    if (parsed === undefined) continue;
    if ('prefix' in parsed) networks.addSubnet(parsed.address, parsed.prefix, family(parsed.address));
    else names.push(parsed);
  }
  return {
    hasHost: (hostname, port) =>
      names.some((named) => matches(named, hostname.toLowerCase()) && (named.port ?? port) === port),
    hasAddress: (address) => isIP(address) !== 0 && networks.check(address, family(address)),
  };
}

export interface Named {
  /** Lower case; behind `*.` the names that end with it. */
  host: string;
  port: number | undefined;
}

/** Undefined for what is no entry. */
export function parseAllowedHost(entry: string): Named | { address: string; prefix: number } | undefined {
  const [address = '', prefix, ...more] = entry.split('/');
  if (prefix !== undefined) {
    const most = isIP(address) === 6 ? 128 : 32;
    const isNetwork = more.length === 0 && isIP(address) !== 0 && /^\d{1,3}$/.test(prefix);
    return isNetwork && Number(prefix) <= most ? { address, prefix: Number(prefix) } : undefined;
  }
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|((?:\*\.)?[^:*[\]]+))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  const host = (bracketed ?? plain ?? (isIP(entry) === 6 ? entry : '')).toLowerCase();
  const isName = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(host);
  if ((!isName && isIP(host) === 0) || Number(port ?? 1) > 65_535) return undefined;
  return { host, port: port === undefined ? undefined : Number(port) };
}

function matches({ host }: Named, hostname: string): boolean {
  return host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host;
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
