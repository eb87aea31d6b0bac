/** What can be asked for by words: `/command` in the text field, `>` in the switcher, and the menu of the room. */
import { isDirect } from './store/room.js';
import { menu } from './view/popup.js';

/** {name, words} of the commands that the text field completes. */
export function slashCommands({ lang, deeds, chat }) {
  const room = chat.state.rooms[chat.state.focus];
  const names = ['me', ...(deeds.mayEdit(room) ? ['topic'] : []), 'dm', 'invite', 'leave', 'help'];
  return names.map((name) => ({ name, words: lang.t(`command.${name}`) }));
}

/** Do `/name rest`; false if there is no such command. */
export function slashCommand(name, rest, tools) {
  if (!Object.hasOwn(SLASH, name)) return false;
  return SLASH[name](tools, rest.trim()) !== false;
}

const SLASH = {
  me: ({ chat }, rest) => (rest ? chat.write(`_${rest.replaceAll('_', ' ')}_`) : false),
  topic: ({ deeds, chat }, rest) => (deeds.mayEdit(chat.state.rooms[chat.state.focus]) ? deeds.setTopic(rest) : false),
  dm: ({ deeds, chat }, rest) => {
    const wanted = rest.replace(/^@/, '').toLocaleLowerCase();
    const person = deeds.people().filter(({ name }) => wanted.startsWith(name.toLocaleLowerCase())).sort((a, b) => b.name.length - a.name.length)[0];
    if (!person) return false;
    deeds.message(person);
    const text = rest.replace(/^@/, '').slice(person.name.length).trim();
    const room = text && Object.keys(chat.state.rooms).find((id) => isDirect(id) && id.split(':').includes(person.id));
    return room ? chat.write(text) : undefined;
  },
  invite: ({ deeds, chat }) => deeds.copy(deeds.address(chat.state.focus)),
  leave: ({ deeds, chat }) => {
    deeds.leave(chat.state.focus);
  },
  help: ({ settings }) => settings('keyboard'),
};

/** What the switcher offers: {icon, words, act}. */
export function commands({ chat, deeds, lang, preferences, settings, join, wire }) {
  const { t } = lang;
  const { focus } = chat.state;
  const themes = ['auto', 'light', 'dark'];
  const next = themes[(themes.indexOf(preferences.get('theme')) + 1) % themes.length];
  const room = focus ? [
    { icon: 'link', words: t('room.invite'), act: () => deeds.invite(focus) }, { icon: 'enter', words: t('room.leave'), act: () => deeds.leave(focus) },
  ] : [];
  return [
    { icon: 'plus', words: t('join.title'), act: () => join() }, { icon: 'gear', words: t('settings.title'), act: () => settings() },
    { icon: 'sun', words: t('switch.theme'), act: () => preferences.set('theme', next) }, ...room,
    ...(wire ? [{ icon: 'wave', words: t('wire.title'), act: wire }] : []),
  ];
}

/** The menu behind the three dots of the header. */
export function roomMenu(anchor, { chat, deeds, lang, search, messages, wire }) {
  const { t } = lang;
  const room = chat.state.rooms[chat.state.focus];
  if (!room) return;
  const last = room.log.messages.last;
  menu(anchor, [
    ...(deeds.mayEdit(room) ? [{ icon: 'gear', words: t('room.settings'), act: () => deeds.roomSettings() }] : []),
    ...(isDirect(room.id) ? [] : [{ icon: 'link', words: t('room.invite'), act: () => deeds.invite(room.id) }]),
    { icon: 'search', words: t('search.open'), act: () => search() },
    ...(last ? [{ icon: 'mark', words: t('room.unread'), act: () => deeds.markUnread(last) }] : []),
    { icon: 'all', words: t('room.all'), act: () => messages.showAll() },
    ...(wire ? [{ icon: 'wave', words: t('wire.title'), act: wire }] : []),
    null,
    { icon: 'enter', words: t('room.leave'), bad: true, act: () => deeds.leave(room.id) },
  ], { label: t('room.more') });
}
