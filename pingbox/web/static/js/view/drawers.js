/** On small screens rooms and people are drawers. Focus goes in with them and comes back afterwards. */
export class Drawers {
  constructor(root) {
    this.pairs = [['open-rooms', 'rooms'], ['open-people', 'people']].map(([opener, panel]) => ({
      opener: root.getElementById(opener), panel: root.getElementById(panel),
    }));
    for (const pair of this.pairs) pair.opener.addEventListener('click', () => this.open(pair));
    for (const closer of root.querySelectorAll('[data-close]')) closer.addEventListener('click', () => this.close());
    root.addEventListener('keydown', (event) => event.key === 'Escape' && this.close());
  }

  open({ opener, panel }) {
    this.close();
    panel.classList.add('open');
    opener.setAttribute('aria-expanded', 'true');
    panel.querySelector('.drawer-close').focus();
  }

  close() {
    for (const { opener, panel } of this.pairs) {
      if (!panel.classList.contains('open')) continue;
      const inside = panel.contains(panel.ownerDocument.activeElement);
      panel.classList.remove('open');
      opener.setAttribute('aria-expanded', 'false');
      if (inside) opener.focus();
    }
  }
}
