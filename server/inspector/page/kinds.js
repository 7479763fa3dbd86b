// The buttons that show and hide events by kind.

import { eventNames, operation } from './names.js';
import { family, gapKind, noteKind } from './store.js';
import { el } from './view.js';

export class Kinds {
  /** Has the buttons in the element; onChange is called when a kind was hidden or shown. */
  constructor(element, onChange) {
    this.element = element;
    this.hidden = new Set([operation.heartbeat]);
    this.buttons = new Map();
    this.counts = new Map();
    element.addEventListener('click', (event) => {
      const name = event.target.closest('button')?.dataset.kind;
      if (name === undefined) return;
      this.toggle(name, event.shiftKey);
      onChange();
    });
  }

  toggle(name, alone) {
    const names = [...this.counts.keys()];
    if (!alone) {
      if (!this.hidden.delete(name)) this.hidden.add(name);
    } else if (names.every((other) => this.hidden.has(other) === (other !== name))) {
      this.hidden = new Set();
    } else {
      this.hidden = new Set(names.filter((other) => other !== name));
    }
  }

  button(name) {
    let button = this.buttons.get(name);
    if (button === undefined) {
      button = el('button', '', el('span', '', name.replaceAll('_', ' ')), el('i'));
      button.type = 'button';
      button.dataset.kind = name;
      button.dataset.family = family(name);
      button.title = `Show or hide ${name}; with shift, ${name} alone`;
      this.buttons.set(name, button);
    }
    return button;
  }

  /** Shows a button for each kind that has come. Those that are there stay in place. */
  update(counts) {
    this.counts = counts;
    const names = [...new Set([noteKind, ...eventNames.map((name) => name || 'message'), gapKind, ...counts.keys()])].filter((name) => counts.has(name));
    names.forEach((name, i) => {
      const button = this.button(name), there = this.element.children[i] ?? null;
      if (there !== button) this.element.insertBefore(button, there);
      button.lastChild.textContent = counts.get(name).toLocaleString('en');
      button.setAttribute('aria-pressed', !this.hidden.has(name));
    });
    while (this.element.childElementCount > names.length) this.element.lastChild.remove();
  }
}
