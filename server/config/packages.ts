import { z } from 'zod';
import { flag, oneOf, url, wholeNumber } from './values.ts';

const indexUrl = url(/^(https?|file)$/, 'https://pypi.example/simple');

/** The settings of Python packages; environment.ts reads them with all the others. */
export const packageVariables = {
  PYTHON_ALLOWED_PACKAGES: z.string().transform(toNames).optional(),
  PYTHON_BLOCKED_PACKAGES: z.string().transform(toNames).default([]),
  PYTHON_ALLOWED_PACKAGES_COVER: oneOf(['asked', 'all']).default('asked'),
  PYTHON_INDEX_URL: indexUrl.optional(),
  PYTHON_EXTRA_INDEX_URL: z.string().transform(toList).pipe(z.array(indexUrl)).default([]),
  PYTHON_FIND_LINKS: z.string().transform(toList).default([]),
  PYTHON_NO_INDEX: flag().default(false),
  PYTHON_SOURCE_BUILDS: flag().default(false),
  PYTHON_INSTALLER: oneOf(['auto', 'uv', 'pip']).default('auto'),
  PYTHON_INSTALL_TIMEOUT_SECONDS: wholeNumber(1, 7_200).default(600),
  PYTHON_PACKAGE_CACHE: z.string().startsWith('/', 'expected an absolute path').optional(),
  WEFT_ENVIRONMENTS_MAX_MB: wholeNumber(1, 100_000_000).default(10_000),
};

const parsedVariables = z.object(packageVariables);

/** In the shape that server/packages/settings.ts names, without what is found on the PATH. */
export function toPackageConfig(
  parsed: z.infer<typeof parsedVariables>,
  given: Readonly<Record<string, string | undefined>>,
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
    noIndex: parsed.PYTHON_NO_INDEX,
    sourceBuilds: parsed.PYTHON_SOURCE_BUILDS,
    installer: parsed.PYTHON_INSTALLER,
    timeoutMs: parsed.PYTHON_INSTALL_TIMEOUT_SECONDS * 1_000,
    maxMb: parsed.WEFT_ENVIRONMENTS_MAX_MB,
    cacheFolder: parsed.PYTHON_PACKAGE_CACHE,
    operator: {
      home: given.HOME,
      variables: Object.fromEntries(
        Object.entries(given).flatMap(([name, value]) =>
          value !== undefined && INSTALLERS_SEE.test(name) ? [[name, value]] : [],
        ),
      ),
    },
  };
}

/** pip's and uv's own, and the way to the network; an install sees no other variable of the server. */
const INSTALLERS_SEE =
  /^(PIP_\w+|UV_\w+|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(https?|all|no)_proxy)$|^(HTTPS?|ALL|NO)_PROXY$/;

/** By PEP 503, in which `Foo_Bar` and `foo-bar` are one package. */
function toNames(text: string): string[] {
  return toList(text).map((name) => name.toLowerCase().replace(/[-_.]+/g, '-'));
}

function toList(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== '');
}
