/** The environments of a host, as the engine and the use cases see them, wherever the host is. */
export interface PythonEnvironments {
  /** Environments that are being built or ready, and requests whose last build failed; the last used first. */
  list(): Promise<PythonEnvironment[]>;
  /** Builds an environment ahead of its first run, or finds it built. Throws PackageError, PackageRefusal. */
  prepare(packages: readonly string[], options: PrepareOptions): Promise<PythonEnvironment>;
  /** False where no environment has this id, or a run uses the environment. */
  delete(id: string): Promise<boolean>;
}

export interface PrepareOptions {
  signal: AbortSignal;
  /** Called in order; the next call waits until the promise of the last call has settled. */
  onEvent: (event: EnvironmentEvent) => void | Promise<void>;
}

export interface EnvironmentEvent {
  status: 'RESOLVING' | 'INSTALLING' | 'READY' | 'FAILED';
  /** The requested packages; from INSTALLING on, all resolved packages as `name==version`. */
  packages: readonly string[];
  message: string | null;
}

export interface PythonEnvironment {
  /**
   * The hash of the content: the same packages on the same Python and platform have the same id. Before the packages
   * are resolved, the hash of the request.
   */
  id: string;
  /** The request that it was built for; other requests that resolve to the same packages share it. */
  requirements: string[];
  packages: { name: string; version: string }[];
  sizeBytes: number;
  state: 'BUILDING' | 'READY' | 'FAILED';
  /** Why the build failed, or how far the build is. */
  message: string | null;
  createdAt: Date;
  lastUsedAt: Date | null;
}

/** Until the lease is disposed of, no process removes the environment. */
export interface EnvironmentLease extends Disposable {
  environment: LeasedEnvironment;
}

export interface LeasedEnvironment {
  id: string;
  /** An absolute path on this host, which nobody may write to. */
  sitePackages: string;
  /** The import names of the requested packages. */
  preload: string[];
}

/** The Python that environments are built for: the interpreter of the sandbox. */
export interface TargetInterpreter {
  /** Absolute, its symlinks resolved. */
  executable: string;
  /** Such as `3.11.7`. */
  version: string;
  /** The folder with the standard library, which the interpreter needs in every room. */
  prefix: string;
}
