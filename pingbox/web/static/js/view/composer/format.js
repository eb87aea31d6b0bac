/** Formatting in the text field: marks around what is selected, or in front of its lines. Undo takes it back. */
const AROUND = { bold: '**', italic: '_', strike: '~~', code: '`' };
const BEFORE = { quote: '> ', list: '- ' };

/** The kind of formatting that a key asks for, or null. */
export function shortcut(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (event.shiftKey) return key === 'x' ? 'strike' : null;
  return { b: 'bold', i: 'italic', e: 'code' }[key] ?? null;
}

export function wrap(text, kind) {
  const { selectionStart: start, selectionEnd: end, value } = text;
  const chosen = value.slice(start, end);
  if (Object.hasOwn(BEFORE, kind)) return lines(text, BEFORE[kind]);
  if (kind === 'block') return block(text, chosen);
  const mark = AROUND[kind];
  const inside = value.slice(start - mark.length, start) === mark && value.slice(end, end + mark.length) === mark;
  if (inside) {
    text.setSelectionRange(start - mark.length, end + mark.length);
    replace(text, chosen);
    return text.setSelectionRange(start - mark.length, end - mark.length);
  }
  replace(text, mark + chosen + mark);
  return text.setSelectionRange(start + mark.length, end + mark.length);
}

function lines(text, mark) {
  const { value } = text;
  const start = value.lastIndexOf('\n', text.selectionStart - 1) + 1;
  const end = text.selectionEnd;
  text.setSelectionRange(start, end);
  replace(text, value.slice(start, end).split('\n').map((line) => (line.startsWith(mark) ? line.slice(mark.length) : mark + line)).join('\n'));
}

function block(text, chosen) {
  const before = text.selectionStart > 0 && text.value[text.selectionStart - 1] !== '\n' ? '\n' : '';
  const start = text.selectionStart + before.length + 4;
  replace(text, `${before}\`\`\`\n${chosen}\n\`\`\``);
  text.setSelectionRange(start + chosen.length, start + chosen.length);
}

function replace(text, words) {
  if (!document.execCommand('insertText', false, words)) text.setRangeText(words, text.selectionStart, text.selectionEnd, 'end');
}

/** Is the caret inside a block of code that is not closed before it? */
export function fence(text) {
  const before = text.value.slice(0, text.selectionStart).split('\n').filter((line) => line.startsWith('```'));
  return before.length % 2 === 1;
}
