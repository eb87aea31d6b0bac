/** What someone chose, and what the system says until they do: language, theme, density, times, notices. All remembered. */

const DEFAULTS = {
  theme: 'auto', density: 'roomy', language: '', times: false, marks: false, clock24: null, sound: false, people: true, notices: 'mentions', desktop: false,
};

export class Preferences {
  constructor(root, storage, onChange) {
    this.root = root;
    this.storage = storage;
    this.onChange = onChange;
    this.chosen = { ...DEFAULTS, ...storage.get('preferences', {}) };
    for (const key of ['theme', 'language']) this.chosen[key] = storage.get(key, this.chosen[key]);
    this.levels = storage.get('notices', {});
    this.#apply();
  }

  get(key) {
    return this.chosen[key];
  }

  set(key, value) {
    this.chosen = { ...this.chosen, [key]: value };
    this.storage.set('preferences', this.chosen);
    if (key === 'theme' || key === 'language') this.storage.set(key, value);
    this.#apply();
    this.onChange(key);
  }

  /** Which notices a room gives: 'all', 'mentions' or 'none'; a direct message is always for me. */
  level(room) {
    const usual = room.startsWith('dm:') ? 'all' : this.chosen.notices;
    return Object.hasOwn(this.levels, room) ? this.levels[room] : usual;
  }

  setLevel(room, level) {
    this.levels = { ...this.levels, [room]: level };
    this.storage.set('notices', this.levels);
    this.onChange('notices');
  }

  #apply() {
    const { dataset } = this.root.documentElement;
    dataset.theme = this.chosen.theme;
    dataset.density = this.chosen.density;
    dataset.times = this.chosen.times ? 'always' : 'hover';
  }
}
