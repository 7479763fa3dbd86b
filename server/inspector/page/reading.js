// The reading view: what happens, as a person reads it.

import { operation } from './names.js';
import { renderBlock } from './view.js';

const maxBlocks = 200;

export class Reading {
  constructor(article) {
    this.article = article;
    this.shown = []; // { block, element, events }
    this.atEnd = true;
    article.addEventListener('scroll', () => {
      this.atEnd = article.scrollTop + article.clientHeight >= article.scrollHeight - 30;
    }, { passive: true });
    new ResizeObserver(() => this.toEnd()).observe(article);
  }

  toEnd() {
    if (this.atEnd) this.article.scrollTop = this.article.scrollHeight;
  }

  /** Shows the last of the blocks, of which the newest may have grown. */
  update(blocks) {
    const article = this.article;
    if (article.getClientRects().length === 0) return; // it is not seen
    const wanted = [];
    for (let i = blocks.length - 1; i >= 0 && wanted.length < maxBlocks; i--) {
      if (blocks[i].kind !== operation.heartbeat) wanted.push(blocks[i]);
    }
    wanted.reverse();
    const before = new Map(this.shown.map((shown) => [shown.block, shown]));
    let changed = false;
    this.shown = wanted.map((block) => {
      const shown = before.get(block);
      if (shown && shown.events === block.events.length) return shown;
      changed = true;
      const element = renderBlock(block);
      shown?.element.replaceWith(element);
      return { block, element, events: block.events.length };
    });
    if (!changed && this.shown.length === article.childElementCount) return;
    const elements = this.shown.map((shown) => shown.element);
    const gone = new Set(article.children);
    for (const element of elements) gone.delete(element);
    for (const element of gone) element.remove();
    elements.forEach((element, i) => {
      if (article.children[i] !== element) article.insertBefore(element, article.children[i] ?? null);
    });
    this.toEnd();
  }
}
