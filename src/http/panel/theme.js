// Runs before the first paint, so that the page does not flash in the other theme.
const chosenTheme = localStorage.getItem('vigia.theme');
const darkTheme = matchMedia('(prefers-color-scheme: dark)');
const showTheme = () => {
  const dark = chosenTheme === null ? darkTheme.matches : chosenTheme === 'dark';
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
};
showTheme();
darkTheme.addEventListener('change', () => {
  if (localStorage.getItem('vigia.theme') === null) showTheme();
});
