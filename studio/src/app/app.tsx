import { type ReactElement, Suspense } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import { WeftProvider } from '../data/provider.tsx';
import { SkeletonRows } from '../ui/feedback.tsx';
import type { ConnectionWatch } from './connection.ts';
import { ErrorBoundary } from './error-boundary.tsx';
import { NotFoundPage } from './pages/not-found.tsx';
import { routes } from './routes.ts';
import type { SessionControl } from './session.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { useStore } from './store.ts';

export interface AppProps {
  session: SessionControl;
  connection: ConnectionWatch;
}

/** The console. While the server wants a token the page waits unseen, with all that was typed into it. */
export function App({ session, connection }: AppProps): ReactElement {
  const { client, hasToken, signInReason } = useStore(session.state);
  return (
    <WeftProvider client={client} keepsData>
      <ErrorBoundary>
        {signInReason && <SignIn session={session} reason={signInReason} />}
        <div hidden={signInReason !== null}>
          <Shell connection={connection} onSignOut={hasToken ? session.signOut : undefined}>
            <Pages />
          </Shell>
        </div>
      </ErrorBoundary>
    </WeftProvider>
  );
}

function Pages(): ReactElement {
  const [path] = useLocation();
  return (
    <ErrorBoundary resetKey={path}>
      <Suspense fallback={<SkeletonRows />}>
        <Switch>
          {routes.map(({ path: pattern, Page }) => (
            <Route key={pattern} path={pattern} component={Page} />
          ))}
          <Route component={NotFoundPage} />
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}
