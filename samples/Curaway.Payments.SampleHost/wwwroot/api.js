// Talks to the API. Every POST carries an Idempotency-Key, so a lost answer is asked for again and nothing happens twice.
const storageKey = 'curaway-session';
let token = null;

export const session = JSON.parse(sessionStorage.getItem(storageKey) ?? '{"tenant":"clinic-global","role":"patient"}');

export function useToken(text) {
  token = text;
}

// Of two sign-ins at once the later one counts, in whatever order they are answered; calls wait for it.
let turn = 0;
let signing = Promise.resolve();

// False when this host does not hand out tokens: then the person brings one. Undefined when a later sign-in took over.
export function signIn(tenant, role) {
  Object.assign(session, { tenant, role });
  sessionStorage.setItem(storageKey, JSON.stringify(session));
  return signing = fetchToken(tenant, role, ++turn).catch(() => false);
}

async function fetchToken(tenant, role, mine) {
  const response = await fetch('/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tenant_id: tenant, role, sub: 'demo-' + role })
  });
  const answer = response.ok ? await response.json() : null;
  if (mine !== turn) return undefined;
  if (answer) token = answer.access_token;
  return response.ok;
}

// Resolves to the answer's body; rejects with { title, code, status } in words for the patient.
export const call = async (method, path, body, key = method === 'POST' ? crypto.randomUUID() : null) => {
  const response = await ask(method, path, body, key);
  return response.status === 204 ? null : response.json().catch(() => ({}));
};

export const callForDocument = async path => (await ask('GET', path, undefined, null, 'text/html')).text();

async function ask(method, path, body, key, accept = 'application/json') {
  await signing;
  const headers = { authorization: 'Bearer ' + token, accept };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key) headers['idempotency-key'] = key;
  let response;
  try {
    response = await fetch('/api/v1' + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw { title: 'The clinic cannot be reached. Please check your connection and try again.' };
  }

  if (response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  throw { title: answer.title ?? 'Something went wrong. Please try again.', code: answer.code, status: response.status, fields: answer.fields };
}

const digits = currency => new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits;

export const toMinor = (text, currency) => {
  const decimals = digits(currency);
  const match = /^\s*(\d{1,9})(?:[.,](\d{1,3}))?\s*$/.exec(text);
  if (!match || (match[2] ?? '').length > decimals) return null;
  return Number(match[1] + (match[2] ?? '').padEnd(decimals, '0'));
};

export const money = (minor, currency) =>
  new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(minor / 10 ** digits(currency));
