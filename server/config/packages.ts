import { z } from 'zod';
import { flag, oneOf, url, wholeNumber } from './values.ts';

const indexUrl = url(/^(https?|file)$/, 'https://pypi.example/simple');

/** The settings of Python packages; settings.ts lists them with all the others. */
export const packageSettings = {
  PYTHON_ALLOWED_PACKAGES: z
    .string()
    .transform(toNames)
    .optional()
    .describe('The packages that nodes may request, separated by commas or spaces. Not set: all packages.'),
  PYTHON_BLOCKED_PACKAGES: z
    .string()
    .transform(toNames)
    .default([])
    .describe('The packages that are never installed, neither by request nor as a dependency.'),
  PYTHON_ALLOWED_PACKAGES_COVER: oneOf(['asked', 'all'])
    .default('asked')
    .describe('asked: PYTHON_ALLOWED_PACKAGES limits what nodes request. all: it limits dependencies too.'),
  PYTHON_INDEX_URL: indexUrl
    .optional()
    .describe('The package index. Not set: the index of the host configuration of pip or uv, or else PyPI.'),
  PYTHON_EXTRA_INDEX_URL: z
    .string()
    .transform(toList)
    .pipe(z.array(indexUrl))
    .default([])
    .describe('More package indexes, separated by commas or spaces.'),
  PYTHON_FIND_LINKS: z
    .string()
    .transform(toList)
    .default([])
    .describe('Folders or pages with wheels, separated by commas or spaces.'),
  PYTHON_INDEX_HOSTS: z
    .string()
    .transform(toList)
    .pipe(z.array(z.string().regex(/^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/, 'expected host or host:port')))
    .default([])
    .describe('Further hosts that an installer may connect to, such as one to which the index redirects.'),
  PYTHON_NO_INDEX: flag()
    .default(false)
    .describe('Whether packages are installed from PYTHON_FIND_LINKS alone, without an index.'),
  PYTHON_SOURCE_BUILDS: flag()
    .default(false)
    .describe('Whether packages without a wheel may be built from source, which runs their code.'),
  PYTHON_INSTALLER: oneOf(['auto', 'uv', 'pip'])
    .default('auto')
    .describe('The installer. auto: uv where it is available, else pip.'),
  PYTHON_INSTALL_TIMEOUT_SECONDS: wholeNumber(1, 7_200)
    .default(600)
    .describe('How long the packages of an environment may take to resolve and install.'),
  PYTHON_PACKAGE_CACHE: z
    .string()
    .startsWith('/', 'expected an absolute path')
    .optional()
    .describe('The folder of downloads. Not set: a folder beside the environments.'),
  WEFT_ENVIRONMENTS_MAX_MB: wholeNumber(1, 100_000_000)
    .default(10_000)
    .describe('The most that environments and downloads take on disk; the least recently used are removed.'),
};

const parsedSettings = z.object(packageSettings);

/** The PackageSettings of server/packages/settings.ts, without the programs that are searched for on the PATH. */
export function toPackageConfig(
  parsed: z.infer<typeof parsedSettings>,
  variables: Readonly<Record<string, string | undefined>>,
) {
  return {
    rules: {
      allowed: parsed.PYTHON_ALLOWED_PACKAGES ?? null,
      blocked: parsed.PYTHON_BLOCKED_PACKAGES,
      allowedCover: parsed.PYTHON_ALLOWED_PACKAGES_COVER,
    },
    indexUrl: parsed.PYTHON_INDEX_URL,
    extraIndexUrls: parsed.PYTHON_EXTRA_INDEX_URL,
    findLinks: parsed.PYTHON_FIND_LINKS,
    indexHosts: parsed.PYTHON_INDEX_HOSTS,
    noIndex: parsed.PYTHON_NO_INDEX,
    sourceBuilds: parsed.PYTHON_SOURCE_BUILDS,
    installer: parsed.PYTHON_INSTALLER,
    timeoutMs: parsed.PYTHON_INSTALL_TIMEOUT_SECONDS * 1_000,
    maxMb: parsed.WEFT_ENVIRONMENTS_MAX_MB,
    cacheFolder: parsed.PYTHON_PACKAGE_CACHE,
    hostInstallers: {
      home: variables.HOME,
      variables: Object.fromEntries(
        Object.entries(variables).flatMap(([name, value]) =>
          value !== undefined && INSTALLERS_SEE.test(name) ? [[name, value]] : [],
        ),
      ),
    },
  };
}

/**
 * The variables of pip and uv, and those of proxies and certificates. An install sees no other variable of the server.
 */
const INSTALLERS_SEE =
  /^(PIP_\w+|UV_\w+|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(https?|all|no)_proxy)$|^(HTTPS?|ALL|NO)_PROXY$/;

/** Normalised by PEP 503: `Foo_Bar` and `foo-bar` are one package. */
function toNames(text: string): string[] {
  return toList(text).map((name) => name.toLowerCase().replace(/[-_.]+/g, '-'));
}

function toList(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}
