/** A question before something is done that cannot be taken back, and other small dialogs. */
import { button, el } from '../dom.js';

/** Ask `title`; `go` is the word on the button that does it. Resolves to true or false. */
export function confirm({ title, text, go, cancel, bad = true }) {
  return new Promise((resolve) => {
    const done = (answer) => {
      resolve(answer);
      dialog.close();
    };
    const no = button(cancel, () => done(false));
    const dialog = showDialog(title, [el('p', {}, text), el('div', { class: 'dialog-buttons' }, no, button(go, () => done(true), bad ? 'bad' : 'primary'))]);
    dialog.addEventListener('close', () => resolve(false));
    no.focus();
  });
}

/** A modal dialog that is gone when it is closed; the focus goes back to where it was. */
export function showDialog(title, content, kind = '') {
  const opener = /** @type {HTMLElement | null} */ (document.activeElement);
  const heading = el('h2', {}, title);
  const dialog = el('dialog', { class: `dialog ${kind}`.trim(), 'aria-label': title }, ...(title && !kind ? [heading] : []), ...content);
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (opener?.isConnected && (document.activeElement === document.body || document.activeElement === null)) opener.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
