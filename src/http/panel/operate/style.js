/** The style sheet of what is read when it is first used. */
const style = document.createElement('link');
style.rel = 'stylesheet';
style.href = '/panel/operate/operate.css';

/** Resolves when it applies, or cannot be read. */
export const styled = new Promise((resolve) => {
  style.onload = style.onerror = resolve;
});
document.head.append(style);
