// Makes elements of what has come. Nothing of it is ever parsed as HTML.

import { renderTurn } from './agent.js';
import { operation } from './names.js';
import { blockSummary, family, gapKind, noteKind, summary, text, visible } from './store.js';

/** Makes an element with a class and children, which are elements or text. */
export function el(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hour12: false });

const timeOf = (time) => clock.format(time);

/** Fills the element of a row of the list. */
export function renderRow(row, element) {
  const events = row.events?.length ?? 1;
  const state = row.tool ? `${row.tool.success}${row.tool.progress}` : '';
  const version = `${events}/${state}`;
  if (element.row === row && element.version === version) return;
  if (element.row === undefined) {
    element.append(el('time'), el('b', 'kind'), el('bdi', 'text'), el('i', 'many'), el('code', 'id'));
  }
  element.row = row;
  element.version = version;
  const [time, kind, words, many, id] = element.children;
  time.textContent = timeOf(row.time);
  kind.textContent = row.kind === 'user_message_created' ? 'user message' : row.kind;
  kind.title = row.kind;
  element.dataset.family = family(row.kind === 'tool' ? 'tool_' : row.kind);
  if (row.tool) element.dataset.result = row.tool.success === null ? 'open' : row.tool.success ? 'good' : 'bad';
  else delete element.dataset.result;
  words.textContent = (row.events ? blockSummary(row) : summary(row)).slice(0, 500);
  many.textContent = events > 1 ? `×${events}` : '';
  id.textContent = row.id;
}

/** JSON as text that can be folded. */
export function jsonTree(value, depth = 0) {
  if (value === null || typeof value !== 'object') {
    return el('span', `json-${value === null ? 'null' : typeof value}`, visible(JSON.stringify(value)));
  }
  const array = Array.isArray(value);
  const keys = Object.keys(value);
  if (keys.length === 0) return el('span', 'json-null', array ? '[]' : '{}');
  const details = el('details', 'json');
  details.open = depth < 2 && keys.length <= 200;
  details.append(el('summary', '', `${array ? '[' : '{'} ${keys.length} ${keys.length === 1 ? (array ? 'item' : 'member') : (array ? 'items' : 'members')} ${array ? ']' : '}'}`));
  // What is closed is made when it is opened: a large value costs nothing before.
  const fill = () => {
    if (details.childElementCount > 1) return;
    for (const key of keys) {
      details.append(el('div', 'member', el('span', 'json-key', array ? key : visible(JSON.stringify(key))), ': ', jsonTree(value[key], depth + 1)));
    }
  };
  if (details.open) fill();
  else details.addEventListener('toggle', fill, { once: true });
  return details;
}

/** Text that is JSON, perhaps not to its end yet. */
export function parameters(input, done) {
  if (done || input.endsWith('}')) {
    try {
      return jsonTree(JSON.parse(input));
    } catch { /* it is still coming */ }
  }
  return el('pre', 'streaming', input);
}

/** The chosen row in full. */
export function renderDetail(row, into) {
  const events = row.events ?? [row];
  const first = events[0], last = events[events.length - 1];
  const facts = el('dl', 'facts');
  const fact = (name, value) => facts.append(el('div', '', el('dt', '', name), el('dd', '', value)));
  fact('event', row.events && row.tool ? [...new Set(events.map((e) => e.name))].join(', ') : row.name);
  fact(events.length > 1 ? 'ids' : 'id', events.length > 1 ? `${first.id} to ${last.id}` : first.id || '–');
  fact('received', events.length > 1 ? `${timeOf(first.time)} to ${timeOf(last.time)}` : timeOf(first.time));
  if (events.length > 1) fact('events', String(events.length));
  const parts = [el('h2', '', el('b', 'kind', row.kind)), facts];
  parts[0].dataset.family = family(row.kind === 'tool' ? 'tool_' : row.kind);
  if (row.events && (row.tool || row.parts.length > 0)) parts.push(el('h3', '', 'Joined'), renderBlock(row));
  const shown = events.length > 50 ? events.slice(-50) : events;
  parts.push(el('h3', '', events.length > shown.length ? `Data of the last ${shown.length} of ${events.length}` : 'Data'));
  for (const event of shown) {
    const data = parse(event.raw);
    const body = data === undefined ? el('pre', '', visible(event.raw)) : jsonTree(data, shown.length > 1 ? 1 : 0);
    parts.push(shown.length > 1 ? el('div', 'one', el('code', 'id', event.id), body) : body);
  }
  into.replaceChildren(...parts);
}

function parse(raw) {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

/** A block as a person reads it. */
export function renderBlock(block) {
  const event = block.events[0], d = event.data;
  const box = el('section', 'block');
  box.dataset.family = family(block.kind === 'tool' ? 'tool_' : block.kind);
  box.dataset.kind = block.kind;
  if (block.parent) box.classList.add('nested');
  if (block.kind === gapKind) {
    box.append(el('header', '', el('b', '', 'Gap: events may be missing here')), el('p', 'words', text(d.error ?? d.text)));
  } else if (block.kind === noteKind) {
    box.append(el('p', 'rule', summary(event)));
  } else if (!operation.agent) {
    const data = parse(event.raw);
    box.append(el('header', '', el('b', '', block.kind), el('code', 'id', event.id)), data === undefined ? el('pre', '', visible(event.raw)) : jsonTree(data, 1));
  } else if (!renderTurn(block, box)) {
    box.append(el('p', 'rule', `${block.kind.replaceAll('_', ' ')} · ${summary(event)}`));
  }
  return box;
}
