import { join } from 'node:path';

/**
 * The folder of environments, as it may be shared by several processes:
 *
 *   environments/<id>/   one each: environment.json, requirements.txt, requirements.lock, venv/, later compiled.json
 *   asked/<key>.json     what a set of requirements came to, so that the next run needs no resolver
 *   claims/              who builds or uses what
 *   install/building/    side folders of builds; renamed into environments/ when done
 *   install/cache/       the installers' downloads
 *   tools/               installers that were fetched
 */
export interface Layout {
  root: string;
  environments: string;
  asked: string;
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
    asked: join(root, 'asked'),
    claims: join(root, 'claims'),
    install,
    building: join(install, 'building'),
    cache: join(install, 'cache'),
    tools: join(root, 'tools'),
  };
}
