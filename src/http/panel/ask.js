/** A question before something that cannot be taken back. */
import { at } from './page.js';

const dialog = /** @type {HTMLDialogElement} */ (at('question'));

/** @param {{ title: string, text: string, yes: string, danger?: boolean }} question @returns {Promise<boolean>} what is answered; closed, it is no */
export function ask({ title, text, yes, danger = false }) {
  at('question-title').textContent = title;
  at('question-text').textContent = text;
  const button = at('question-yes');
  button.textContent = yes;
  button.className = danger ? 'danger' : 'primary';
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === 'yes');
  });
}
