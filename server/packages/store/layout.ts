import { join } from 'node:path';

/**
 * The folder of environments, which several processes may share:
 *
 *   environments/<id>/    one each: environment.json, requirements.txt, requirements.lock, venv/, later compiled.json
 *   requests/<key>.json   the outcome of a request, so that the next run needs no resolver
 *   claims/               which process builds or uses which environment
 *   install/building/     the folders of running builds; a finished one is renamed into environments/
 *   install/cache/        the installers' downloads
 *   tools/                installers that were fetched
 */
export interface Layout {
  root: string;
  environments: string;
  requests: string;
  claims: string;
  install: string;
  building: string;
  cache: string;
  tools: string;
}

export function layoutOf(root: string): Layout {
  const install = join(root, 'install');
  return {
    root,
    environments: join(root, 'environments'),
    requests: join(root, 'requests'),
    claims: join(root, 'claims'),
    install,
    building: join(install, 'building'),
    cache: join(install, 'cache'),
    tools: join(root, 'tools'),
  };
}
