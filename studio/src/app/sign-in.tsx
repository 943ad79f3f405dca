import { WeftAuthenticationError } from '@weft/client';
import { type ReactElement, type SubmitEvent, useEffect, useRef, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Field, Input } from '../ui/field.tsx';
import { Logo } from './logo.tsx';
import type { SessionControl } from './session.ts';
import './sign-in.css';

/**
 * Stands over the page that was requested, which goes on where it was once the server accepts the token. It is modal, as
 * a dialog of that page may be open, which would keep anything but itself from being used.
 */
export function SignIn({
  session,
  reason,
}: {
  session: SessionControl;
  reason: 'missing' | 'refused';
}): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const [token, setToken] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = token.trim();
    if (given === '' || isBusy) return;
    setIsBusy(true);
    setError(null);
    try {
      await session.signIn(given);
    } catch (thrown) {
      setError(
        thrown instanceof WeftAuthenticationError
          ? 'The server refused this token.'
          : (thrown as Error).message,
      );
      setIsBusy(false);
    }
  };
  return (
    <dialog
      ref={dialog}
      className="weft-sign-in"
      aria-label="Sign in"
      onCancel={(event) => event.preventDefault()}
      onKeyDown={(event) => event.key === 'Escape' && event.preventDefault()}
    >
      <form className="weft-sign-in__box" onSubmit={(event) => void submit(event)}>
        <Logo size={36} />
        <div>
          <h1>Sign in to Weft</h1>
          <p className="weft-muted">
            {reason === 'refused'
              ? 'Your token is not accepted any more. Nothing here was lost.'
              : 'This server wants a token.'}
          </p>
        </div>
        <Field label="API token" error={error} description="The one in the server's WEFT_API_TOKEN.">
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="off"
              spellCheck={false}
              autoFocus
              value={token}
              onChange={(event) => setToken(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" variant="primary" isBusy={isBusy} disabled={token.trim() === ''}>
          Sign in
        </Button>
        <p className="weft-sign-in__note">It is kept for this tab alone, until you close it.</p>
      </form>
    </dialog>
  );
}
