import { call, callForDocument, money, session, signIn, toMinor, useToken } from './api.js';

const $ = selector => document.querySelector(selector);
const pageSize = 20;
const refreshMilliseconds = 3000;
let shown = pageSize;
let drawn = '';
let busy = false;

const statusText = {
  requested: 'Not booked yet', awaiting_payment: 'Waiting for payment', scheduled: 'Scheduled',
  in_session: 'In session', ended: 'Ended', cancelled: 'Cancelled'
};
const chargeText = {
  pending: 'not paid yet', authorized: 'reserved', captured: 'paid', partially_refunded: 'partly refunded',
  refunded: 'refunded', voided: 'released, nothing taken', failed: 'not taken'
};

function toast(text, isError = false) {
  const box = $('#toast');
  box.textContent = text;
  box.classList.toggle('error', isError);
  box.classList.add('on');
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => box.classList.remove('on'), isError ? 8000 : 4000);
}

const fail = error => toast(error.title ?? 'Something went wrong. Please try again.', true);

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// One action at a time: its button shows it, and the list is read again when it is over.
async function act(button, work) {
  if (busy) return;
  busy = true;
  button.disabled = true;
  button.classList.add('busy');
  try {
    await work();
  } catch (error) {
    fail(error);
  } finally {
    busy = false;
    button.disabled = false;
    button.classList.remove('busy');
    await refresh(true);
  }
}

async function schedule(id) {
  const method = $('#method').value;
  try {
    const body = method ? { payment_method: method } : session.role === 'patient' && $('#save').checked ? { save_method: true } : {};
    const answer = await call('POST', `/mso/consultations/${id}/schedule`, body);
    if (answer.checkout) location.assign(answer.checkout.url);
    else toast('Scheduled. The amount is reserved.');
  } catch (error) {
    // The bank may want to ask the patient: at checkout it can.
    if (method && error.status === 402) choose('');
    throw error;
  }
}

function choose(method) {
  $('#method').value = method;
  $('#save-line').hidden = $('#method').value !== '';
}

async function showReceipt(id) {
  const text = await callForDocument(`/mso/consultations/${id}/receipt`);
  // Our page has styles for it, and would refuse the document's own.
  const paper = new DOMParser().parseFromString(text.replace(/<style>[^]*<\/style>/, ''), 'text/html').querySelector('main');
  const title = paper.querySelector('h1');
  title.replaceWith(make('h2', { id: 'receipt-title', textContent: title.textContent }));
  $('#receipt-paper').replaceChildren(...paper.childNodes);
  $('#receipt-save').onclick = () => {
    const url = URL.createObjectURL(new Blob([text], { type: 'text/html' }));
    make('a', { href: url, download: `receipt-${id}.html` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  $('#receipt').showModal();
}

async function payNow(id) {
  const { checkout } = await call('POST', `/mso/consultations/${id}/schedule`, {});
  if (checkout) location.assign(checkout.url);
}

function button(label, work, quiet = false) {
  const node = make('button', { type: 'button', className: quiet ? 'button quiet' : 'button', textContent: label });
  node.addEventListener('click', () => act(node, work));
  return node;
}

function actionsFor(item) {
  const path = `/mso/consultations/${item.id}`;
  const books = session.role !== 'clinician';
  const treats = session.role !== 'patient';
  const actions = [];
  if (books && item.status === 'requested') actions.push(button('Schedule', () => schedule(item.id)));
  if (books && item.status === 'awaiting_payment') actions.push(button('Pay now', () => payNow(item.id)));
  if (treats && item.status === 'scheduled') actions.push(button('Start session', () => call('POST', path + '/start')));
  if (treats && (item.status === 'in_session' || item.status === 'scheduled'))
    actions.push(button('End session', () => call('POST', path + '/end'), item.status === 'scheduled'));
  const cancels = ['requested', 'awaiting_payment', 'scheduled'].includes(item.status) || (session.role === 'admin' && item.status === 'in_session');
  if (books && cancels) actions.push(button('Cancel', () => call('POST', path + '/cancel', {}), true));
  if (books && ['captured', 'partially_refunded', 'refunded'].includes(item.charge?.status))
    actions.push(button('Receipt', () => showReceipt(item.id), true));
  return actions;
}

function paymentLine(item) {
  if (item.settlement === 'processing') return 'payment is being settled…';
  if (item.settlement === 'failed') return 'payment needs the clinic’s attention';
  return item.charge ? chargeText[item.charge.status] : item.status === 'cancelled' ? 'nothing was taken' : 'nothing reserved';
}

function card(item) {
  const when = new Date(item.starts_at);
  const time = make('time', { dateTime: item.starts_at, textContent: when.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }) });
  const title = make('h3', {}, time, make('span', { className: 'length', textContent: ` · ${item.duration_minutes} min` }));
  const chip = make('span', { className: 'chip ' + item.status, textContent: statusText[item.status] });
  const amount = make('p', { className: 'money' },
    make('strong', { textContent: money(item.amount_cents, item.currency) }), make('span', { textContent: paymentLine(item) }));
  const actions = make('div', { className: 'actions' }, ...actionsFor(item));
  return make('li', { className: 'card item' }, make('div', { className: 'item-head' }, title, chip), amount, actions);
}

async function refresh(isForced = false) {
  if (busy || document.hidden) return;
  try {
    const { items, next_cursor } = await call('GET', `/mso/consultations?limit=${Math.min(shown, 100)}`);
    $('#live').classList.add('on');
    const state = session.role + JSON.stringify(items);
    if (state === drawn && !isForced) return;
    const focused = document.activeElement?.closest?.('#list') ? [...$('#list').querySelectorAll('button')].indexOf(document.activeElement) : -1;
    drawn = state;
    $('#list').replaceChildren(...(items.length ? items.map(card) : [make('li', { className: 'empty' },
      make('p', { textContent: session.role === 'patient' ? 'No consultations yet. Book your first one.' : 'No consultations in this clinic yet.' }))]));
    $('#more').hidden = !next_cursor || shown >= 100;
    if (focused >= 0) ($('#list').querySelectorAll('button')[focused] ?? $('#list-title')).focus();
  } catch (error) {
    $('#live').classList.remove('on');
    if (isForced) fail(error);
  }
}

async function loadMethods() {
  const { items } = await call('GET', '/mso/payment-methods');
  const was = $('#method').value;
  $('#method').replaceChildren(make('option', { value: '', textContent: 'Card or bank at checkout' }),
    ...items.map(item => make('option', { value: item.id, textContent: item.label })));
  choose(items.some(item => item.id === was) ? was : '');
  const own = items.filter(item => !item.id.startsWith('test_'));
  $('#saved').hidden = session.role !== 'patient' || own.length === 0;
  $('#saved-list').replaceChildren(...own.map(savedCard));
}

function savedCard(item) {
  const ends = item.expires ? `ends ${item.expires.slice(5)}/${item.expires.slice(0, 4)}` : '';
  const remove = button('Remove', async () => {
    await call('DELETE', `/mso/payment-methods/${item.id}`);
    toast(`${item.label} is removed.`);
    await loadMethods();
    if (!$('#saved').hidden) $('#saved-title').focus();
  }, true);
  remove.setAttribute('aria-label', `Remove ${item.label}`);
  return make('li', {}, make('div', {}, make('strong', { textContent: item.label }), make('span', { textContent: ends })), remove);
}

async function loadSettings() {
  const settings = await call('GET', '/admin/tenant/settings');
  $('#min-minutes').value = settings.mso_min_billable_minutes;
  $('#video').checked = settings.mso_video_enabled;
  $('#tenant-settings').settings = settings;
}

async function arrive() {
  const { role } = session;
  $('#booking').hidden = role !== 'patient';
  $('#saved').hidden = true;
  $('#settings').hidden = role !== 'admin';
  $('#clinician-note').hidden = role !== 'clinician';
  shown = pageSize;
  try {
    if (role !== 'clinician') await loadMethods();
    if (role === 'admin') await loadSettings();
  } catch (error) {
    fail(error);
  }

  await refresh(true);
}

async function become() {
  const role = document.querySelector('input[name=role]:checked').value;
  const isIn = await signIn($('#tenant').value, role);
  if (isIn) {
    await arrive();
  } else if (isIn === false) {
    $('#identity').hidden = true;
    $('#sign-in').hidden = false;
  }
}

function suggest() {
  const india = $('#tenant').value === 'clinic-india';
  $('#currency').value = india ? 'INR' : 'USD';
  $('#country').value = india ? 'IND' : 'USA';
  $('#amount').value = india ? '500.00' : '50.00';
}

$('#identity').addEventListener('change', event => {
  if (event.target.id === 'tenant') suggest();
  become();
});

$('#sign-in').addEventListener('submit', event => {
  event.preventDefault();
  const text = $('#token').value.trim();
  try {
    session.role = JSON.parse(atob(text.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).role;
  } catch {
    return toast('This is not an access token.', true);
  }

  useToken(text);
  $('#token').value = '';
  arrive();
});

$('#book').addEventListener('submit', event => {
  event.preventDefault();
  const currency = $('#currency').value;
  const amount = toMinor($('#amount').value, currency);
  if (amount === null) {
    toast('Please enter an amount such as 50.00.', true);
    return $('#amount').focus();
  }

  act(event.submitter, async () => {
    const made = await call('POST', '/mso/consultations', {
      amount_cents: amount, currency, country_of_residence: $('#country').value,
      starts_at: new Date($('#starts').value).toISOString(), duration_minutes: Number($('#duration').value)
    });
    await schedule(made.id);
  });
});

$('#tenant-settings').addEventListener('submit', event => {
  event.preventDefault();
  act(event.submitter, async () => {
    const settings = { ...event.target.settings, mso_min_billable_minutes: Number($('#min-minutes').value), mso_video_enabled: $('#video').checked };
    event.target.settings = await call('PUT', '/admin/tenant/settings', settings);
    toast('Saved.');
  });
});

$('#method').addEventListener('change', () => choose($('#method').value));
$('#receipt-print').addEventListener('click', () => print());
$('#receipt-close').addEventListener('click', () => $('#receipt').close());

$('#more').addEventListener('click', () => {
  shown += pageSize;
  refresh(true);
});

document.addEventListener('visibilitychange', () => refresh());
setInterval(refresh, refreshMilliseconds);

const soon = new Date(Date.now() + 3600_000);
soon.setMinutes(0, 0, 0);
soon.setHours(soon.getHours() + 1);
$('#starts').value = new Date(soon - soon.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
$('#tenant').value = session.tenant;
document.querySelector(`input[name=role][value=${session.role}]`).checked = true;
suggest();
become();
