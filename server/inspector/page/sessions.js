// The sessions to choose from: those that the server offers, and those that were
// followed on this page before.

import { operation } from './names.js';

const key = `mixstream sessions of ${operation.id}`;

/** Returns the names that the server offers, and all. */
export async function sessionNames() {
  let offered = [];
  try {
    offered = await (await fetch(new URL('inspector/sessions', document.baseURI))).json();
  } catch { /* the person can still enter one */ }
  return { offered, all: [...new Set([...offered, ...remembered()])] };
}

function remembered() {
  try {
    const names = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

export function remember(name) {
  try {
    localStorage.setItem(key, JSON.stringify([name, ...remembered().filter((other) => other !== name)].slice(0, 20)));
  } catch { /* a page without storage still works */ }
}
