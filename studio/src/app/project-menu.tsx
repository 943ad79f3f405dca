import type { ReactElement } from 'react';
import { useProjects, useViewer } from '../data/access.ts';
import { Menu } from '../ui/menu.tsx';
import { chooseProject } from './session.ts';

/** The project that all pages are of, where there is more than one to choose from. */
export function ProjectMenu(): ReactElement | null {
  const { data: viewer } = useViewer();
  const { data: projects = [] } = useProjects();
  if (viewer === undefined || projects.length < 2) return null;
  const current = projects.find(({ key }) => key === viewer.project);
  return (
    <Menu
      label={current?.name ?? viewer.project}
      variant="ghost"
      icon="box"
      items={projects.map(({ key, name }) => ({
        label: name === key ? name : `${name} (${key})`,
        isChecked: key === viewer.project,
        onSelect: () => chooseProject(key),
      }))}
    />
  );
}
