/** "On the wire": what one message did on this machine, step by step. Only beside the emulator. */
import { plain } from '../../text/parse.js';
import { byId, el, icon, rebuild, tool } from '../dom.js';
import { rowsOf, summary } from './steps.js';

const LOOK = [120, 300, 700, 1500, 3000]; // ms after which the steps are asked for (again): they arrive while one looks

export class Wire {
  /** on: {copy(text), opened(open)}; `fetch` asks the server */
  constructor(root, fetch, on) {
    this.fetch = fetch;
    this.on = on;
    this.panel = byId(root, 'wire');
    this.body = byId(root, 'wire-body');
    this.item = null;
    this.steps = [];
    this.opened = new Set();
    this.chosen = null;
    this.lang = null;
    this.timers = [];
    this.body.addEventListener('keydown', (event) => this.#keydown(event));
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  /** Show the steps of a message (an item of the list). */
  show(item) {
    if (item.cid !== this.item?.cid) {
      this.steps = [];
      this.chosen = null;
      this.opened.clear();
    }
    this.item = item;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = LOOK.map((ms) => window.setTimeout(() => this.#ask(item), ms));
    this.#draw();
  }

  /** `find(cid)`: the item of the list as it is now, for it is stored meanwhile. */
  render(lang, room, find) {
    this.lang = lang;
    if (this.item) this.item = find(this.item.cid) ?? this.item;
    this.room = room;
    if (this.isOpen) this.#draw();
  }

  async #ask({ cid }) {
    if (!cid || !this.isOpen) return;
    const response = await this.fetch(`wire?cid=${encodeURIComponent(cid)}`);
    if (!response.ok || this.item?.cid !== cid) return;
    const { steps } = await response.json();
    this.steps = steps;
    this.#draw();
  }

  #draw() {
    if (!this.lang) return;
    const rows = rowsOf(this.steps, this.opened);
    rebuild(this.body, [this.item?.cid, this.item?.seq, rows, this.chosen, this.lang.code], () => {
      if (!this.item) return [el('p', { class: 'side-note' }, this.lang.t('wire.none'))];
      return [this.#said(), ...(rows.length ? this.#waterfall(rows) : [el('p', { class: 'side-note' }, this.lang.t('wire.wait'))])];
    });
    if (this.focus) this.body.querySelector(`[data-key="${this.focus}"]`)?.focus();
    this.focus = null;
  }

  #said() {
    const { item, lang } = this;
    const where = [item.own ? lang.t('you.say') : item.user.name, lang.time(item.ts), this.room ? `#${this.room}` : '', item.seq ? `seq ${item.seq}` : ''];
    return el('div', { class: 'wire-said' }, el('small', {}, where.filter(Boolean).join(' · ')), el('div', { class: 'cut', dir: 'auto' }, plain(item.text)));
  }

  #waterfall(rows) {
    const { t } = this.lang;
    const sums = summary(this.steps);
    const end = Math.max(1, sums.total);
    const numbers = [[`${sums.total.toFixed(1)} ms`, 'wire.total'], [sums.invocations, 'wire.invocations'], [sums.calls, 'wire.calls'], [sums.posts, 'wire.posts']];
    const axis = [0, 0.25, 0.5, 0.75, 1].map((part) => el('span', {}, part === 1 ? `${Math.round(end)} ms` : String(Math.round(end * part))));
    const chosen = rows.find(({ key }) => key === this.chosen);
    return [
      el('div', { class: 'wire-sums' }, ...numbers.map(([value, words]) => el('div', {}, el('b', {}, String(value)), t(words)))),
      el('div', { class: 'wire-axis', 'aria-hidden': 'true' }, ...axis),
      el('ul', { class: 'wire-rows', 'aria-label': t('wire.title') }, ...rows.map((row) => el('li', {}, this.#row(row, end)))),
      ...(chosen?.detail ? [this.#detail(chosen)] : []),
      el('p', { class: 'wire-note' }, t('wire.aws', sums)),
    ];
  }

  #row(row, end) {
    const { t } = this.lang;
    const bar = el('i', { class: row.kind === 'frame' ? 'dot' : row.error ? 'refused' : '' });
    bar.style.left = `${Math.min(98, row.start / end * 100)}%`;
    bar.style.width = `${Math.max(1, row.duration / end * 100)}%`;
    const name = `${row.name}${row.count > 1 ? ` ×${row.count}` : ''}`;
    const why = row.error ? t('wire.refused', { error: row.error }) : row.why ? t(row.why, { seq: this.item.seq ?? '' }) : row.count > 1 ? t('wire.others') : row.who;
    const says = `${name}, ${why}, ${t('wire.says', { start: row.start.toFixed(1), duration: row.duration.toFixed(1) })}`;
    const choose = () => {
      this.chosen = this.chosen === row.key ? null : row.key;
      this.focus = row.key;
      this.#draw();
    };
    return el(
      'button', { type: 'button', class: `wire-row ${row.kind}`, 'data-key': row.key, 'data-count': row.count, 'aria-pressed': String(row.key === this.chosen), 'aria-label': says, on: { click: choose } },
      el('span', { class: row.level ? 'wire-name inner cut' : 'wire-name cut' }, name, ' ', el('small', {}, why)), el('span', { class: 'wire-track' }, bar),
      el('span', { class: 'wire-ms' }, (row.kind === 'frame' ? row.start : row.duration).toFixed(1)),
    );
  }

  #detail(row) {
    const { t } = this.lang;
    const copy = el('button', { type: 'button', on: { click: () => this.on.copy(row.detail) } }, icon('copy', 'small'), t('copy'));
    return el('div', { class: 'code' }, el('header', {}, el('span', { class: 'grow cut' }, row.name), copy), el('pre', { tabindex: 0, dir: 'ltr', 'aria-label': row.name }, el('code', {}, row.detail)));
  }

  /** Up and down from row to row; right opens a series, left closes it. */
  #keydown(event) {
    const row = event.target.closest('.wire-row');
    if (!row) return;
    const all = [...this.body.querySelectorAll('.wire-row')];
    const to = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (to) all[Math.max(0, Math.min(all.length - 1, all.indexOf(row) + to))].focus();
    else if (event.key === 'ArrowRight') this.opened.add(row.dataset.key);
    else if (event.key === 'ArrowLeft') this.opened.delete(row.dataset.key);
    else return;
    event.preventDefault();
    this.focus = to ? null : row.dataset.key;
    this.#draw();
  }
}

/** The head of the panel, which index.html leaves empty. */
export function wireHead(root, lang, close) {
  rebuild(byId(root, 'wire-head'), [lang.code], () => [icon('wave'), el('h2', { id: 'wire-title' }, lang.t('wire.title')), tool('close', lang.t('nav.close'), close, { class: 'tool panel-close' })]);
}
