// The page: tables of groups and confusions, and the sentences with their search.

const data = JSON.parse(document.getElementById('data').textContent);
const paired = data.runs.length === 2;
const SHOWN_CONFUSIONS = 10;

const percent = (value) => (value === null ? '–' : value.toFixed(2));
const signed = (value, digits) => (value === null ? '–' : `${value > 0 ? '+' : ''}${value.toFixed(digits)}`);
const minus = (b, a) => (a === null || b === null ? null : b - a);

/** A number over a bar as long as its share of the largest. */
function barCell(value, largest) {
  if (value === null) return '–';
  const bar = make('span', { class: 'bar', 'aria-hidden': 'true' });
  bar.style.width = `${(100 * value) / Math.max(largest, 1e-9)}%`;
  return make('span', { class: 'barred' }, bar, make('span', { text: percent(value) }));
}

function numeric(key, title, value, more = {}) {
  return { key, title, value, numeric: true, ...more };
}

/** Error rates of the groups of one kind: rows of [name, wer, sub, del, ins, sentences, words] by run. */
function groupTable(kind, title, caption) {
  const others = new Map(paired ? data.runs[1].groups[kind].map((row) => [row[0], row]) : []);
  const absent = [null, null, 0, 0, 0, 0, 0];
  const rows = data.runs[0].groups[kind].map((row, order) => ({ name: row[0], order, a: row, b: others.get(row[0]) || absent }));
  const known = new Set(rows.map((row) => row.name));
  for (const [name, b] of others) if (!known.has(name)) rows.push({ name, order: rows.length, a: absent, b });
  const largest = Math.max(...rows.flatMap((row) => [row.a[1] || 0, row.b[1] || 0]));
  const named = { key: 'name', title, value: kind === 'signer' ? (row) => row.name : (row) => row.order, cell: (row) => row.name || '(none)' };
  const rate = (key, heading, run) => numeric(key, heading, (row) => row[run][1], { cell: (row) => barCell(row[run][1], largest) });
  const counts = [numeric('sentences', 'Sentences', ({ a, b }) => Math.max(a[5], b[5])), numeric('words', 'Words', ({ a, b }) => Math.max(a[6], b[6]))];
  const columns = paired
    ? [named, rate('a', 'A: WER %', 'a'), rate('b', 'B: WER %', 'b'),
      numeric('difference', 'B − A', ({ a, b }) => minus(b[1], a[1]), { cell: ({ a, b }) => signed(minus(b[1], a[1]), 2) }), ...counts]
    : [named, rate('wer', 'WER %', 'a'), ...['Sub', 'Del', 'Ins'].map((text, i) => numeric(text, text, ({ a }) => a[2 + i])), ...counts];
  return new DataTable(document.getElementById(`by-${kind}`), { caption, columns, rows, pageSize: 20 });
}

/** How often glosses were confused, missed or made up; a button shows the sentences. */
function confusionTable(op, caption, titles) {
  const rows = new Map();
  data.runs.forEach((run, index) => {
    for (const entry of run.confusions[op]) {
      const glosses = entry.slice(0, -1);
      const key = JSON.stringify(glosses);
      if (!rows.has(key)) rows.set(key, { glosses, counts: data.runs.map(() => 0) });
      rows.get(key).counts[index] = entry[entry.length - 1];
    }
  });
  const columns = titles.map((title, i) => ({ key: `gloss${i}`, title, value: (row) => row.glosses[i] }));
  if (paired) {
    columns.push(numeric('a', 'A', (row) => row.counts[0]), numeric('b', 'B', (row) => row.counts[1]),
      numeric('difference', 'B − A', (row) => row.counts[1] - row.counts[0], { cell: (row) => signed(row.counts[1] - row.counts[0], 0) }));
  } else {
    columns.push(numeric('a', 'Times', (row) => row.counts[0]));
  }
  columns.push({
    key: 'show',
    title: 'Sentences',
    cell: (row) => {
      const text = inWords({ op, ref: row.glosses[0], hyp: row.glosses[row.glosses.length - 1] });
      const button = make('button', { type: 'button', text: 'Show', 'aria-label': `Show sentences: ${text}` });
      button.addEventListener('click', () => search.showOnly({ op, glosses: row.glosses, text }));
      return button;
    },
  });
  return new DataTable(document.getElementById(`confusions-${op}`), {
    caption, columns, rows: [...rows.values()], pageSize: SHOWN_CONFUSIONS, sort: { key: 'a', direction: -1 },
  });
}

function hasStep(sentence, { op, glosses }) {
  const [ref, hyp] = { S: glosses, D: [glosses[0], null], I: [null, glosses[0]] }[op];
  // What the word for an empty hypothesis replaced counts as missed.
  return sentence.runs.some((run) => stepsOf(sentence, run).some((step) => (op === 'D'
    ? step.ref === ref && (step.op === 'D' || (step.op === 'S' && step.hyp.toUpperCase() === '[EMPTY]'))
    : step.op === op && (op === 'I' || step.ref === ref) && step.hyp === hyp)));
}

const count = (run, op) => run.ops.split(op).length - 1;
const changed = ({ runs: [a, b] }) => a.hyp.join(' ') !== b.hyp.join(' ');

const FILTERS = paired
  ? [
    ['all', 'all sentences', () => true],
    ['changed', 'recognized differently', changed],
    ['better', 'B better', ({ runs: [a, b] }) => b.errors < a.errors],
    ['worse', 'A better', ({ runs: [a, b] }) => a.errors < b.errors],
    ['even', 'different, equally many errors', (s) => changed(s) && s.runs[0].errors === s.runs[1].errors],
  ]
  : [
    ['all', 'all sentences', () => true],
    ['wrong', 'with errors', ({ runs: [a] }) => a.errors > 0],
    ['right', 'without errors', ({ runs: [a] }) => a.errors === 0],
    ['S', 'with substitutions', ({ runs: [a] }) => a.ops.includes('S')],
    ['D', 'with deletions', ({ runs: [a] }) => a.ops.includes('D')],
    ['I', 'with insertions', ({ runs: [a] }) => a.ops.includes('I')],
  ];

function sentenceColumns() {
  const named = {
    key: 'name',
    title: 'Sentence',
    value: (s) => s.id,
    cell: (s) => make('span', {}, make('span', { class: 'id', text: s.id }), make('span', { class: 'signer', text: s.signer })),
  };
  const words = numeric('words', 'Words', (s) => s.words, { hint: 'words of the reference' });
  const alignment = {
    key: 'wide',
    title: 'Reference and hypothesis',
    cell: (s) => make('div', {}, ...s.runs.map((run, i) => drawAlignment(s, run, paired ? 'AB'[i] : '')), timesOf(s)),
  };
  if (paired) {
    return [named, words,
      numeric('a', 'Errors A', ({ runs }) => runs[0].errors), numeric('b', 'Errors B', ({ runs }) => runs[1].errors),
      numeric('difference', 'B − A', ({ runs: [a, b] }) => b.errors - a.errors, { cell: ({ runs: [a, b] }) => signed(b.errors - a.errors, 0) }),
      alignment];
  }
  return [named, words,
    ...[['S', 'substitutions'], ['D', 'deletions'], ['I', 'insertions']].map(
      ([op, hint]) => numeric(op, op[0], ({ runs }) => count(runs[0], op), { hint })),
    numeric('errors', 'Errors', ({ runs }) => runs[0].errors),
    numeric('wer', 'WER %', ({ words: n, runs }) => (n ? (100 * runs[0].errors) / n : null), { cell: ({ words: n, runs }) => percent(n ? (100 * runs[0].errors) / n : null) }),
    alignment];
}

/** The sentences and what narrows them down. */
class Search {
  constructor() {
    for (const name of ['query', 'filter', 'signer', 'only', 'matches', 'reset']) this[name] = document.getElementById(name);
    this.step = null;
    this.filter.append(...FILTERS.map(([value, text]) => make('option', { value, text })));
    const signers = [...new Set(data.sentences.map((s) => s.signer))].sort(collator.compare);
    this.signer.append(make('option', { value: 'any', text: 'all' }), ...signers.map((name, i) => make('option', { value: i, text: name || '(none)' })));
    this.signers = signers;
    for (const s of data.sentences) {
      s.text = [s.id, s.signer, ...s.ref, ...s.runs.flatMap((run) => run.hyp)].join('\n').toLowerCase();
    }
    this.table = new DataTable(document.getElementById('sentence-table'), {
      caption: paired ? 'Sentences of both runs' : 'Sentences',
      columns: sentenceColumns(),
      rows: data.sentences,
      pageSizes: [25, 50, 100, 250, 1000],
      sort: paired ? { key: 'difference', direction: 1 } : { key: 'errors', direction: -1 },
    });
    this.query.addEventListener('input', () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.run(), 120);
    });
    for (const box of [this.filter, this.signer]) box.addEventListener('change', () => this.run());
    this.only.addEventListener('click', () => {
      this.step = null;
      this.run();
      this.query.focus();
    });
    this.reset.addEventListener('click', () => {
      this.clear();
      this.run();
      this.query.focus();
    });
    this.run();
  }

  clear() {
    this.query.value = '';
    this.filter.value = 'all';
    this.signer.value = 'any';
    this.step = null;
  }

  /** Only sentences that hold a step of an alignment. */
  showOnly(step) {
    this.clear();
    this.step = step;
    this.run();
    document.getElementById('sentences').scrollIntoView();
    this.only.focus({ preventScroll: true });
  }

  run() {
    const words = this.query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const accepted = FILTERS.find(([value]) => value === this.filter.value)[2];
    const signer = this.signer.value === 'any' ? null : this.signers[Number(this.signer.value)];
    const rows = data.sentences.filter((s) => accepted(s)
      && (signer === null || s.signer === signer)
      && words.every((word) => s.text.includes(word))
      && (!this.step || hasStep(s, this.step)));
    this.only.hidden = !this.step;
    this.only.textContent = this.step ? `Only: ${this.step.text} ✕` : '';
    this.table.show(rows);
    this.matches.textContent = `${rows.length} of ${data.sentences.length} sentences`;
  }
}

for (const box of document.querySelectorAll('.scroll')) makeScroller(box, 'Both runs'); // the one that is there already
groupTable('signer', 'Signer', 'WER by signer');
groupTable('length', 'Length', 'WER by length of the reference (words)');
groupTable('frequency', 'Seen', 'WER by frequency of the gloss');
confusionTable('S', 'Glosses taken for others', ['Reference', 'Taken for']);
confusionTable('D', 'Glosses most often missed (deleted)', ['Gloss']);
confusionTable('I', 'Glosses most often made up (inserted)', ['Gloss']);
const search = new Search();
document.documentElement.dataset.ready = 'yes';
