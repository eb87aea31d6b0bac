/** The shortcodes people know by heart. The emoji keyboard of the system has all the others. */
export const SHORTCODES = {
  smile: '😄', grin: '😁', joy: '😂', rofl: '🤣', slight_smile: '🙂', wink: '😉', blush: '😊', heart_eyes: '😍',
  kissing_heart: '😘', thinking: '🤔', neutral: '😐', smirk: '😏', relieved: '😌', sleeping: '😴', cool: '😎',
  sunglasses: '😎', confused: '😕', worried: '😟', cry: '😢', sob: '😭', scream: '😱', angry: '😠', rage: '😡',
  upside_down: '🙃', shrug: '🤷', facepalm: '🤦', wave: '👋', '+1': '👍', thumbsup: '👍', '-1': '👎',
  thumbsdown: '👎', clap: '👏', pray: '🙏', muscle: '💪', ok_hand: '👌', point_up: '☝️', raised_hands: '🙌',
  eyes: '👀', heart: '❤️', broken_heart: '💔', fire: '🔥', sparkles: '✨', star: '⭐', tada: '🎉', rocket: '🚀',
  bug: '🐛', coffee: '☕', beer: '🍺', cake: '🍰', pizza: '🍕', bulb: '💡', check: '✅', x: '❌', warning: '⚠️',
  question: '❓', exclamation: '❗', hundred: '💯', 100: '💯', ship: '🚢', lock: '🔒', sun: '☀️', rain: '🌧️', snow: '❄️',
};
