import { makeStore } from './store.ts';

export type Theme = 'system' | 'light' | 'dark';

/** The theme that was chosen. public/theme.js applies it before the first paint of the next visit. */
export const theme = makeStore<Theme>(readTheme());

export function chooseTheme(choice: Theme): void {
  theme.set(choice);
  const { dataset } = document.documentElement;
  if (choice === 'system') delete dataset.weftTheme;
  else dataset.weftTheme = choice;
  try {
    if (choice === 'system') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, choice);
  } catch {
    // Storage is blocked: the choice holds for this page.
  }
}

const storageKey = 'weft.theme';

function readTheme(): Theme {
  const { weftTheme } = document.documentElement.dataset;
  return weftTheme === 'light' || weftTheme === 'dark' ? weftTheme : 'system';
}
