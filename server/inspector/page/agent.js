// The view of an agent's turns: what the events of this repository's own contract mean.

import { operation } from './names.js';
import { gapKind, joinedText, text } from './store.js';
import { el, jsonTree, parameters } from './view.js';

/** The kinds whose events are pieces of one text. */
export const joining = new Set(operation.agent ? ['content', 'thinking'] : []);

/** Whether a kind is a step of a tool call. */
export function isTool(kind) {
  return operation.agent && kind.startsWith('tool_');
}

/** The colour family of a kind of event. */
export function agentFamily(name) {
  if (name === 'content' || name === 'complete') return 'answer';
  if (name === 'thinking') return 'thought';
  if (name.startsWith('tool_')) return 'tool';
  if (name === 'permission' || name === 'notification') return 'ask';
  if (name === 'error') return 'error';
  if (name === 'user_message_created') return 'user';
  return 'system';
}

/** The tool call that an event is of. */
export function callOf({ name, data }) {
  return text(name === 'tool_use_start' || name === 'tool_use_parameter_streaming_complete' ? data.id : data.toolCallId);
}

/** Takes a tool call a step further. */
export function advance(tool, { name, data }) {
  switch (name) {
    case 'tool_use_start':
      tool.name = text(data.name);
      break;
    case 'tool_use_parameter_delta':
      if (!tool.done) tool.input += text(data.input);
      break;
    case 'tool_use_parameter_streaming_complete':
      tool.name ||= text(data.name);
      tool.input = text(data.input);
      tool.done = true;
      break;
    case 'tool_execution_start':
      tool.name ||= text(data.toolName);
      tool.started = true;
      tool.progress = text(data.progress);
      break;
    case 'tool_execution_complete':
      tool.name ||= text(data.toolName);
      tool.success = data.success === true;
      tool.progress = text(data.progress);
      break;
  }
}

/** One line that says what an event is about; null if its data says it. */
export function agentSummary(event) {
  const d = event.data;
  switch (event.kind) {
    case 'content': case 'thinking': case 'user_message_created': return text(d.content);
    case 'complete': return text(d.content) || (d.done ? 'the turn is complete' : '');
    case 'connected': return `session ${text(d.sessionId)}`;
    case 'error': case gapKind: return [text(d.type), text(d.error)].filter(Boolean).join(': ');
    case 'notification': return `${text(d.title)}: ${text(d.message)}`;
    case 'permission': return `${text(d.toolName)}: ${text(d.description)}`;
    case 'session_created': return `${text(d.sessionId)} ${text(d.title)}`;
    case 'session_deleted': return text(d.sessionId);
    case 'tool_use_start': return text(d.name);
    case 'tool_use_parameter_delta': return text(d.input);
    case 'tool_use_parameter_streaming_complete': return `${text(d.name)} ${text(d.input)}`;
    case 'tool_execution_start': return text(d.progress);
    case 'tool_execution_complete': return `${d.success === true ? '✓' : '✗'} ${text(d.progress)}`;
  }
  return null;
}

/** Fills the box of a block, and reports whether it knows the kind. */
export function renderTurn(block, box) {
  const event = block.events[0], d = event.data;
  switch (block.kind) {
    case 'content': case 'thinking': box.append(el('p', 'words', joinedText(block))); break;
    case 'user_message_created': box.append(el('p', 'words', text(d.content))); break;
    case 'tool': {
      const { name, call, input, done, started, success, progress } = block.tool;
      const state = success === true ? 'done' : success === false ? 'failed' : started ? 'running' : done ? 'ready' : 'being written';
      const head = el('header', '', el('b', '', name || 'tool'), el('code', 'id', call), el('i', 'state', state));
      head.dataset.state = state;
      box.append(head);
      if (input) box.append(parameters(input, done));
      if (progress) box.append(el('p', 'progress', progress));
      break;
    }
    case 'permission':
      box.append(el('header', '', el('b', '', `Permission: ${text(d.toolName)}`), el('i', 'state', text(d.action))), el('p', 'words', text(d.description)));
      if (d.path) box.append(el('p', 'path', el('code', '', text(d.path))));
      if (d.params) box.append(jsonTree(d.params, 1));
      break;
    case 'notification': {
      const head = el('header', '', el('b', '', text(d.title)), el('i', 'state', text(d.notificationType)));
      head.dataset.state = text(d.notificationType);
      box.append(head, el('p', 'words', text(d.message)));
      if (Array.isArray(d.choices)) box.append(el('p', 'choices', ...d.choices.map((choice) => el('span', '', text(choice)))));
      if (d.responseType && d.responseType !== 'acknowledge') box.append(el('p', 'progress', `expects: ${text(d.responseType)}`));
      break;
    }
    case 'error':
      box.append(el('header', '', el('b', '', `Error ${text(d.type)}`)), el('p', 'words', text(d.error)));
      break;
    case 'complete':
      box.append(el('p', 'rule', d.done ? 'turn complete' : 'complete'));
      break;
    default:
      return false;
  }
  return true;
}
