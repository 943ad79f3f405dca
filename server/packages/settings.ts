import type { PackageRules } from './check.ts';

/** What an operator can say of packages. */
export interface PackageSettings {
  rules: PackageRules;
  /** Undefined: the operator's own pip or uv configuration says, or else PyPI. May hold a user and a password. */
  indexUrl: string | undefined;
  extraIndexUrls: readonly string[];
  /** Folders or pages with wheels, beside the index or instead of it. */
  findLinks: readonly string[];
  /** Install from `findLinks` alone. */
  noIndex: boolean;
  /** Whether packages without a wheel may be built, which runs their code. */
  sourceBuilds: boolean;
  installer: 'auto' | 'uv' | 'pip';
  /** Absolute; undefined where none is on the PATH. */
  uvPath: string | undefined;
  /** Absolute; undefined where there is none. */
  bubblewrapPath: string | undefined;
  /** For resolving and installing together. */
  timeoutMs: number;
  /** Environments not used for longest make room beyond this; MiB. */
  maxMb: number;
  /** Of downloads; undefined: beside the environments. */
  cacheFolder: string | undefined;
  /** The operator's variables for pip, uv and the way to the network, and the home folder with their files. */
  operator: { variables: Readonly<Record<string, string>>; home: string | undefined };
}
