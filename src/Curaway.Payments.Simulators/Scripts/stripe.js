// Stands in for Stripe.js on a page that talks to a StripeSimulator: the same calls and answers, test cards only.
// It names no provider on the page, sets styles only through the object model, and so runs under a strict
// Content-Security-Policy that allows this origin in script-src and connect-src.
(function () {
  'use strict';
  const origin = new URL(document.currentScript.src).origin;
  let fields = 0;

  async function ask(path, body) {
    try {
      const response = await fetch(origin + path, body === undefined ? {} : {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
      });
      const answer = await response.json();
      return response.ok ? answer : { error: { type: 'invalid_request_error', message: answer.error } };
    } catch {
      return { error: { type: 'api_connection_error', message: 'The payment service cannot be reached. Please try again.' } };
    }
  }

  function make(tag, text, properties) {
    const node = Object.assign(document.createElement(tag), properties);
    if (text) node.textContent = text;
    return node;
  }

  function space(node) {
    node.style.display = 'block';
    node.style.margin = '0.25rem 0 0.75rem';
    node.style.padding = '0.5rem';
    node.style.width = '100%';
    node.style.maxWidth = '24rem';
    node.style.boxSizing = 'border-box';
    node.style.font = 'inherit';
    return node;
  }

  class PaymentElement {
    constructor() {
      const id = 'payment-field-' + (++fields);
      this.listeners = {};
      this.root = make('div');
      this.select = space(make('select', '', { id: id + '-test' }));
      this.input = space(make('input', '', { id: id + '-number', inputMode: 'numeric', autocomplete: 'off', value: '4242 4242 4242 4242' }));
      this.root.append(
        make('label', 'Test card', { htmlFor: this.select.id }), this.select,
        make('label', 'Card number', { htmlFor: this.input.id }), this.input);
      this.select.addEventListener('change', () => {
        if (this.select.value) this.input.value = this.select.value.replace(/(.{4})(?=.)/g, '$1 ');
        this.changed();
      });
      this.input.addEventListener('input', () => {
        this.follow();
        this.changed();
      });
    }

    get number() {
      return this.input.value.replace(/\s/g, '');
    }

    on(name, listener) {
      (this.listeners[name] ??= []).push(listener);
      return this;
    }

    mount(target) {
      const place = typeof target === 'string' ? document.querySelector(target) : target;
      if (!place) throw new Error('The element to mount on does not exist.');
      place.replaceChildren(this.root);
      ask('/_sim/cards').then(answer => {
        const options = (answer.cards ?? []).map(card => make('option', card.label, { value: card.number }));
        this.select.replaceChildren(...options, make('option', 'Another number', { value: '' }));
        this.follow();
        this.fire(answer.error ? 'loaderror' : 'ready', answer.error ? { elementType: 'payment', error: answer.error } : { elementType: 'payment' });
      });
    }

    unmount() {
      this.root.remove();
    }

    destroy() {
      this.unmount();
    }

    // The list shows the card that was typed, or "another number".
    follow() {
      this.select.value = this.number;
      if (this.select.selectedIndex < 0) this.select.value = '';
    }

    changed() {
      this.fire('change', { elementType: 'payment', complete: this.number.length >= 13, empty: this.number === '', value: { type: 'card' } });
    }

    fire(name, event) {
      for (const listener of this.listeners[name] ?? []) listener(event);
    }
  }

  // The bank's step: resolves to true or false; leaving the dialog fails it, as closing the bank's window does.
  function authenticate() {
    return new Promise(resolve => {
      const dialog = make('dialog');
      const title = make('h2', 'Your bank asks for confirmation', { id: 'payment-authentication-title' });
      const complete = make('button', 'Complete authentication', { type: 'button' });
      const fail = make('button', 'Fail authentication', { type: 'button' });
      dialog.setAttribute('aria-labelledby', title.id);
      dialog.append(title, complete, ' ', fail);
      let succeeds = false;
      complete.addEventListener('click', () => {
        succeeds = true;
        dialog.close();
      });
      fail.addEventListener('click', () => dialog.close());
      dialog.addEventListener('close', () => {
        dialog.remove();
        resolve(succeeds);
      });
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  class Client {
    constructor(key) {
      if (!key) throw new Error('A publishable key is required.');
      this.key = key;
    }

    elements(options) {
      const made = {};
      const group = {
        clientSecret: options?.clientSecret,
        create: type => {
          if (type !== 'payment') throw new Error('Only the payment element exists here.');
          return made[type] = new PaymentElement();
        },
        getElement: type => made[type] ?? null,
        submit: async () => made.payment?.number ? {} : { error: { type: 'validation_error', message: 'Your card number is incomplete.' } },
        update: changes => Object.assign(group, changes),
        fetchUpdates: async () => ({})
      };
      return group;
    }

    async confirmPayment({ elements, clientSecret, confirmParams, redirect } = {}) {
      const secret = clientSecret ?? elements?.clientSecret;
      const element = elements?.getElement('payment');
      if (element && !element.number) return { error: { type: 'validation_error', message: 'Your card number is incomplete.' } };
      const answer = await ask('/_sim/confirm', {
        key: this.key, client_secret: secret, card: element?.number ?? confirmParams?.payment_method ?? '4242424242424242'
      });
      return this.finish(answer, secret, redirect === 'if_required' ? null : confirmParams?.return_url);
    }

    async handleNextAction({ clientSecret }) {
      return this.finish(await this.retrievePaymentIntent(clientSecret), clientSecret, null);
    }

    async retrievePaymentIntent(clientSecret) {
      return ask('/_sim/retrieve', { key: this.key, client_secret: clientSecret });
    }

    async finish(answer, secret, returnUrl) {
      if (answer.paymentIntent?.status === 'requires_action') {
        const succeeds = await authenticate();
        answer = await ask('/_sim/authenticate', { key: this.key, client_secret: secret, succeeds });
      }

      if (answer.error || !returnUrl) return answer;
      const target = new URL(returnUrl, location.href);
      target.searchParams.set('payment_intent', answer.paymentIntent.id);
      target.searchParams.set('payment_intent_client_secret', secret);
      target.searchParams.set('redirect_status', 'succeeded');
      location.assign(target);
      return new Promise(() => {}); // The page is leaving; as with the original, nothing more happens here.
    }
  }

  window.Stripe = key => new Client(key);
})();
