import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './app.css';
import { watchHistory } from '../ui/history-guard.ts';
import { App } from './app.tsx';
import { watchConnection } from './connection.ts';
import { homePath } from './routes.ts';
import { openSession } from './session.ts';

if (location.pathname === '/') history.replaceState(null, '', homePath);

watchHistory();
const connection = watchConnection();
const session = openSession('/graphql', connection.hooks);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App session={session} connection={connection} />
  </StrictMode>,
);
