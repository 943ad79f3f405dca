import { isIP } from 'node:net';
import { type AllowedHosts, isAllowedHost, makeAllowedHosts, parseAllowedHost } from './allowed-hosts.ts';

/**
 * The hosts that Python nodes may send requests to. A node asks for hosts, and the operator opens hosts
 * (PYTHON_ALLOWED_HOSTS): a request goes out where both have its host. A name leads to public addresses alone, whoever
 * names it, because whoever controls the name decides what it leads to; the operator opens others by their address or
 * network (`localhost` counts as one).
 */

/** Opens every host with a public address. */
const ALL = '*';

export const MAX_HOSTS = 100;

/** What the operator may write: what `isAllowedHost` says, or `*`. */
export function isOpenedHost(entry: string): boolean {
  return entry === ALL || isAllowedHost(entry);
}

export interface HostFinding {
  code: 'INVALID_HOST' | 'HOST_NOT_ALLOWED';
  message: string;
  /** Its position in the list. */
  index: number;
}

/** What is wrong with the hosts that a node asks for. @param opened by the operator */
export function checkHosts(hosts: readonly string[], opened: readonly string[]): HostFinding[] {
  return hosts.flatMap((host, index): HostFinding[] => {
    const named = parseAllowedHost(host);
    if (named === undefined || 'prefix' in named)
      return [{ code: 'INVALID_HOST', message: invalidHost(host), index }];
    if (isOpened(named.host, named.port, opened)) return [];
    return [{ code: 'HOST_NOT_ALLOWED', message: notOpened(host, opened), index }];
  });
}

/** The same hosts, without the ports that the operator leaves closed: for a sandbox service, whose operator may open more. */
export function narrowHosts(hosts: readonly string[], opened: readonly string[]): string[] {
  return hosts.flatMap((host) => {
    const named = parseAllowedHost(host);
    if (named === undefined || 'prefix' in named || named.port !== undefined) return [host];
    const ports = openedPorts(named.host, opened);
    return ports.includes(undefined) ? [host] : ports.map((port) => `${host}:${port}`);
  });
}

/** Why a run may not send a request to this host; null where it may. @param asked what its node asks for */
export function refusalOf(
  hostname: string,
  port: number,
  asked: readonly string[],
  opened: readonly string[],
): string | null {
  const isOpen = isOpened(hostname, port, opened);
  if (makeAllowedHosts(asked).hasHost(hostname, port)) return isOpen ? null : notOpened(hostname, opened);
  const others = asked.length === 0 ? 'asks for no hosts' : `asks only for ${asked.slice(0, 5).join(', ')}`;
  const also = isOpen ? '' : `, and open it by PYTHON_ALLOWED_HOSTS=${hostname}`;
  return `Host \`${hostname}\` cannot be reached: the node ${others}. Add it to the node's \`hosts\`${also}.`;
}

/** The addresses that are connected to beside public ones, as the guard of addresses asks for them. */
export function addressesOf(opened: readonly string[]): AllowedHosts {
  const { hasHost, hasAddress } = makeAllowedHosts(opened);
  return {
    hasHost: (hostname, port) =>
      (isIP(hostname) !== 0 || hostname === 'localhost') && hasHost(hostname, port),
    hasAddress,
  };
}

/** `port` undefined: one port of the host is enough. */
function isOpened(host: string, port: number | undefined, opened: readonly string[]): boolean {
  const ports = openedPorts(host, opened);
  return port === undefined ? ports.length > 0 : ports.some((each) => each === undefined || each === port);
}

/** The ports of a host that are open, undefined for all. A name behind `*.` is opened by one that is as wide. */
function openedPorts(host: string, opened: readonly string[]): (number | undefined)[] {
  if (opened.includes(ALL) || makeAllowedHosts(opened).hasAddress(host)) return [undefined];
  return opened.flatMap((entry) => {
    const named = parseAllowedHost(entry);
    if (named === undefined || 'prefix' in named) return [];
    const isNamed =
      named.host === host || (named.host.startsWith('*.') && host.endsWith(named.host.slice(1)));
    return isNamed ? [named.port] : [];
  });
}

function notOpened(host: string, opened: readonly string[]): string {
  const others = opened.length === 0 ? 'none' : opened.slice(0, 5).join(', ');
  return `Host \`${host}\` is not open on this server, which opens ${others}: an operator opens it by PYTHON_ALLOWED_HOSTS=${host}.`;
}

function invalidHost(host: string): string {
  const meant = /^https?:\/\//i.test(host) ? URL.parse(host)?.host : undefined;
  const hint = meant ? ` Write ${meant}.` : '';
  return `Expected a host such as api.example.com, api.example.com:8443 or *.example.com, got ${host.slice(0, 200)}.${hint}`;
}
