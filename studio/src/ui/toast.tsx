import {
  createContext,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useMemo,
  useState,
} from 'react';
import { IconButton } from './button.tsx';
import { withCode } from './code-text.tsx';
import { Icon } from './icon.tsx';
import './toast.css';

export interface Toast {
  tone: 'success' | 'failure' | 'neutral';
  text: ReactNode;
  /** A link or a button, such as the run that was started. */
  action?: ReactNode;
}

/** Shows a toast: what came of something that a person did. A failure stays until it is closed. */
export function useToast(): (toast: Toast) => void {
  return useContext(Context);
}

export function ToastProvider({ children }: { children: ReactNode }): ReactElement {
  const [toasts, setToasts] = useState<readonly (Toast & { id: number })[]>([]);
  const close = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useMemo(() => {
    let lastId = 0;
    return (toast: Toast) => {
      const id = ++lastId;
      setToasts((all) => [...all.slice(1 - maxToasts), { ...toast, id }]);
      if (toast.tone !== 'failure') setTimeout(() => close(id), shownMs);
    };
  }, [close]);
  return (
    <Context.Provider value={show}>
      {children}
      <div className="weft-toasts" role="status">
        {toasts.map(({ id, tone, text, action }) => (
          <div key={id} className={`weft-toast weft-toast--${tone}`}>
            <Icon name={tone === 'success' ? 'circleCheck' : tone === 'failure' ? 'alert' : 'info'} />
            <div className="weft-toast__text">{withCode(text)}</div>
            {action}
            <IconButton icon="close" label="Dismiss" size="small" onClick={() => close(id)} />
          </div>
        ))}
      </div>
    </Context.Provider>
  );
}

const maxToasts = 3;
const shownMs = 6_000;

const Context = createContext<(toast: Toast) => void>(() => {});
