// Runs before the first paint, so that the page does not flash in the other theme or view.
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
// As address.js reads it; views.js goes on from here.
const [, viewName] = /^#\/([\w-]+)/.exec(location.hash) ?? [];
document.documentElement.dataset.view =
  viewName === undefined
    ? location.hash.includes('/')
      ? 'chart'
      : 'overview'
    : /^(overview|chart|alerts)$/.test(viewName)
      ? viewName
      : 'operate';
document.documentElement.toggleAttribute('data-kiosk', /[?&]kiosk=/.test(location.hash));
