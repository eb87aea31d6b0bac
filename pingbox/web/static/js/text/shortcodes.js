/** The emoji of the picker in their groups, by the shortcodes that people know by heart. The system's keyboard has the others. */
export const GROUPS = {
  faces: {
    smile: '😄', grin: '😁', joy: '😂', rofl: '🤣', sweat_smile: '😅', slight_smile: '🙂', wink: '😉', blush: '😊', innocent: '😇',
    heart_eyes: '😍', star_struck: '🤩', kissing_heart: '😘', yum: '😋', thinking: '🤔', neutral: '😐', smirk: '😏', relieved: '😌',
    sleeping: '😴', sunglasses: '😎', nerd: '🤓', confused: '😕', worried: '😟', open_mouth: '😮', pleading: '🥺', cry: '😢', sob: '😭',
    scream: '😱', angry: '😠', rage: '😡', exploding_head: '🤯', partying: '🥳', upside_down: '🙃', zany: '🤪', mask: '😷', ghost: '👻',
    robot: '🤖',
  },
  hands: {
    '+1': '👍', '-1': '👎', wave: '👋', clap: '👏', raised_hands: '🙌', pray: '🙏', muscle: '💪', ok_hand: '👌', v: '✌️', handshake: '🤝',
    point_up: '☝️', point_right: '👉', crossed_fingers: '🤞', heart_hands: '🫶', salute: '🫡', shrug: '🤷', facepalm: '🤦', eyes: '👀',
    brain: '🧠', heart: '❤️', orange_heart: '🧡', green_heart: '💚', blue_heart: '💙', broken_heart: '💔',
  },
  things: {
    tada: '🎉', rocket: '🚀', fire: '🔥', sparkles: '✨', star: '⭐', hundred: '💯', bulb: '💡', bug: '🐛', wrench: '🔧', hammer: '🔨',
    package: '📦', lock: '🔒', key: '🔑', bell: '🔔', memo: '📝', chart: '📈', calendar: '📅', pin: '📌', link: '🔗', laptop: '💻',
    phone: '📱', bomb: '💣', gift: '🎁', trophy: '🏆', coffee: '☕', tea: '🍵', beer: '🍺', cake: '🍰', pizza: '🍕', apple: '🍎',
    ship: '🚢', car: '🚗', bike: '🚲', house: '🏠', cloud: '☁️', cat: '🐱', dog: '🐶', seedling: '🌱', sun: '☀️', rain: '🌧️',
    snow: '❄️', moon: '🌙',
  },
  signs: {
    check: '✅', x: '❌', warning: '⚠️', question: '❓', exclamation: '❗', info: 'ℹ️', stop: '🛑', no_entry: '⛔', recycle: '♻️', plus: '➕',
    minus: '➖', arrow_up: '⬆️', arrow_down: '⬇️', arrow_right: '➡️', hourglass: '⏳', zzz: '💤', red_circle: '🔴', green_circle: '🟢',
  },
};

const ALIASES = { thumbsup: '👍', thumbsdown: '👎', cool: '😎', 100: '💯', white_check_mark: '✅', heavy_check_mark: '✅', party: '🎉', thanks: '🙏' };

export const SHORTCODES = Object.assign({}, ...Object.values(GROUPS), ALIASES);

/** [[code, emoji]] whose code begins with `start`, then those that hold it, at most `limit`. */
export function findEmoji(start, limit) {
  const all = Object.entries(SHORTCODES);
  const begins = all.filter(([code]) => code.startsWith(start));
  const holds = all.filter(([code]) => !code.startsWith(start) && code.includes(start));
  const seen = new Set();
  return [...begins, ...holds].filter(([, emoji]) => !seen.has(emoji) && seen.add(emoji)).slice(0, limit);
}
