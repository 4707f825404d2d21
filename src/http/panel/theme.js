// Runs before the first paint, so that the page does not flash in the other theme.
const darkTheme = matchMedia('(prefers-color-scheme: dark)');
const showTheme = () => {
  let chosen = null;
  try {
    chosen = localStorage.getItem('vigia.theme');
  } catch {
    // Storage is blocked.
  }
  document.documentElement.dataset.theme = chosen ?? (darkTheme.matches ? 'dark' : 'light');
};
showTheme();
darkTheme.addEventListener('change', showTheme);
