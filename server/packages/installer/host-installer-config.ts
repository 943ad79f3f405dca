import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PackageSettings } from '../settings.ts';
import {
  optionsOfFile,
  optionsOfVariables,
  type PipOptions,
  pipVariables,
  uvVariables,
} from './pip-options.ts';

/** The part of the host's pip and uv configuration that an installer may use. */
export interface HostInstallerConfig {
  variables: Record<string, string>;
  /** Install from local wheels alone. An option, because uv has no variable for it. */
  noIndex: boolean;
  /** Files on the host by their path in the home folder of the room. */
  homeFiles: Record<string, string>;
  /** The files and folders that the configuration names: certificates, wheels, more configuration. */
  readable: string[];
}

/**
 * Reads the host's pip and uv configuration; the server's own settings override it. uv does not read the configuration
 * of pip, so the options of pip become variables of uv, unless the host configures uv itself.
 */
export async function readHostInstallerConfig(settings: PackageSettings): Promise<HostInstallerConfig> {
  const { home, variables: hostVariables } = settings.hostInstallers;
  const kept = Object.fromEntries(Object.entries(hostVariables).filter(([name]) => !IGNORED.test(name)));
  const homeFiles = Object.fromEntries(
    HOME_FILES.flatMap((name) =>
      home !== undefined && existsSync(join(home, name)) ? [[name, join(home, name)]] : [],
    ),
  );
  const files = [...HOST_FILES, ...Object.values(homeFiles), kept.PIP_CONFIG_FILE, kept.UV_CONFIG_FILE];
  const texts = await Promise.all(
    files.filter((file) => file !== undefined).map(async (file) => [file, await readIfThere(file)] as const),
  );
  const pip: PipOptions = Object.assign(
    {},
    ...texts.filter(([file]) => !file.endsWith('.toml')).map(([, text]) => optionsOfFile(text)),
    optionsOfVariables(kept),
  );
  const hasOwnUv =
    texts.some(([file, text]) => file.endsWith('.toml') && text !== '') ||
    Object.keys(kept).some((name) => /^UV_(\w*INDEX\w*|FIND_LINKS)$/.test(name));
  const own = ownOptions(settings);
  const variables = {
    ...(hasOwnUv ? {} : uvVariables(pip)),
    ...kept,
    ...uvVariables(own),
    ...pipVariables(own),
    ...QUIET,
  };
  return {
    variables,
    noIndex: settings.noIndex || (!hasOwnUv && isTrue(pip['no-index'])),
    homeFiles,
    readable: [...texts.map(([, text]) => text), ...Object.values(variables)].flatMap(pathsIn),
  };
}

/** Variables that would change the target Python, the target folder, the checks or the logs of an install. */
const IGNORED = new RegExp(
  '^PIP_(TARGET|PREFIX|ROOT|USER|PYTHON|REQUIREMENT|EDITABLE|SRC|LOG|REPORT|DRY_RUN|REQUIRE_VIRTUALENV|NO_DEPS|' +
    'IGNORE_INSTALLED|ONLY_BINARY|NO_BINARY|PREFER_BINARY|QUIET|VERBOSE|REQUIRE_HASHES)$|' +
    '^UV_(PYTHON.*|SYSTEM_PYTHON|(NO_)?MANAGED_PYTHON|PROJECT.*|WORKING_DIR|TOOL_.*|INSTALL_.*|VENV_.*|LINK_MODE|' +
    'NO_VERIFY_HASHES|REQUIRE_HASHES|COMPILE_BYTECODE|NO_BINARY.*|NO_BUILD.*)$',
);
const QUIET = {
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_INPUT: '1',
  NO_COLOR: '1',
  UV_NO_PROGRESS: '1',
  PIP_PROGRESS_BAR: 'off',
};
const HOST_FILES = ['/etc/xdg/pip/pip.conf', '/etc/pip.conf', '/etc/uv/uv.toml'];
const HOME_FILES = ['.pip/pip.conf', '.config/pip/pip.conf', '.config/uv/uv.toml'];

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

async function readIfThere(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
