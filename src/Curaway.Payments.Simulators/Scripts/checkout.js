// Stands in for Razorpay's Checkout on a page that talks to a RazorpaySimulator: the same calls and answers, test
// payments only. It names no provider on the page, sets styles only through the object model, and so runs under a
// strict Content-Security-Policy that allows this origin in script-src and connect-src.
(function () {
  'use strict';
  const origin = new URL(document.currentScript.src).origin;

  async function ask(path, body) {
    try {
      const response = await fetch(origin + path, body === undefined ? {} : {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body)
      });
      const answer = await response.json();
      return response.ok ? answer : { refused: answer.error };
    } catch {
      return { refused: 'The payment service cannot be reached. Please try again.' };
    }
  }

  function make(tag, text, properties) {
    const node = Object.assign(document.createElement(tag), properties);
    if (text) node.textContent = text;
    return node;
  }

  // Amounts come in minor units; how many digits those are depends on the currency.
  function money(amount, currency) {
    if (!amount || !currency) return '';
    const format = new Intl.NumberFormat(undefined, { style: 'currency', currency });
    return format.format(Number(amount) / 10 ** format.resolvedOptions().maximumFractionDigits);
  }

  class Checkout {
    constructor(options) {
      if (!options?.key || !options.order_id) throw new Error('key and order_id are required.');
      this.options = options;
      this.listeners = {};
    }

    on(name, listener) {
      (this.listeners[name] ??= []).push(listener);
      return this;
    }

    async open() {
      if (this.dialog) return;
      const { options } = this;
      const dialog = this.dialog = make('dialog');
      const title = make('h2', options.name ?? 'Payment', { id: 'payment-dialog-title' });
      const form = make('form', '', { method: 'dialog' });
      const choices = make('fieldset');
      this.pay = make('button', ('Pay ' + money(options.amount, options.currency)).trim(), { type: 'submit', disabled: true });
      const leave = make('button', 'Cancel', { type: 'button' });
      this.message = make('p', 'Loading…');
      this.message.setAttribute('role', 'alert');
      choices.append(make('legend', 'Choose a test payment'));
      form.append(choices, this.message, this.pay, ' ', leave);
      dialog.setAttribute('aria-labelledby', title.id);
      dialog.append(title, form);
      form.addEventListener('submit', event => {
        event.preventDefault();
        this.attempt(new FormData(form).get('payment-method'));
      });
      leave.addEventListener('click', () => this.dismiss());
      dialog.addEventListener('cancel', event => {
        event.preventDefault();
        this.dismiss();
      });
      document.body.append(dialog);
      dialog.showModal();

      const answer = await ask('/_sim/methods');
      this.message.textContent = answer.refused ?? '';
      for (const method of answer.methods ?? []) {
        const label = make('label', '');
        const radio = make('input', '', { type: 'radio', name: 'payment-method', value: String(method.key), checked: method.key === 0 });
        label.style.display = 'block';
        label.style.margin = '0.5rem 0';
        label.append(radio, ' ' + method.label + ' (' + method.hint + ')');
        choices.append(label);
      }

      this.pay.disabled = !answer.methods;
    }

    close() {
      this.dialog?.close();
      this.dialog?.remove();
      this.dialog = undefined;
    }

    dismiss() {
      if (this.pay.dataset.busy) return; // A payment that is under way cannot be called off.
      this.close();
      this.options.modal?.ondismiss?.();
    }

    async attempt(key) {
      this.pay.disabled = true;
      this.pay.dataset.busy = 'true';
      this.message.textContent = '';
      const answer = await ask('/_sim/pay', { key_id: this.options.key, order_id: this.options.order_id, key: Number(key) });
      this.pay.disabled = false;
      delete this.pay.dataset.busy;
      if (answer.razorpay_payment_id) {
        this.close();
        this.options.handler?.(answer);
        return;
      }

      this.message.textContent = answer.error?.description ?? answer.refused;
      if (answer.error) for (const listener of this.listeners['payment.failed'] ?? []) listener(answer);
    }
  }

  window.Razorpay = Checkout;
})();
