// Mounts the provider's element. The only script of ours that runs beside a provider's.
import { complete, forget, remember } from './shared.js';

const data = JSON.parse(document.querySelector('#checkout-data').textContent);
const form = document.querySelector('#payment');
const button = document.querySelector('#pay');
const status = document.querySelector('#status');

function show(text, isError = false) {
  status.textContent = text;
  status.classList.toggle('error', isError);
}

async function finish(proof) {
  show('Checking your payment…');
  const result = await complete(data, proof);
  show(result.text, !result.paid);
  if (result.paid) {
    forget();
    form.classList.add('done');
    setTimeout(() => location.assign('/'), 1200);
  } else {
    button.disabled = false;
  }
}

// An element inside the page: the patient types here, the provider confirms, we hear only the reference.
function mountElement({ publishable_key, client_secret }) {
  const client = window.Stripe(publishable_key);
  const elements = client.elements({ clientSecret: client_secret });
  const element = elements.create('payment');
  element.on('ready', () => { button.disabled = false; show(''); });
  element.on('loaderror', () => show('The payment form could not be loaded. Please reload the page.', true));
  element.mount('#element');
  return async () => {
    remember(data);
    const { error, paymentIntent } = await client.confirmPayment({
      elements,
      confirmParams: { return_url: location.origin + '/checkout/return' },
      redirect: 'if_required'
    });
    if (error) {
      show(error.message ?? 'The payment was declined. Please try another payment method.', true);
      button.disabled = false;
    } else {
      await finish({ payment_intent: paymentIntent.id });
    }
  };
}

// A dialog of the provider's over the page; declines are shown and repeated inside it.
function mountDialog({ key_id, order_id }) {
  button.disabled = false;
  return async () => {
    const dialog = new window.Razorpay({
      key: key_id,
      order_id,
      amount: data.amount_minor,
      currency: data.currency,
      name: 'Curaway',
      description: 'Consultation',
      handler: answer => finish({
        razorpay_payment_id: answer.razorpay_payment_id,
        razorpay_order_id: answer.razorpay_order_id,
        razorpay_signature: answer.razorpay_signature
      }),
      modal: { ondismiss: () => { button.disabled = false; show('The payment was not made. You can try again.'); } }
    });
    dialog.open();
  };
}

const mounts = { stripe: [() => window.Stripe, mountElement], razorpay: [() => window.Razorpay, mountDialog] };
const [script, mount] = mounts[data.kind] ?? [];

if (!script?.()) {
  show('The payment form could not be loaded. Please reload the page.', true);
} else {
  show('Loading…');
  const pay = mount(data.parameters);
  if (!button.disabled) show('');
  form.addEventListener('submit', async event => {
    event.preventDefault();
    button.disabled = true;
    show('Paying…');
    try {
      await pay();
    } catch {
      show('The payment could not be made. Please try again.', true);
      button.disabled = false;
    }
  });
}
