// Holds what has come: every event as it came, and the same joined into blocks that a
// person can read.

import { agentFamily, agentSummary, advance, callOf, isTool, joining } from './agent.js';
import { eventNames, operation } from './names.js';

/** How many events are held; then the oldest fifth is let go. */
export const maxEvents = 100_000;

// The kinds of what is no event of the contract, unless the contract has such names.
const unlessTaken = (kind) => (eventNames.includes(kind) ? `${kind} (page)` : kind);

/** The kind of a note about the connection. */
export const noteKind = unlessTaken('connection');

/** The kind of a gap, told by an event or by a refusal. */
export const gapKind = unlessTaken('gap');

// What the connection says does not come between two pieces of a text.
const aside = new Set([noteKind, operation.connected, operation.heartbeat]);

/** The colour family of a kind of event. */
export function family(name) {
  if (name === gapKind) return 'error';
  if (aside.has(name)) return 'system';
  return operation.agent ? agentFamily(name) : 'answer';
}

/** Whether an event is the one by which the server tells a gap. */
function tellsGap(name, data) {
  if (name === gapKind && !eventNames.includes(name)) return true;
  return operation.gap !== '' && name === operation.gap && Object.entries(operation.gapSet ?? {}).every(([member, value]) => data[member] === value);
}

export class Store {
  constructor() {
    this.clear();
  }

  clear() {
    this.events = [];
    this.blocks = [];
    this.counts = new Map();
    this.dropped = 0;
    this.resetJoins();
  }

  resetJoins() {
    this.lastOf = new Map(); // the last block within each tool call of a sub-agent, '' for the agent's own
    this.tools = new Map(); // the block of each tool call
  }

  /** Adds an event, or a note about the connection, and returns its kind. */
  add(name, id, raw, time = Date.now()) {
    let data = null;
    try {
      data = JSON.parse(raw);
    } catch { /* it is shown as it came */ }
    if (data === null || typeof data !== 'object') data = {};
    const kind = tellsGap(name, data) ? gapKind : name;
    const event = { kind, name, id, raw, data, time, block: null, search: null };
    this.events.push(event);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.join(event);
    if (this.events.length > maxEvents) this.drop(maxEvents / 5);
    return event;
  }

  join(event) {
    const { kind, data } = event;
    const parent = text(data.parentToolCallId);
    let block = null;
    if (joining.has(kind)) {
      const last = this.lastOf.get(parent);
      if (last && last.kind === kind && last.message === text(data.assistantMessageId)) block = last;
    } else if (isTool(kind)) {
      block = this.tools.get(callOf(event)) ?? null;
    }
    if (block === null) {
      block = { kind, name: event.name, id: event.id, time: event.time, parent, message: text(data.assistantMessageId), events: [], parts: [], joined: null, tool: null, search: null };
      if (isTool(kind)) {
        block.kind = 'tool';
        block.tool = { call: callOf(event), name: '', input: '', done: false, started: false, success: null, progress: '' };
        this.tools.set(block.tool.call, block);
      }
      this.blocks.push(block);
      if (!aside.has(kind)) this.lastOf.set(parent, block);
    }
    event.block = block;
    block.events.push(event);
    block.search = null;
    if (joining.has(kind)) {
      block.parts.push(text(data.content));
      block.joined = null;
    }
    if (block.tool) advance(block.tool, event);
  }

  drop(n) {
    const rest = this.events.slice(n);
    this.dropped += n;
    this.events = rest;
    this.blocks = [];
    this.resetJoins();
    for (const event of rest) this.join(event);
  }
}

/** Makes characters visible that would steer what is shown, such as its direction. */
export function visible(s) {
  return s.replace(/[\u0000-\u0008\u000b-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase()}⟩`);
}

/** A value as text, whatever a hostile publisher has put there. */
export function text(value) {
  if (value === undefined || value === null) return '';
  return visible(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The joined text of a block of tokens. */
export function joinedText(block) {
  if (block.joined === null) {
    block.joined = block.parts.join('');
    block.parts = [block.joined];
  }
  return block.joined;
}

/** One line that says what an event is about. */
export function summary(event) {
  if (event.kind === noteKind || event.kind === gapKind && event.data.text !== undefined) return text(event.data.text);
  return (operation.agent ? agentSummary(event) : null) ?? visible(event.raw);
}

/** One line that says what a block is about. */
export function blockSummary(block) {
  if (joining.has(block.kind)) return joinedText(block).slice(0, 400);
  if (block.tool) {
    const { name, input, success, progress } = block.tool;
    const state = success === null ? (progress ? `… ${progress}` : '') : `${success ? '✓' : '✗'} ${progress}`;
    return [name, input.slice(0, 300), state].filter(Boolean).join('  ');
  }
  return summary(block.events[0]);
}

/** What the text filter looks through. */
export function searchText(row) {
  if (row.search === null) {
    row.search = (row.events ? `${row.kind} ${blockSummary(row)} ${row.parts.length > 0 ? joinedText(row) : ''} ${row.tool ? row.tool.call : ''} ${row.events.length === 1 ? row.events[0].raw : ''}` : `${row.name} ${row.id} ${row.raw}`).toLowerCase();
  }
  return row.search;
}
