/**
 * Desktop notices and a sound, for what is addressed to someone who does not look. Both are off until they are asked for; the
 * browser is asked for leave only then. Plain HTTP has no notices: `possible` says so.
 */
import { isDirect, sign } from '../store/room.js';
import { plain } from '../text/parse.js';

export class Notices {
  /** on: {open(room)} */
  constructor(preferences, on) {
    this.preferences = preferences;
    this.on = on;
    this.told = new Map(); // room → the number up to which notices were given
    this.sounding = null;
  }

  get possible() {
    return window.isSecureContext && 'Notification' in window;
  }

  get allowed() {
    return this.possible && Notification.permission === 'granted' && this.preferences.get('desktop');
  }

  /** Ask the browser for leave; true if there is. To be called from a click. */
  async ask() {
    if (!this.possible) return false;
    const answer = await Notification.requestPermission();
    this.preferences.set('desktop', answer === 'granted');
    return answer === 'granted';
  }

  look({ rooms, focus, me }, lang) {
    for (const room of Object.values(rooms)) {
      const { log } = room;
      if (log.seen === null) continue;
      const from = this.told.get(room.id);
      this.told.set(room.id, log.seen);
      if (from === undefined || from >= log.seen || (!document.hidden && room.id === focus)) continue;
      for (const event of log.messages.from(from + 1)) if (event.seq <= log.seen && this.#isForMe(event, room, me)) this.#tell(event, room, lang);
    }
  }

  #isForMe(event, room, me) {
    const level = this.preferences.level(room.id);
    if (event.deleted || event.user.id === me?.id || event.n <= (room.readN ?? 0) || level === 'none') return false;
    return level === 'all' || isDirect(room.id) || Boolean(event.mentions?.includes(me?.id));
  }

  #tell(event, room, lang) {
    if (this.preferences.get('sound')) this.#sound();
    if (!this.allowed || !document.hidden) return;
    const title = isDirect(room.id) ? event.user.name : lang.t('notice.title', { name: event.user.name, room: sign(room) });
    const shown = new Notification(title, { body: plain(event.text).slice(0, 200), tag: `pingbox:${room.id}`, icon: 'icon-192.png', dir: 'auto', lang: lang.code });
    shown.onclick = () => {
      window.focus();
      this.on.open(room.id);
      shown.close();
    };
  }

  /** Two soft tones, made here: no file to load. */
  #sound() {
    this.sounding ??= new AudioContext();
    const { currentTime, destination } = this.sounding;
    for (const [index, frequency] of [660, 880].entries()) {
      const tone = this.sounding.createOscillator();
      const volume = this.sounding.createGain();
      const start = currentTime + index * 0.11;
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.06, start);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.18);
      tone.connect(volume).connect(destination);
      tone.start(start);
      tone.stop(start + 0.2);
    }
  }
}
