import { isOnlyEmoji, parse, parseInline, plain } from '/js/text/parse.js';
import { shownAddress } from '/js/text/links.js';
import { findEmoji } from '/js/text/shortcodes.js';
import { textNodes } from '/js/text/nodes.js';
import { measure, tidy } from '/js/text/measure.js';
import { cleanName, initials, isGoodName, roomId, tails } from '/js/text/names.js';
import { equal, ok, seeded, suite } from './harness.js';

const test = suite(import.meta.url);
const bold = (...inline) => ({ type: 'bold', inline });
const italic = (...inline) => ({ type: 'italic', inline });
const code = (text) => ({ type: 'code', text });
const link = (url) => ({ type: 'link', url });
const html = (text) => textNodes(text).map((node) => node.outerHTML).join('');

test('bold, italic and code', () => {
  equal(parseInline('a **b** *c* `d`'), ['a ', bold('b'), ' ', italic('c'), ' ', code('d')]);
  equal(parseInline('**a `**` b**'), [bold('a ', code('**'), ' b')], 'code is not looked into');
});

test('what only looks like markup stays as typed', () => {
  for (const plain of ['2*3*4', 'a * b * c', '** b **', '*', '**', '``', '***', 'snake_case_name', '5 ** 2', ':nope:', '::', '10:30:45']) {
    equal(parseInline(plain), [plain]);
  }
});

test('addresses become links, without the punctuation around them', () => {
  equal(parseInline('see https://a.example/x?y=1#z.'), ['see ', link('https://a.example/x?y=1#z'), '.']);
  equal(parseInline('(http://a.example)'), ['(', link('http://a.example'), ')']);
  equal(parseInline('https://de.wikipedia.org/wiki/Ping_(Netz)'), [link('https://de.wikipedia.org/wiki/Ping_(Netz)')]);
  equal(parseInline('HTTPS://A.example'), [link('HTTPS://A.example')]);
});

test('nothing but http and https becomes a link', () => {
  for (const text of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'https://', 'http:// a', 'xhttps://a.example', '[a](https']) {
    ok(parseInline(text).every((part) => typeof part === 'string'), text);
  }
});

test('quotes, fences and lines', () => {
  equal(parse('> a\n> b\nc\nd'), [
    { type: 'quote', inline: ['a', { type: 'break' }, 'b'] }, { type: 'text', inline: ['c', { type: 'break' }, 'd'] },
  ]);
  equal(parse('x\n```js\n**a**\n\n```\ny'), [
    { type: 'text', inline: ['x'] }, { type: 'code', language: 'js', text: '**a**\n' }, { type: 'text', inline: ['y'] },
  ]);
  equal(parse('```\nnever closed'), [{ type: 'text', inline: ['```', { type: 'break' }, 'never closed'] }]);
});

test('shortcodes people know, and emoji on their own', () => {
  equal(parseInline('yes :tada:'), ['yes ', '🎉']);
  ok(isOnlyEmoji(parse('👍🏽 ❤️ 👨‍👩‍👧')), 'three are large');
  ok(!isOnlyEmoji(parse('👍 ok')) && !isOnlyEmoji(parse('👍👍👍👍')) && !isOnlyEmoji(parse('12')), 'others are not');
});

test('the nodes hold what was typed as text, and nothing else', () => {
  equal(html('<img src=x onerror=alert(1)>'), '<p dir="auto">&lt;img src=x onerror=alert(1)&gt;</p>');
  equal(html('**</script><b>**'), '<p dir="auto"><strong>&lt;/script&gt;&lt;b&gt;</strong></p>');
  equal(
    html('https://a.example/"onmouseover="x'),
    '<p dir="auto"><a href="https://a.example/" target="_blank" rel="noopener noreferrer nofollow ugc" dir="ltr">https://a.example/</a>"onmouseover="x</p>',
  );
});

test('no text is lost or made up, whatever people type', () => {
  const pieces = ['*', '**', '`', '```', '\n', '> ', '- ', '1. ', '_', '~~', ' ', 'a', 'ß', '😀', ':', ':x:', 'https://a.example', '<b>', '(', ')', '"', '\u202e', '&amp;'];
  const marks = /[*`>_~\s\u202e-]|\d\. |1\.|U\+202E|:x:|❌/g; // what formatting may take away or turn into something else
  for (let seed = 0; seed < 2000; seed += 1) {
    const random = seeded(seed);
    const text = Array.from({ length: 1 + Math.floor(random() * 14) }, () => pieces[Math.floor(random() * pieces.length)]).join('');
    const nodes = textNodes(text);
    const shown = nodes.map((node) => node.textContent).join('');
    equal(shown.replace(marks, ''), text.replace(marks, ''), JSON.stringify(text));
    for (const node of nodes.flatMap((each) => [each, ...each.querySelectorAll('*')])) {
      ok(['P', 'BLOCKQUOTE', 'PRE', 'CODE', 'STRONG', 'EM', 'S', 'A', 'BR', 'UL', 'OL', 'LI', 'DIV', 'SPAN'].includes(node.tagName), `${node.tagName} from ${text}`);
    }
  }
});

test('the longest message of the worst characters is parsed in one go', () => {
  for (const piece of ['*', '**', '`', '** ', '*a', ':', '(http://', '> ', '```\n', '**a']) {
    const blocks = parse(piece.repeat(4000 / piece.length));
    ok(blocks.length > 0, piece);
  }
});

test('the length is counted in code points and bytes, after tidying', () => {
  const limits = { text: 10, textBytes: 24 };
  equal(measure('  hi\u0000\u0007 \n', limits).trimmed, 'hi');
  equal([measure('1234567890', limits).fits, measure('12345678901', limits).fits], [true, false]);
  equal([measure('😀'.repeat(6), limits).fits, measure('😀'.repeat(7), limits).fits], [true, false], 'four bytes each');
  equal(measure('12345678901', limits).left, -1);
  equal(tidy('a\ud800b\tc'), 'a\ufffdb\tc', 'half a character would not survive the way');
});

test('names: one line, nothing invisible, 1 to 32 characters', () => {
  equal(cleanName('  Ana\n \u202eRuiz\u200b '), 'Ana Ruiz');
  equal([isGoodName(cleanName('\u200b\u3164')), isGoodName('😀'.repeat(32)), isGoodName('😀'.repeat(33))], [false, true, false]);
});

test('initials', () => {
  equal([initials('Ana Ruiz'), initials('chi'), initials('😀 Io'), initials('')], ['AR', 'CH', '😀I', '?']);
});

test('room ids are made of what people type', () => {
  equal(
    ['Book Club!', '#General', '  Über uns  ', 'Straße 7', '---', '日本', 'a'.repeat(60), `${'x'.repeat(47)} y`].map(roomId),
    ['book-club', 'general', 'uber-uns', 'strasse-7', '', '', 'a'.repeat(48), 'x'.repeat(47)],
  );
});

test('people of the same name are told apart by the end of their id', () => {
  const people = [{ id: 'g-aaaa1', name: 'Bo' }, { id: 'g-bbbb2', name: 'Bo' }, { id: 'g-c', name: 'Chi' }];
  equal([...tails(people).values()], ['aaa1', 'bbb2', '']);
});

test('lists, strike, italics with underscores, the language of code', () => {
  equal(parse('- one\n- *two*\n3. three'), [
    { type: 'list', ordered: false, start: 1, items: [['one'], [{ type: 'italic', inline: ['two'] }]] },
    { type: 'list', ordered: true, start: 3, items: [['three']] },
  ]);
  equal(parseInline('~~no~~ _so_ snake_case_name 5 ~ 6'), [
    { type: 'strike', inline: ['no'] }, ' ', { type: 'italic', inline: ['so'] }, ' snake_case_name 5 ~ 6',
  ]);
  equal(parse('```Python\nx\n```'), [{ type: 'code', language: 'python', text: 'x' }]);
  equal(plain('> a **b**\n- c\n```\nd\n```'), 'a b c d');
});

test('an address is shown as what it is: no hidden turn of the line, no letters that only look alike', () => {
  equal(shownAddress('https://a.example/\u202Egpj.exe'), ['https://a.example/', { control: 'U+202E' }, 'gpj.exe']);
  equal(shownAddress('https://p\u0430ypal.example/'), ['https://xn--pypal-4ve.example/']);
  equal(shownAddress('https://пример.example/'), ['https://пример.example/'], 'one script beside Latin endings');
  equal(shownAddress('https://例え.example/x'), ['https://例え.example/x']);
});

test('emoji are found by the beginning of their name first', () => {
  equal(findEmoji('ta', 2).map(([code]) => code), ['tada', 'star_struck']);
  equal(findEmoji('zzzz', 5), []);
});
