import { type ReactElement, type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { useLiveLists } from '../data/live-lists.ts';
import { IconButton } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Menu } from '../ui/menu.tsx';
import { ApprovalCount } from './approval-count.tsx';
import type { ConnectionWatch } from './connection.ts';
import { ConnectionBar } from './connection-bar.tsx';
import { Logo } from './logo.tsx';
import { ProjectMenu } from './project-menu.tsx';
import { homePath, navigation } from './routes.ts';
import './shell.css';
import { useStore } from './store.ts';
import { chooseTheme, type Theme, theme } from './theme.ts';

export interface ShellProps {
  connection: ConnectionWatch;
  /** Where there is a token to sign out of. */
  onSignOut: (() => void) | undefined;
  children: ReactNode;
}

/** What stays around the pages: navigation, theme, and the bar that says when the server is gone. */
export function Shell({ connection, onSignOut, children }: ShellProps): ReactElement {
  useLiveLists(); // One stream, always open: lists are current when one comes back, and a server that goes is noticed.
  return (
    <div className="weft-shell">
      <a className="weft-skip" href="#main">
        Skip to the content
      </a>
      <header className="weft-shell__bar">
        <Link href={homePath} className="weft-shell__brand">
          <Logo />
          <span>Weft</span>
        </Link>
        <ProjectMenu />
        <Navigation />
        <div className="weft-shell__tools">
          <a href="/graphiql" className="weft-shell__link">
            <Icon name="code" />
            <span>GraphiQL</span>
          </a>
          <ThemeMenu />
          {onSignOut && <IconButton icon="signOut" label="Sign out" onClick={onSignOut} />}
        </div>
      </header>
      <div className="weft-shell__content">
        <ConnectionBar connection={connection} />
        <Main>{children}</Main>
      </div>
    </div>
  );
}

function Navigation(): ReactElement {
  const [path] = useLocation();
  const list = useRef<HTMLUListElement>(null);
  // On a phone it is wider than the window.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another path has another current page
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
  }, [path]);
  return (
    <nav className="weft-shell__nav" aria-label="Pages">
      <ul ref={list}>
        {navigation.map(({ path: target, label, icon }) => (
          <li key={target}>
            <Link
              href={target}
              className="weft-shell__link"
              aria-current={path === target || path.startsWith(`${target}/`) ? 'page' : undefined}
            >
              <Icon name={icon} />
              <span>{label}</span>
              {target === '/approvals' && <ApprovalCount />}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Scrolls with the keyboard, and takes the focus when another page comes, so that the keyboard and what reads screens begin at its top. */
function Main({ children }: { children: ReactNode }): ReactElement {
  const [path] = useLocation();
  const ref = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    ref.current?.focus({ preventScroll: true });
    ref.current?.scrollTo(0, 0);
  }, [path]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also where nothing in it takes the focus
    <main ref={ref} id="main" className="weft-shell__main" tabIndex={0}>
      {children}
    </main>
  );
}

function ThemeMenu(): ReactElement {
  const chosen = useStore(theme);
  return (
    <Menu
      label="Theme"
      isIconOnly
      variant="ghost"
      icon={themes[chosen].icon}
      items={(['system', 'light', 'dark'] as const).map((choice) => ({
        ...themes[choice],
        isChecked: choice === chosen,
        onSelect: () => chooseTheme(choice),
      }))}
    />
  );
}

const themes = {
  system: { label: 'System', icon: 'monitor' },
  light: { label: 'Light', icon: 'sun' },
  dark: { label: 'Dark', icon: 'moon' },
} as const satisfies Record<Theme, object>;
