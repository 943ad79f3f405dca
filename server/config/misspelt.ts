import { closestName } from '../shared/did-you-mean.ts';
import { settingNames } from './settings.ts';

/**
 * A warning for each variable whose name is one slip away from that of a setting. Other names are left alone: Python,
 * container images and the client read WEFT_ and PYTHON_ variables of their own.
 */
export function findMisspelt(variables: NodeJS.ProcessEnv): string[] {
  return Object.keys(variables).flatMap((name) => {
    if (!/^(WEFT|PYTHON)_/.test(name) || settingNames.includes(name)) return [];
    const meant = closestName(name, settingNames);
    return meant === undefined
      ? []
      : [`The variable ${name} is not a setting and has no effect. Did you mean ${meant}?`];
  });
}
