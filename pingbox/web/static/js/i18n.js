/**
 * The page's words, numbers and times in one language. English comes with the page; every other language is one file in
 * lang/, fetched when it is wanted, and one line here.
 */
import { en } from './lang/en.js';

export const LANGUAGES = { en: { name: 'English', dir: 'ltr' }, de: { name: 'Deutsch', dir: 'ltr' }, ar: { name: 'العربية', dir: 'rtl' } };

/** The first of the reader's languages that we speak. */
export function choose(wanted) {
  const spoken = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((code) => Object.hasOwn(LANGUAGES, code));
  return spoken ?? 'en';
}

/** The words of a language; English ones where the file cannot be had. */
export async function loadWords(code, fetch) {
  if (code === 'en') return en;
  try {
    const response = await fetch(`lang/${code}.json`);
    return response.ok ? await response.json() : en;
  } catch {
    return en; // offline: better in English than not at all
  }
}

/**
 * `wanted`: the reader's language tags; one of this language says how its region writes times (en-GB, de-AT).
 * `clock24`: true or false, or null as the region does.
 */
export function speak(code, words = en, wanted = /** @type {readonly string[]} */ ([]), clock24 = null) {
  const region = wanted.find((tag) => tag.toLowerCase().startsWith(code)) ?? code;
  const hour = clock24 === null ? {} : { hourCycle: clock24 ? 'h23' : 'h12' };
  const plurals = new Intl.PluralRules(code);
  const format = (options) => new Intl.DateTimeFormat(region, options);
  const time = format({ hour: /** @type {const} */ ('2-digit'), minute: '2-digit', ...hour });
  const formats = {
    day: format({ weekday: 'long', day: 'numeric', month: 'long' }), dayOfYear: format({ day: 'numeric', month: 'long', year: 'numeric' }),
    weekday: format({ weekday: 'short' }), date: format({ day: 'numeric', month: 'short' }),
  };
  const exact = format({ dateStyle: 'full', timeStyle: 'medium', ...hour });
  const relative = new Intl.RelativeTimeFormat(code, { numeric: 'auto' });
  const number = new Intl.NumberFormat(code);
  const enumerate = new Intl.ListFormat(code, { type: 'conjunction' });
  const { hour12 } = time.resolvedOptions();
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');

  function t(key, values = {}) {
    const entry = words[key] ?? en[key];
    if (typeof entry === 'string') return fill(entry, values);
    return fill(entry[plurals.select(values.count)] ?? entry.other, { ...values, count: number.format(values.count) });
  }

  /** 09:31: no am and pm, for it stands in narrow places; the exact time is in the title. */
  function clock(ts) {
    return time.formatToParts(ts).filter(({ type }) => type !== 'dayPeriod').map(({ value }) => value).join('').trim();
  }

  return {
    code, t, hour12: hour12 === true, dir: LANGUAGES[code].dir,
    reason: (error) => (Object.hasOwn(en, `error.${error}`) ? t(`error.${error}`) : t('error.unknown', { code: error })),
    time: clock,
    exact: (ts) => exact.format(ts),
    day: (ts, now) => dayLabel(ts, now, t, formats),
    moment: (ts, now) => momentOf(ts, now ?? Date.now(), clock, formats),
    ago: (ts, now) => ago(relative, ts, now),
    list: (names) => enumerate.format(names),
  };
}

function daysBetween(ts, now) {
  const midnight = (time) => new Date(time).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(ts)) / 86_400_000);
}

function dayLabel(ts, now, t, { day, dayOfYear }) {
  const days = daysBetween(ts, now);
  if (days === 0) return t('day.today');
  if (days === 1) return t('day.yesterday');
  return (days > 0 && days < 300 ? day : dayOfYear).format(ts);
}

/** In short: the time today, the weekday this week, else the date. */
function momentOf(ts, now, clock, { weekday, date }) {
  const days = daysBetween(ts, now);
  if (days === 0) return clock(ts);
  return (days > 0 && days < 7 ? weekday : date).format(ts);
}

function ago(relative, ts, now) {
  const minutes = Math.round((ts - now) / 60_000);
  if (minutes > -1) return relative.format(0, 'minute');
  if (minutes > -60) return relative.format(minutes, 'minute');
  if (minutes > -24 * 60) return relative.format(Math.round(minutes / 60), 'hour');
  return relative.format(Math.round(minutes / 1440), 'day');
}
