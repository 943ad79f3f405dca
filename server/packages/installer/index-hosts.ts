import type { PackageSettings } from '../settings.ts';

/**
 * The hosts that an installer may connect to: those of the URLs that the settings and the configuration of pip and uv
 * name (indexes, pages of links), PyPI where no other index takes its place, the hosts on which well-known indexes keep
 * their files, and PYTHON_INDEX_HOSTS.
 */
export function indexHosts(
  { indexUrl, noIndex, indexHosts: more }: PackageSettings,
  { texts, hasOwnIndex }: { texts: readonly string[]; hasOwnIndex: boolean },
): (host: string, port: number) => boolean {
  const named = texts.flatMap(urlsIn).map((url) => addressOf(url));
  const byDefault = indexUrl === undefined && !noIndex && !hasOwnIndex ? ['pypi.org:443'] : [];
  const indexes = [...named, ...byDefault];
  const files = indexes.flatMap((address) => FILES_OF[address] ?? []).map((host) => `${host}:443`);
  const listed = more.flatMap((host) => (/:\d+$/.test(host) ? [host] : [`${host}:443`, `${host}:80`]));
  const allowed = new Set([...indexes, ...files, ...listed.map((address) => address.toLowerCase())]);
  return (host, port) => allowed.has(`${host.toLowerCase()}:${port}`);
}

/** Indexes whose pages lead to another host. */
const FILES_OF: Record<string, string[]> = {
  'pypi.org:443': ['files.pythonhosted.org'],
  'test.pypi.org:443': ['test-files.pythonhosted.org'],
  'download.pytorch.org:443': ['download-r2.pytorch.org'],
};

/** The URLs in a configuration; a file of uv puts them into quotes, and a variable of uv may put a name before them. */
function urlsIn(text: string): URL[] {
  return text.split(/[\s,"'=[\]{}]+/).flatMap((word) => {
    const url = /^https?:\/\//i.test(word) ? URL.parse(word) : null;
    return url === null ? [] : [url];
  });
}

function addressOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}
