// A table that sorts by its column headers and shows its rows a page at a time.

/** Make an element: attributes by name, `class` and `text` among them; children may be text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'text') element.textContent = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A box that scrolls sideways if it must, and only then takes the keyboard's focus. */
function makeScroller(box, label) {
  new ResizeObserver(() => {
    const needed = box.scrollWidth > box.clientWidth;
    for (const [name, value] of [['tabindex', '0'], ['role', 'region'], ['aria-label', label]]) {
      if (needed) box.setAttribute(name, value);
      else box.removeAttribute(name);
    }
  }).observe(box);
  return box;
}

const collator = new Intl.Collator(undefined, { numeric: true });

function compareValues(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === 'number' ? a - b : collator.compare(a, b);
}

/**
 * columns: {key, title, hint, numeric, value(row), cell(row)}; `value` is what is sorted by and, without
 * `cell`, shown; a column without `value` does not sort. The first column heads the row.
 */
class DataTable {
  constructor(mount, { caption, columns, rows, pageSize = 50, pageSizes = [], sort = null }) {
    Object.assign(this, { columns, rows, pageSize, sort, page: 0, caption });
    this.head = make('tr', { role: 'row' });
    this.body = make('tbody', { role: 'rowgroup' });
    this.table = make('table', { role: 'table' },
      make('caption', { text: caption }),
      make('thead', { role: 'rowgroup' }, this.head),
      this.body);
    this.nothing = make('p', { class: 'muted', text: 'none' });
    mount.append(makeScroller(make('div', { class: 'scroll' }, this.table), caption), this.nothing);
    this.makeHead();
    this.makePager(mount, pageSizes);
    this.show(rows);
  }

  makeHead() {
    for (const column of this.columns) {
      const cell = make('th', { role: 'columnheader', scope: 'col', class: column.numeric ? 'number' : column.key });
      if (column.value) {
        const button = make('button', { type: 'button', title: column.hint },
          column.title, make('span', { class: 'arrow', 'aria-hidden': 'true' }));
        button.addEventListener('click', () => this.sortBy(column));
        cell.append(button);
      } else {
        cell.textContent = column.title;
      }
      column.head = cell;
      this.head.append(cell);
    }
  }

  makePager(mount, pageSizes) {
    this.previous = make('button', { type: 'button', text: 'Previous' });
    this.next = make('button', { type: 'button', text: 'Next' });
    this.place = make('span', { role: 'status' });
    this.previous.addEventListener('click', () => this.turn(-1));
    this.next.addEventListener('click', () => this.turn(1));
    this.pager = make('nav', { class: 'pager', 'aria-label': `Pages: ${this.caption}` },
      this.previous, this.place, this.next);
    if (pageSizes.length) {
      const sizes = make('select', {}, ...pageSizes.map((size) => make('option', { text: size })));
      sizes.value = this.pageSize;
      sizes.addEventListener('change', () => {
        this.pageSize = Number(sizes.value);
        this.page = 0;
        this.draw();
      });
      this.pager.append(make('label', {}, 'Rows ', sizes));
    }
    this.smallest = Math.min(this.pageSize, ...pageSizes.map(Number));
    mount.append(this.pager);
  }

  sortBy(column) {
    const same = this.sort && this.sort.key === column.key;
    // Of numbers, the largest are of interest first.
    const direction = same ? -this.sort.direction : column.numeric ? -1 : 1;
    this.sort = { key: column.key, direction };
    this.show(this.shown);
  }

  turn(step) {
    this.page += step;
    this.draw();
    this.table.scrollIntoView({ block: 'start' });
    const used = step < 0 ? this.previous : this.next;
    (used.disabled ? (step < 0 ? this.next : this.previous) : used).focus({ preventScroll: true });
  }

  /** Show these of the rows, sorted, from the first page on. */
  show(rows) {
    this.shown = rows.slice();
    if (this.sort) {
      const { value } = this.columns.find((column) => column.key === this.sort.key);
      const { direction } = this.sort;
      const keyed = this.shown.map((row) => [value(row), row]);
      // What has no value stays last either way.
      keyed.sort(([a], [b]) => (a === null || b === null ? 1 : direction) * compareValues(a, b));
      this.shown = keyed.map(([, row]) => row);
    }
    this.page = 0;
    this.draw();
  }

  draw() {
    for (const { key, head, value } of this.columns) {
      if (!value) continue;
      const sorted = this.sort && this.sort.key === key;
      const direction = sorted && this.sort.direction < 0 ? 'descending' : 'ascending';
      head.setAttribute('aria-sort', sorted ? direction : 'none');
      head.querySelector('.arrow').textContent = sorted ? (direction === 'ascending' ? '▲' : '▼') : '↕';
    }
    const start = this.page * this.pageSize;
    const rows = this.shown.slice(start, start + this.pageSize);
    this.body.replaceChildren(...rows.map((row) => this.makeRow(row)));
    const last = start + this.pageSize >= this.shown.length;
    this.previous.disabled = this.page === 0;
    this.next.disabled = last;
    this.nothing.hidden = rows.length > 0;
    this.pager.hidden = this.shown.length <= this.smallest;
    this.place.textContent = `${start + 1} to ${start + rows.length} of ${this.shown.length}`;
  }

  makeRow(row) {
    const cells = this.columns.map((column, index) => {
      const content = column.cell ? column.cell(row) : column.value(row);
      const attributes = { 'data-label': column.title, class: column.numeric ? 'number' : column.key };
      const cell = index === 0
        ? make('th', { ...attributes, scope: 'row', role: 'rowheader' }) : make('td', { ...attributes, role: 'cell' });
      cell.append(content === null ? '–' : content);
      return cell;
    });
    return make('tr', { role: 'row' }, ...cells);
  }
}
