// A sentence: its words aligned with the reference, and when they were signed.

const KINDS = { C: 'correct', S: 'substituted', D: 'deleted', I: 'inserted' };

/** The steps of an alignment: {op, ref, hyp, index}; `index` is that of the word of the hypothesis. */
function stepsOf(sentence, run) {
  let i = 0;
  let j = 0;
  return Array.from(run.ops, (op) => ({
    op,
    ref: op === 'I' ? null : sentence.ref[i++],
    index: op === 'D' ? null : j,
    hyp: op === 'D' ? null : run.hyp[j++],
  }));
}

function inWords({ op, ref, hyp }) {
  return { C: ref, S: `${ref} taken for ${hyp}`, D: `${ref} missed`, I: `${hyp} made up` }[op];
}

/** Reference over hypothesis, with a letter below each error; the same in words for a screen reader. */
function drawAlignment(sentence, run, label) {
  const steps = stepsOf(sentence, run);
  const pairs = steps.map(({ op, ref, hyp }) => make('span', { class: `pair ${KINDS[op]}` },
    make('span', { class: 'ref', text: ref === null ? '·' : ref }),
    make('span', { class: 'hyp', text: hyp === null ? '·' : hyp }),
    make('span', { class: 'mark', text: op === 'C' ? '' : op })));
  return make('div', { class: 'alignment' },
    label ? make('span', { class: 'run', text: label }) : null,
    make('span', { class: 'hidden', text: steps.map(inWords).join('. ') }),
    make('span', { class: 'pairs', 'aria-hidden': 'true' }, ...pairs));
}

function makeSvg(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** What stands where in time: recognized words at their spans, missed ones between their neighbours. */
function placed(sentence, run, end) {
  const steps = stepsOf(sentence, run);
  const known = (step) => step !== undefined && step.index !== null;
  return steps.map((step, position) => {
    if (known(step)) {
      const [start, stop] = run.spans[step.index];
      return { ...step, start, stop };
    }
    let from = position;
    let to = position;
    while (from >= 0 && !known(steps[from])) from -= 1;
    while (to < steps.length && !known(steps[to])) to += 1;
    const left = from >= 0 ? run.spans[steps[from].index][1] : 0;
    const right = to < steps.length ? run.spans[steps[to].index][0] : end;
    const at = left + ((right - left) * (position - from)) / (to - from);
    return { ...step, start: at, stop: at };
  });
}

function labelOf({ op, ref, hyp, index }, run) {
  const text = { C: hyp, S: `${hyp} (S: ${ref})`, D: `D: ${ref}`, I: `${hyp} (I)` }[op];
  return run.confidence && index !== null ? `${text} ${Math.round(100 * run.confidence[index])} %` : text;
}

/** A round distance of ticks, about `count` of them. */
function tickStep(length, count) {
  const power = 10 ** Math.floor(Math.log10(length / count));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= length / count);
}

const LETTER = 6.7; // width of a letter of the labels in pixels, at most
const LINE = 17;
const BOX = 16;
const MARGIN = 12;

/** One track: boxes on a line and their labels above, on as many lines as they need. */
function drawTrack(items, run, scale, width, top) {
  const ends = [];
  const group = makeSvg('g', {});
  const labels = items.map((item) => {
    const text = labelOf(item, run);
    const size = text.length * LETTER;
    const x = Math.max(0, Math.min(scale(item.start), width - size));
    let line = ends.findIndex((end) => end + 8 <= x);
    if (line < 0) line = ends.push(0) - 1;
    ends[line] = x + size;
    return { item, text, x, line };
  });
  const base = top + ends.length * LINE;
  for (const { item, text, x, line } of labels) {
    const kind = KINDS[item.op];
    const left = scale(item.start);
    const y = base - line * LINE - 5;
    const size = Math.max(scale(item.stop) - left, 3);
    group.prepend(makeSvg('path', { class: `leader ${kind}`, d: `M${left + 1.5} ${y + 2}V${base}` })); // below all labels
    group.append(
      makeSvg('text', { class: `label ${kind}`, x, y }, text),
      item.op === 'D'
        ? makeSvg('path', { class: 'gap deleted', d: `M${left + 1.5} ${base}v${BOX}` })
        : makeSvg('rect', { class: `span ${kind}`, x: left, y: base, width: size, height: BOX, rx: 2 }),
    );
  }
  return { group, bottom: base + BOX };
}

/** The words of each run over time, as a picture. */
function drawTimes(sentence, width) {
  const runs = sentence.runs.filter((run) => run.spans);
  const last = Math.max(1, ...runs.flatMap((run) => run.spans.map((span) => span[1])));
  const end = Math.max(sentence.frames || 0, last);
  const unit = sentence.rate || 1;
  const indent = sentence.runs.length > 1 ? 20 : 0;
  const scale = (frame) => MARGIN + indent + (frame / end) * (width - 2 * MARGIN - indent);
  const svg = makeSvg('svg', { role: 'img', 'aria-label': `Glosses of ${sentence.id} over time; the table below has them as text` });
  let top = 4;
  sentence.runs.forEach((run, index) => {
    if (!run.spans) return;
    const { group, bottom } = drawTrack(placed(sentence, run, end), run, scale, width, top);
    if (indent) group.append(makeSvg('text', { class: 'track', x: 0, y: bottom - 3 }, 'AB'[index]));
    svg.append(group);
    top = bottom + 8;
  });
  svg.append(makeSvg('path', { class: 'axis', d: `M${scale(0)} ${top}H${scale(end)}` }));
  const step = tickStep(end / unit, Math.max(2, width / 110));
  for (let tick = 0; tick <= end / unit + 1e-9; tick += step) {
    const x = scale(tick * unit);
    const text = `${Number(tick.toFixed(3))}${sentence.rate ? ' s' : ''}`;
    svg.append(makeSvg('path', { class: 'axis', d: `M${x} ${top}v5` }),
      makeSvg('text', { class: 'tick', x, y: top + 18 }, text));
  }
  const height = top + 24;
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) svg.setAttribute(name, value);
  return svg;
}

/** The same as a table. */
function listTimes(sentence, run, label) {
  const rate = sentence.rate;
  const shown = (frame) => (rate ? (frame / rate).toFixed(2) : String(frame));
  const titles = ['Gloss', rate ? 'Start (s)' : 'First frame', rate ? 'End (s)' : 'Before frame', 'Verdict'];
  if (run.confidence) titles.splice(3, 0, 'Confidence');
  const rows = stepsOf(sentence, run).filter(({ index }) => index !== null).map((step) => {
    const cells = [...run.spans[step.index].map(shown), step.op === 'S' ? `instead of ${step.ref}` : KINDS[step.op]];
    if (run.confidence) cells.splice(2, 0, run.confidence[step.index].toFixed(2));
    return make('tr', {}, make('th', { scope: 'row', text: step.hyp }), ...cells.map((text) => make('td', { text })));
  });
  return make('table', { class: 'times' },
    make('caption', { text: label ? `Glosses of run ${label}` : 'Glosses' }),
    make('thead', {}, make('tr', {}, ...titles.map((text) => make('th', { scope: 'col', text })))),
    make('tbody', {}, ...rows));
}

/** A disclosure whose content is made when it is first opened; null where no time is known. */
function timesOf(sentence) {
  if (!sentence.runs.some((run) => run.spans)) return null;
  const details = make('details', {}, make('summary', { text: 'Times' }));
  details.addEventListener('toggle', () => {
    if (!details.open || details.children.length > 1) return;
    const width = Math.max(320, details.clientWidth - 4);
    const several = sentence.runs.length > 1;
    details.append(
      makeScroller(make('div', { class: 'scroll' }, drawTimes(sentence, width)), `Times of ${sentence.id}`),
      ...sentence.runs.map((run, index) => (run.spans ? listTimes(sentence, run, several ? 'AB'[index] : '') : '')),
    );
  });
  return details;
}
