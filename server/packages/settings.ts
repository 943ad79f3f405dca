import type { PackageRules } from './check.ts';

/** Everything about packages that a server can be configured with. */
export interface PackageSettings {
  rules: PackageRules;
  /**
   * Undefined: the index that the host's pip or uv is configured with, or else PyPI. May contain a user and a password.
   */
  indexUrl: string | undefined;
  extraIndexUrls: readonly string[];
  /** Folders or pages with wheels, beside the index or instead of it. */
  findLinks: readonly string[];
  /** Further hosts that an installer may connect to, such as one to which the index redirects; `host` or `host:port`. */
  indexHosts: readonly string[];
  /** Install from `findLinks` alone. */
  noIndex: boolean;
  /** Whether packages without a wheel may be built, which runs their code. */
  sourceBuilds: boolean;
  installer: 'auto' | 'uv' | 'pip';
  /** Absolute; undefined where the PATH has no uv. */
  uvPath: string | undefined;
  /** Absolute; undefined where bubblewrap is not installed. */
  bubblewrapPath: string | undefined;
  /** For resolving and installing together. */
  timeoutMs: number;
  /** Beyond so many MiB the least recently used environments are removed. */
  maxMb: number;
  /** The folder of downloads; undefined: beside the environments. */
  cacheFolder: string | undefined;
  /** The host's variables for pip, uv, proxies and certificates, and the home folder with configuration files. */
  hostInstallers: { variables: Readonly<Record<string, string>>; home: string | undefined };
}
