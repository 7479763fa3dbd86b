// A list that has elements for the rows that are seen only. All rows have one height.

const overscan = 8;

export class List {
  /** Shows rows in the scrolling element; render(row, element) fills a row's element. */
  constructor(element, space, render, onSelect) {
    this.element = element;
    this.space = space;
    this.render = render;
    this.onSelect = onSelect;
    this.rows = [];
    this.selected = null;
    this.pool = [];
    this.atEnd = true;
    this.height = 0;
    element.addEventListener('scroll', () => {
      this.atEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 4;
      this.draw();
    }, { passive: true });
    element.addEventListener('click', (event) => {
      const row = event.target.closest('.row');
      if (row) this.select(this.rows[Number(row.dataset.index)], true);
    });
    element.addEventListener('keydown', (event) => this.key(event));
    new ResizeObserver(() => {
      if (this.atEnd) element.scrollTop = element.scrollHeight;
      this.draw();
    }).observe(element);
  }

  rowHeight() {
    if (this.height === 0) this.height = parseFloat(getComputedStyle(this.element).getPropertyValue('--row')) || 30;
    return this.height;
  }

  /** Shows these rows. The view stays at the newest if it was there. */
  set(rows) {
    this.rows = rows;
    const height = rows.length * this.rowHeight();
    this.space.style.height = `${height}px`;
    if (this.atEnd) this.element.scrollTop = Math.max(0, height - this.element.clientHeight);
    this.draw();
  }

  toEnd() {
    this.atEnd = true;
    this.set(this.rows);
  }

  draw() {
    const h = this.rowHeight(), { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / h) - overscan);
    const last = Math.min(this.rows.length, Math.ceil((scrollTop + clientHeight) / h) + overscan);
    while (this.pool.length < last - first) {
      const row = document.createElement('div');
      row.className = 'row';
      row.setAttribute('role', 'option');
      this.pool.push(row);
      this.space.append(row);
    }
    // A row keeps its element while it scrolls, so that little is drawn anew.
    for (let i = first; i < last; i++) {
      const row = this.rows[i], element = this.pool[i % this.pool.length];
      element.hidden = false;
      element.style.transform = `translateY(${i * h}px)`;
      element.dataset.index = i;
      element.id = `row-${i}`;
      element.setAttribute('aria-setsize', this.rows.length);
      element.setAttribute('aria-posinset', i + 1);
      element.setAttribute('aria-selected', row === this.selected);
      this.render(row, element);
    }
    const used = last - first;
    if (used < this.pool.length) {
      for (const element of this.pool) {
        const i = Number(element.dataset.index ?? -1);
        if (i < first || i >= last) element.hidden = true;
      }
    }
    const at = this.selected === null ? -1 : this.rows.indexOf(this.selected, Math.max(0, first - 1));
    if (at >= first && at < last) this.element.setAttribute('aria-activedescendant', `row-${at}`);
    else this.element.removeAttribute('aria-activedescendant');
  }

  select(row, tell) {
    this.selected = row ?? null;
    this.draw();
    if (row && tell) this.onSelect(row);
  }

  /** Chooses the row so far from the chosen one, and shows it. */
  move(by) {
    if (this.rows.length === 0) return;
    const at = this.selected === null ? -1 : this.rows.indexOf(this.selected);
    const to = Math.min(this.rows.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : this.rows.length - 1) : at + by));
    const h = this.rowHeight(), top = to * h;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + h > this.element.scrollTop + this.element.clientHeight) this.element.scrollTop = top + h - this.element.clientHeight;
    this.atEnd = to === this.rows.length - 1;
    this.select(this.rows[to], true);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight()) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.move(by);
  }
}
