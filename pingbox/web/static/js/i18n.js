/** The page's words, numbers and times in one language. A new language is one file in lang/ and one line here. */
import { de } from './lang/de.js';
import { en } from './lang/en.js';

export const LANGUAGES = { en: { name: 'English', words: en }, de: { name: 'Deutsch', words: de } };

/** The first of the reader's languages that we speak. */
export function choose(wanted) {
  const spoken = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((code) => Object.hasOwn(LANGUAGES, code));
  return spoken ?? 'en';
}

/** `wanted`: the reader's language tags; one of this language says how its region writes times (en-GB, de-AT). */
export function speak(code, wanted = []) {
  const { words } = LANGUAGES[code];
  const region = wanted.find((tag) => tag.toLowerCase().startsWith(code)) ?? code;
  const plurals = new Intl.PluralRules(code);
  const time = new Intl.DateTimeFormat(region, { hour: 'numeric', minute: '2-digit' });
  const day = new Intl.DateTimeFormat(region, { weekday: 'long', day: 'numeric', month: 'long' });
  const dayOfYear = new Intl.DateTimeFormat(region, { day: 'numeric', month: 'long', year: 'numeric' });
  const exact = new Intl.DateTimeFormat(region, { dateStyle: 'full', timeStyle: 'medium' });
  const relative = new Intl.RelativeTimeFormat(code, { numeric: 'auto' });
  const number = new Intl.NumberFormat(code);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');

  function t(key, values = {}) {
    const entry = words[key] ?? en[key];
    if (typeof entry === 'string') return fill(entry, values);
    return fill(entry[plurals.select(values.count)] ?? entry.other, { ...values, count: number.format(values.count) });
  }

  return {
    code, t,
    reason: (error) => (Object.hasOwn(en, `error.${error}`) ? t(`error.${error}`) : t('error.unknown', { code: error })),
    time: (ts) => time.format(ts),
    exact: (ts) => exact.format(ts),
    day: (ts, now) => dayLabel(ts, now, { t, day, dayOfYear }),
    ago: (ts, now) => ago(relative, ts, now),
  };
}

function dayLabel(ts, now, { t, day, dayOfYear }) {
  const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(now) - midnight(ts)) / 86_400_000);
  if (days === 0) return t('day.today');
  if (days === 1) return t('day.yesterday');
  return (days > 0 && days < 300 ? day : dayOfYear).format(ts);
}

function ago(relative, ts, now) {
  const minutes = Math.round((ts - now) / 60_000);
  if (minutes > -1) return relative.format(0, 'minute');
  if (minutes > -60) return relative.format(minutes, 'minute');
  if (minutes > -24 * 60) return relative.format(Math.round(minutes / 60), 'hour');
  return relative.format(Math.round(minutes / 1440), 'day');
}
