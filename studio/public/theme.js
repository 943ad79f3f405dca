// Runs before the first paint. Kept in step with src/app/theme.ts, which writes the choice.
try {
  const theme = localStorage.getItem('weft.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.weftTheme = theme;
} catch {
  // Storage is blocked: the system's theme it is.
}
