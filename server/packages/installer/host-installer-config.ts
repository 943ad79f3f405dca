import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PackageSettings } from '../settings.ts';
import { makeProxyChoice } from './host-proxies.ts';
import { indexHosts } from './index-hosts.ts';
import {
  optionsOfFile,
  optionsOfVariables,
  type PipOptions,
  pipVariables,
  uvVariables,
} from './pip-options.ts';
import type { WayOutOptions } from './way-out.ts';

/** The part of the host's pip and uv configuration that an installer may use. */
export interface HostInstallerConfig {
  pipVariables: Record<string, string>;
  uvVariables: Record<string, string>;
  /** Install from local wheels alone. An option, because uv has no variable for it. */
  noIndex: boolean;
  /** Files on the host by their path in the home folder of the room. */
  homeFiles: Record<string, string>;
  /** The files and folders that the configuration names: certificates, wheels, more configuration. */
  readable: string[];
  isAllowedHost: WayOutOptions['isAllowed'];
  proxyFor: WayOutOptions['proxyFor'];
}

/**
 * Reads the host's pip and uv configuration; the server's own settings override it. uv does not read the configuration
 * of pip, so the options of pip become variables of uv, unless the host configures uv itself.
 */
export async function readHostInstallerConfig(settings: PackageSettings): Promise<HostInstallerConfig> {
  const { home, variables } = settings.hostInstallers;
  const homeFiles = (names: readonly string[]) =>
    names.flatMap((name) => (home === undefined ? [] : [[name, join(home, name)] as const]));
  const pipFiles = [...PIP_FILES, ...homeFiles(HOME_PIP_FILES).map(([, file]) => file)];
  const uvFiles = homeFiles(HOME_UV_FILES).filter(([, file]) => existsSync(file));
  const pipTexts = await readAll([...pipFiles, variables.PIP_CONFIG_FILE]);
  const uvTexts = await readAll([...UV_FILES, ...uvFiles.map(([, file]) => file), variables.UV_CONFIG_FILE]);

  const pip: PipOptions = Object.assign({}, ...pipTexts.map(optionsOfFile), optionsOfVariables(variables));
  const own = ownOptions(settings);
  const uv = pick(variables, UV_USES);
  const hasOwnUv =
    uvTexts.some((text) => text !== '') ||
    Object.keys(uv).some((name) => name.includes('INDEX') || name === 'UV_FIND_LINKS');
  const shared = { ...pick(variables, CERTIFICATES), NO_COLOR: '1' };
  const config = {
    pipVariables: {
      ...shared,
      ...pipVariables(pick({ ...pip, ...own }, PIP_USES)),
      ...PIP_ALWAYS,
    },
    uvVariables: {
      ...(hasOwnUv ? {} : uvVariables(pip)),
      ...shared,
      ...uv,
      ...uvVariables(own),
      UV_NO_PROGRESS: '1',
    },
  };
  const values = Object.values(config).flatMap((each) => Object.values(each));
  const hasOwnIndex =
    pip['index-url'] !== undefined || Object.keys(uv).some((name) => DEFAULT_INDEX.test(name));
  return {
    ...config,
    isAllowedHost: indexHosts(settings, { texts: [...uvTexts, ...values], hasOwnIndex }),
    proxyFor: makeProxyChoice(variables, pip.proxy),
    noIndex: settings.noIndex || (!hasOwnUv && isTrue(pip['no-index'])),
    homeFiles: Object.fromEntries(uvFiles),
    readable: [...uvTexts, ...values].flatMap(pathsIn),
  };
}

/** What says where packages come from, which versions are taken, and how the network is used; nothing else. */
const PIP_USES =
  /^(index-url|extra-index-url|find-links|no-index|trusted-host|cert|client-cert|(default-)?timeout|(resume-)?retries|constraint|pre|use-feature|use-deprecated)$/;
const UV_USES =
  /^UV_(DEFAULT_INDEX|(EXTRA_)?INDEX_URL|INDEX|INDEX_STRATEGY|INDEX_[A-Z0-9_]+_(USERNAME|PASSWORD)|FIND_LINKS|INSECURE_HOST|HTTP_(CONNECT_|READ_)?TIMEOUT|HTTP_RETRIES|REQUEST_TIMEOUT|CONCURRENT_[A-Z]+|NATIVE_TLS|SYSTEM_CERTS|CONFIG_FILE|NO_CONFIG|OFFLINE|CONSTRAINT|OVERRIDE|EXCLUDE(_NEWER)?|PRERELEASE|RESOLUTION|FORK_STRATEGY|TORCH_BACKEND)$/;
const CERTIFICATES = /^(SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)$/;
const DEFAULT_INDEX = /^UV_(DEFAULT_INDEX|INDEX_URL)$/;
/** The files of pip were read above: pip itself reads none. */
const PIP_ALWAYS = {
  PIP_CONFIG_FILE: '/dev/null',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_INPUT: '1',
  PIP_PROGRESS_BAR: 'off',
};
const PIP_FILES = ['/etc/xdg/pip/pip.conf', '/etc/pip.conf'];
const UV_FILES = ['/etc/uv/uv.toml'];
const HOME_PIP_FILES = ['.pip/pip.conf', '.config/pip/pip.conf'];
const HOME_UV_FILES = ['.config/uv/uv.toml'];

/** The server's own settings, as options of pip. */
function ownOptions({ indexUrl, extraIndexUrls, findLinks, noIndex }: PackageSettings): PipOptions {
  return {
    ...(indexUrl !== undefined && { 'index-url': indexUrl }),
    ...(extraIndexUrls.length > 0 && { 'extra-index-url': extraIndexUrls.join(' ') }),
    ...(findLinks.length > 0 && { 'find-links': findLinks.join(' ') }),
    ...(noIndex && { 'no-index': '1' }),
  };
}

/** The absolute paths in a configuration that exist. */
function pathsIn(text: string): string[] {
  return text.split(/[\s,"'=]+/).flatMap((word) => {
    const path = word.startsWith('file:///') ? fileURLToPath(word) : word;
    return isAbsolute(path) && path.length > 1 && !path.startsWith('/dev/') && existsSync(path) ? [path] : [];
  });
}

function isTrue(value: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(value ?? '');
}

function pick<T>(from: Readonly<Record<string, T>>, names: RegExp): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.test(name)));
}

/** The empty text for a file that is missing or cannot be read. */
function readAll(files: readonly (string | undefined)[]): Promise<string[]> {
  return Promise.all(
    files.flatMap((file) => (file === undefined ? [] : [readFile(file, 'utf8').catch(() => '')])),
  );
}
