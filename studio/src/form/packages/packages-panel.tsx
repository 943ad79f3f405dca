import type { ReactElement } from 'react';
import { usePythonCheck } from '../../data/python.ts';
import { Button } from '../../ui/button.tsx';
import { pythonOf, useFormContext } from '../form-context.ts';
import { EnvironmentStatus } from './environment-status.tsx';
import { isRequirementOf } from './requirement.ts';
import { useLineChecks } from './use-line-checks.ts';

export interface PackagesPanelProps {
  packages: readonly string[];
  /** Whether nothing is wrong with them. */
  areFine: boolean;
  onAdd: ((name: string) => void) | undefined;
}

/** Beside a list of packages: those that the code imports and that are not in it, and the environment they make. */
export function PackagesPanel({ packages, areFine, onAdd }: PackagesPanelProps): ReactElement {
  const proposals = useProposals(packages);
  return (
    <div className="weft-packages">
      {onAdd && proposals.length > 0 && (
        <div className="weft-packages__proposals">
          <span>The code imports</span>
          {proposals.map((name) => (
            <Button
              key={name}
              size="small"
              icon="plus"
              aria-label={`Add ${name}`}
              onClick={() => onAdd(name)}
            >
              {name}
            </Button>
          ))}
        </div>
      )}
      {packages.length > 0 && areFine && <EnvironmentStatus packages={packages} />}
    </div>
  );
}

/** By the names that the server would install them by; without those that it would not install. */
function useProposals(packages: readonly string[]): string[] {
  const code = pythonOf(useFormContext()) ?? '';
  const imported = usePythonCheck(code)?.missingPackages.slice(0, maxProposals) ?? [];
  const verdicts = useLineChecks(imported);
  const names = imported.flatMap((name) => {
    const { kind, suggestion } = verdicts.get(name) ?? {};
    if (kind === 'bad') return suggestion ?? [];
    return kind === 'checking' ? [] : name;
  });
  return [...new Set(names)].filter((name) => !packages.some((each) => isRequirementOf(each, name)));
}

const maxProposals = 12;
