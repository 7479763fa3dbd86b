// The page: what has come, what is shown of it, and what the person does.

import { Access } from './access.js';
import { Kinds } from './kinds.js';
import { List } from './list.js';
import { operation } from './names.js';
import { Reading } from './reading.js';
import { remember, sessionNames } from './sessions.js';
import { Source, streamURL } from './source.js';
import { Store, gapKind, noteKind, searchText } from './store.js';
import { setUpTheme } from './theme.js';
import { el, renderDetail, renderRow } from './view.js';

const $ = (id) => document.getElementById(id);
const store = new Store();
const list = new List($('list'), $('space'), renderRow, choose);
const access = new Access();
const kinds = new Kinds($('kinds'), refilter);
const reading = new Reading($('reading'));
const noCounting = new Set([noteKind, gapKind, operation.heartbeat]);

let source = null;
let session = '';
let joined = true;
let paused = false;
let pausedAt = null; // how many rows' sources are looked at while paused
let waiting = 0; // rows that came since then
let filter = '';
let rows = []; // what is shown
let seen = 0; // how many of the rows' source are in rows, or filtered out
let chosen = null;
let sideTab = 'reading';
let received = 0, reconnections = 0, gaps = 0, wasLive = false;
let heardAt = 0, pending = [], frame = 0;
const recent = []; // the times of what came in the last seconds, by second

function follow(name, after) {
  source?.close();
  session = name;
  reset();
  document.title = `${name || operation.id} · mixstream`;
  if (operation.session) remember(name);
  wasLive = false;
  source = new Source(name, after, {
    onEvent: (event, id, data) => push(event, id, data),
    onGap: (id, text) => push(gapKind, id, JSON.stringify({ text })),
    onState: showState,
    onRefused: refused,
  });
  figures();
}

function stop() {
  source?.close();
  source = null;
  $('follow').textContent = 'Follow';
  showState('idle', 'stopped');
}

function reset() {
  store.clear();
  received = reconnections = gaps = 0;
  heardAt = 0;
  pending = [];
  recent.length = 0;
  if (paused) togglePause();
  chosen = null;
  list.select(null);
  $('last-id').textContent = '–';
  refilter();
  showTab('reading');
}

function push(name, id, data) {
  pending.push([name, id, data, Date.now()]);
  schedule();
}

function note(text) {
  push(noteKind, source?.lastID ?? '', JSON.stringify({ text }));
}

function schedule() {
  if (frame !== 0) return;
  // A page in the background has no frames.
  frame = document.hidden ? setTimeout(take, 250) : requestAnimationFrame(take);
}

/** Takes over what has come since the last frame; much of it in several frames. */
function take() {
  frame = 0;
  const batch = pending.splice(0, 4000);
  const dropped = store.dropped;
  for (const [name, id, raw, time] of batch) {
    const event = store.add(name, id, raw, time);
    if (name !== noteKind && name !== gapKind) heardAt = time;
    if (event.kind === gapKind) gaps++;
    if (!noCounting.has(name)) received++;
    count(time);
    if (id !== '') $('last-id').textContent = id;
  }
  if (store.dropped !== dropped) refilter();
  else update();
  if (pending.length > 0) schedule();
}

function count(time) {
  const second = Math.floor(time / 1000);
  const last = recent[recent.length - 1];
  if (last && last[0] === second) last[1]++;
  else recent.push([second, 1]);
  while (recent.length > 0 && recent[0][0] < second - 10) recent.shift();
}

function showState(state, text) {
  const output = $('state');
  output.dataset.state = state;
  output.children[1].textContent = { idle: 'not following', connecting: 'connecting', live: 'live', reconnecting: 'reconnecting', refused: 'refused', ended: 'ended' }[state];
  output.children[2].textContent = text === output.children[1].textContent ? '' : text;
  if (state === 'reconnecting' && source) note(text);
  if (state === 'connecting') $('follow').textContent = 'Stop';
  if (state === 'live') {
    if (wasLive) {
      reconnections++;
      note('connected again');
    }
    wasLive = true;
  }
  if (state === 'refused' || state === 'ended') note(text);
  if (state === 'ended' || state === 'idle' || state === 'refused') $('follow').textContent = 'Follow';
  figures();
}

async function refused(status, message) {
  if (status !== 401) return false;
  // The cookie may be over, or the server another process by now.
  if (await access.renew(streamURL(session, source?.lastID ?? ''))) return true;
  $('access-reason').textContent = access.token === '' ? `This session needs access: ${message}.` : `The token does not give access: ${message}.`;
  access.token = '';
  $('access').hidden = false;
  $('token').focus();
  return false;
}

$('access').addEventListener('submit', async (event) => {
  event.preventDefault();
  access.token = $('token').value.trim();
  $('token').value = '';
  if (!await access.unlock()) {
    $('access-reason').textContent = 'The server does not take this token.';
    return;
  }
  $('access').hidden = true;
  loadSessions();
  follow(session, source?.lastID ?? '0');
});

async function loadSessions() {
  const { offered, all } = await sessionNames();
  $('sessions').replaceChildren(...all.map((name) => {
    const option = el('option');
    option.value = name;
    return option;
  }));
  if ($('session').value === '' && offered.length > 0) $('session').value = offered[0];
}

const all = () => (joined ? store.blocks : store.events);

function isShown(row) {
  if (row.tool) {
    if (row.events.every((event) => kinds.hidden.has(event.kind))) return false;
  } else if (kinds.hidden.has(row.kind)) return false;
  return filter === '' || searchText(row).includes(filter);
}

/** Filters everything anew. */
function refilter() {
  seen = all().length;
  if (pausedAt !== null) pausedAt = seen;
  waiting = 0;
  rows = all().filter(isShown);
  list.set(rows);
  update();
}

/** Adds what is new to what is shown. */
function update() {
  if (pausedAt === null) {
    const source = all();
    let grown = false;
    for (; seen < source.length; seen++) {
      if (isShown(source[seen])) {
        rows.push(source[seen]);
        grown = true;
      }
    }
    if (grown) list.set(rows);
    else list.draw();
    reading.update(store.blocks);
    if (sideTab === 'event' && chosen !== null) detail();
  } else {
    for (const source = all(); seen < source.length; seen++) {
      if (isShown(source[seen])) waiting++;
    }
  }
  kinds.update(store.counts);
  figures();
}

function figures() {
  $('count').textContent = received.toLocaleString('en');
  const now = Math.floor(Date.now() / 1000);
  const lately = recent.filter(([second]) => second >= now - 5 && second < now).reduce((sum, [, n]) => sum + n, 0);
  $('rate').textContent = (lately / 5).toFixed(lately < 50 ? 1 : 0);
  $('reconnections').textContent = reconnections;
  $('gaps').textContent = gaps;
  $('gap-count').classList.toggle('bad', gaps > 0);
  $('heard').textContent = heardAt === 0 ? '–' : `${Math.max(0, Math.round((Date.now() - heardAt) / 1000))} s ago`;
  $('empty').hidden = rows.length > 0;
  $('empty').textContent = source === null ? `${operation.session === null ? 'Follow the stream' : 'Enter a session and follow it'}. Its events appear here as they come.`
    : all().length > 0 ? 'Nothing that has come fits the filter.' : 'Waiting for the first event.';
  $('pause').textContent = paused ? (waiting > 0 ? `Go on (+${waiting.toLocaleString('en')})` : 'Go on') : 'Pause';
  $('newest').hidden = list.atEnd || rows.length === 0;
}

let detailOf = null, detailEvents = 0;

function detail() {
  const events = chosen.events?.length ?? 1;
  if (detailOf === chosen && detailEvents === events) return;
  [detailOf, detailEvents] = [chosen, events];
  renderDetail(chosen, $('detail'));
}

function choose(row) {
  chosen = row;
  showTab('event');
  detail();
  $('detail').scrollTop = 0;
}

function showTab(tab) {
  sideTab = tab;
  $('reading').hidden = tab !== 'reading';
  $('detail').hidden = tab !== 'event';
  $('tab-reading').setAttribute('aria-pressed', tab === 'reading');
  $('tab-event').setAttribute('aria-pressed', tab === 'event');
  if (tab === 'event' && chosen === null) $('detail').replaceChildren(el('p', 'hint', 'Choose an event in the list.'));
  $('copy').hidden = tab !== 'event' || chosen === null;
  reading.update(store.blocks);
}

function openSide(open) {
  document.body.classList.toggle('side-open', open);
  if (open) reading.update(store.blocks);
}

async function copy() {
  if (chosen === null) return;
  const events = chosen.events ?? [chosen];
  const lines = events.map((event) => `{"id":${JSON.stringify(event.id)},"event":${JSON.stringify(event.name)},"data":${asJSON(event.raw)}}`);
  try {
    await navigator.clipboard.writeText(lines.join('\n'));
    toast(events.length === 1 ? 'Copied the event' : `Copied ${events.length} events`);
  } catch {
    toast('The browser does not let this page copy');
  }
}

/** Data as JSON: what is none is a string. */
function asJSON(raw) {
  try {
    JSON.parse(raw);
    return raw;
  } catch {
    return JSON.stringify(raw);
  }
}

let toasting = 0;

function toast(text) {
  $('toast').textContent = text;
  $('toast').classList.add('shown');
  clearTimeout(toasting);
  toasting = setTimeout(() => $('toast').classList.remove('shown'), 1800);
}

function togglePause() {
  paused = !paused;
  if (!paused) seen = pausedAt;
  pausedAt = paused ? seen : null;
  waiting = 0;
  document.body.classList.toggle('paused', paused);
  $('pause').setAttribute('aria-pressed', paused);
  update();
}

function toggleJoin() {
  joined = !joined;
  $('join').setAttribute('aria-pressed', joined);
  chosen = null;
  list.select(null);
  showTab('reading');
  refilter();
}

$('open').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = $('session').value;
  if (source !== null && name === session && $('follow').textContent === 'Stop') return stop();
  $('access').hidden = true;
  follow(name, $('from').value === 'after' ? $('after').value.trim() : $('from').value);
  if (operation.session) history.replaceState(null, '', `#${encodeURIComponent(name)}`);
});
$('session').addEventListener('input', () => {
  $('follow').textContent = source !== null && $('session').value === session ? 'Stop' : 'Follow';
});
$('from').addEventListener('change', () => {
  $('after-field').hidden = $('from').value !== 'after';
  if ($('from').value === 'after') $('after').focus();
});

let typing = 0;
$('filter').addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    filter = $('filter').value.trim().toLowerCase();
    refilter();
  }, 120);
});
$('join').addEventListener('click', toggleJoin);
$('pause').addEventListener('click', togglePause);
$('clear').addEventListener('click', () => {
  store.clear();
  chosen = null;
  list.select(null);
  if (paused) togglePause();
  refilter();
  showTab('reading');
});
$('newest').addEventListener('click', () => { list.toEnd(); figures(); });
$('list').addEventListener('scroll', () => { $('newest').hidden = list.atEnd || rows.length === 0; }, { passive: true });
$('list').addEventListener('click', () => openSide(true));
$('tab-reading').addEventListener('click', () => showTab('reading'));
$('tab-event').addEventListener('click', () => showTab('event'));
$('show-side').addEventListener('click', () => { showTab('reading'); openSide(true); });
$('close-side').addEventListener('click', () => openSide(false));
$('copy').addEventListener('click', copy);
$('help-button').addEventListener('click', () => $('help').showModal());

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $('help').open) return;
  const typingIn = event.target.closest('input, select, textarea');
  if (event.key === 'Escape') {
    if (typingIn === $('filter') && $('filter').value !== '') {
      $('filter').value = filter = '';
      refilter();
    }
    openSide(false);
    $('list').focus();
    return;
  }
  if (typingIn) return;
  const onButton = event.target.closest('button, summary, a');
  const act = {
    '/': () => $('filter').focus(),
    ' ': onButton ? undefined : togglePause,
    c: copy,
    j: toggleJoin,
    r: () => { showTab('reading'); openSide(true); },
    s: () => $('session').select(),
    '?': () => $('help').showModal(),
    Enter: onButton || chosen === null ? undefined : () => { showTab('event'); openSide(true); $('detail').focus(); },
    ArrowDown: event.target === document.body ? () => { $('list').focus(); list.move(1); } : undefined,
    ArrowUp: event.target === document.body ? () => { $('list').focus(); list.move(-1); } : undefined,
    End: event.target === document.body ? () => list.toEnd() : undefined,
  }[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});

/** Fits the form to the operation. */
function fitForm() {
  const field = $('session-field');
  if (operation.session === null) {
    field.hidden = true;
    $('session').required = false;
  } else if (!operation.agent) {
    field.firstElementChild.textContent = operation.session.name;
    $('session').placeholder = '';
  }
  // Without an event that tells the position, the server decides where a new stream begins.
  if (!operation.tellsPosition) $('from').querySelector('option[value=""]').textContent = 'as the server begins';
}

fitForm();
setInterval(figures, 1000);
setUpTheme($('theme'));
refilter();

await loadSessions();

/** Follows the session that the address names. */
function followAddress() {
  let name = '';
  if (operation.session === null) {
    if (source === null) follow('', '0');
    return true;
  }
  try {
    name = decodeURIComponent(location.hash.slice(1));
  } catch { /* it names none */ }
  if (name === '' || name === session) return name !== '';
  $('session').value = name;
  follow(name, '0');
  return true;
}

window.addEventListener('hashchange', followAddress);
if (!followAddress()) $('session').focus();
