import { type ComponentType, type LazyExoticComponent, lazy } from 'react';
import type { IconName } from '../ui/icon.tsx';

/** A page: its path as wouter writes it, and what loads it. Each page is a chunk of its own. */
export interface PageRoute {
  path: string;
  Page: LazyExoticComponent<ComponentType>;
}

/** To add a page: write pages/<name>.tsx with a default export, add a line here, and one to `navigation` if it leads. */
export const routes: readonly PageRoute[] = [
  { path: '/workflows', Page: lazy(() => import('./pages/workflows.tsx')) },
  { path: '/workflows/:id', Page: lazy(() => import('./pages/editor.tsx')) },
  { path: '/runs', Page: lazy(() => import('./pages/runs.tsx')) },
  { path: '/runs/:id', Page: lazy(() => import('./pages/run.tsx')) },
  { path: '/approvals', Page: lazy(() => import('./pages/approvals.tsx')) },
  { path: '/schedules', Page: lazy(() => import('./pages/schedules.tsx')) },
  { path: '/webhooks', Page: lazy(() => import('./pages/webhooks.tsx')) },
  { path: '/environments', Page: lazy(() => import('./pages/environments.tsx')) },
  { path: '/security', Page: lazy(() => import('./pages/security.tsx')) },
  { path: '/access', Page: lazy(() => import('./pages/access.tsx')) },
  { path: '/server', Page: lazy(() => import('./pages/server.tsx')) },
];

export const homePath = '/workflows';

export const navigation: readonly { path: string; label: string; icon: IconName }[] = [
  { path: '/workflows', label: 'Workflows', icon: 'workflow' },
  { path: '/runs', label: 'Runs', icon: 'runs' },
  { path: '/approvals', label: 'Approvals', icon: 'circleCheck' },
  { path: '/schedules', label: 'Schedules', icon: 'clock' },
  { path: '/webhooks', label: 'Webhooks', icon: 'arrowIn' },
  { path: '/environments', label: 'Environments', icon: 'box' },
  { path: '/security', label: 'Security', icon: 'shield' },
  { path: '/access', label: 'Access', icon: 'key' },
  { path: '/server', label: 'Server', icon: 'server' },
];
