/** The environments of a host: what the engine and the use cases know, wherever they are kept. */
export interface PythonEnvironments {
  /** Those that are ready, being built, and whose last build failed; the last used first. */
  list(): Promise<PythonEnvironment[]>;
  /** Builds one ahead of its first run, or finds it built. Throws PackageError, PackageRefusal. */
  prepare(packages: readonly string[], options: PrepareOptions): Promise<PythonEnvironment>;
  /** False where there is none of that id, or a run uses it. */
  delete(id: string): Promise<boolean>;
}

export interface PrepareOptions {
  signal: AbortSignal;
  /** Called in order, one at a time. */
  onEvent: (event: EnvironmentEvent) => void | Promise<void>;
}

export interface EnvironmentEvent {
  status: 'RESOLVING' | 'INSTALLING' | 'READY' | 'FAILED';
  /** What was asked for; from INSTALLING on, what it came to, as `name==version`. */
  packages: readonly string[];
  message: string | null;
}

export interface PythonEnvironment {
  /** Of what is in it: the same packages on the same Python and platform have the same id. Before that is known, of what was asked. */
  id: string;
  /** What was asked for when it was built; others that come to the same packages share it. */
  requirements: string[];
  packages: { name: string; version: string }[];
  sizeBytes: number;
  state: 'BUILDING' | 'READY' | 'FAILED';
  /** Why it failed, or how far it is. */
  message: string | null;
  createdAt: Date;
  lastUsedAt: Date | null;
}

/** While it is held its environment is never cleaned up, by any process. */
export interface EnvironmentLease extends Disposable {
  environment: LeasedEnvironment;
}

export interface LeasedEnvironment {
  id: string;
  /** Absolute, on this host, and not to be written to. */
  sitePackages: string;
  /** The import names of the packages that were asked for. */
  preload: string[];
}

/** The Python that environments are built for, which is the sandbox's own. */
export interface TargetInterpreter {
  /** Absolute, its symlinks resolved. */
  executable: string;
  /** Such as `3.11.7`. */
  version: string;
  /** What it needs to run elsewhere. */
  prefix: string;
}
