import { createContext, type MouseEvent, type ReactElement, type ReactNode, useContext } from 'react';

/** Where a part of the console may lead: it has no router, so that it fits into any app. */
export type NavigationTarget =
  | { kind: 'run'; executionId: string }
  /** The list of runs with a label, such as `customer=42`. */
  | { kind: 'runs'; label: string }
  | { kind: 'schedule'; scheduleId: string }
  | { kind: 'webhook'; webhookId: string }
  | { kind: 'workflow'; workflowId: string; nodeKey?: string | undefined; line?: number | undefined };

export interface NavigationProps {
  /** The address of a run, of a list of runs, of what started one or of a workflow's editor; without it, names are no links. */
  hrefOf?: ((target: NavigationTarget) => string) | undefined;
  /** Called for a plain click on a link, and after a retry; without it the browser follows the address. */
  onNavigate?: ((target: NavigationTarget) => void) | undefined;
}

const Context = createContext<NavigationProps>({});
export const NavigationProvider = Context.Provider;

export function useNavigation(): NavigationProps {
  return useContext(Context);
}

/** A link that an app may follow in its own way; text where it has no address. */
export function TargetLink({
  target,
  className,
  label,
  children,
}: {
  target: NavigationTarget;
  className?: string;
  /** Where what is in it does not say where it leads. */
  label?: string;
  children: ReactNode;
}): ReactElement {
  const { hrefOf, onNavigate } = useNavigation();
  if (hrefOf === undefined) return <span className={className}>{children}</span>;
  const onClick = (event: MouseEvent) => {
    if (onNavigate === undefined || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return; // for another tab or window
    event.preventDefault();
    onNavigate(target);
  };
  return (
    <a href={hrefOf(target)} className={className} aria-label={label} title={label} onClick={onClick}>
      {children}
    </a>
  );
}
