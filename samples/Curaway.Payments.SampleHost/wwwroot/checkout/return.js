import { complete, forget, recall } from './shared.js';

const status = document.querySelector('#status');
const again = document.querySelector('#again');
const paying = recall();

if (!paying) {
  status.textContent = 'Your bank has answered. Your consultations show whether the payment went through.';
} else {
  const parameters = new URLSearchParams(location.search);
  const proof = {};
  for (const name of ['payment_intent', 'redirect_status']) if (parameters.get(name)) proof[name] = parameters.get(name);
  history.replaceState(null, '', location.pathname);
  const result = await complete(paying, proof);
  status.textContent = result.text;
  if (result.paid) {
    forget();
    setTimeout(() => location.assign('/'), 1500);
  } else {
    again.href = '/checkout/' + encodeURIComponent(paying.token);
    again.hidden = false;
  }
}
