import { PackageError } from '../errors.ts';

/**
 * The proxy that the host's variables name for a destination, as curl and pip read them: HTTPS_PROXY, HTTP_PROXY,
 * ALL_PROXY, NO_PROXY, and the option `proxy` of pip.
 */
export function makeProxyChoice(
  variables: Readonly<Record<string, string>>,
  ofPip: string | undefined,
): (host: string, isTls: boolean) => URL | null {
  const value = (name: string) => variables[name.toLowerCase()] || variables[name] || undefined;
  const exceptions = (value('NO_PROXY') ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((each) => each !== '');
  const proxies = {
    tls: proxyOf(ofPip || value('HTTPS_PROXY') || value('ALL_PROXY')),
    plain: proxyOf(ofPip || value('HTTP_PROXY') || value('ALL_PROXY')),
  };
  return (host, isTls) => {
    if (exceptions.some((exception) => covers(exception, host.toLowerCase()))) return null;
    return isTls ? proxies.tls : proxies.plain;
  };
}

/** Without its value in the error, which may hold a password. */
function proxyOf(text: string | undefined): URL | null {
  if (text === undefined) return null;
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url !== null && /^https?:$/.test(url.protocol) && isEncoded(url.username + url.password)) return url;
  throw new PackageError(
    'Expected the proxy of the host (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, or `proxy` of pip) to be an http or https URL',
  );
}

function isEncoded(text: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(text);
}

/** `example.com` and `.example.com` cover the domain and those below it; `*` covers everything. */
function covers(exception: string, host: string): boolean {
  if (exception === '*') return true;
  const domain = exception.replace(/^\*?\./, '').replace(/:\d+$/, '');
  return host === domain || host.endsWith(`.${domain}`);
}
