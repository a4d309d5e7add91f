// What both checkout documents need: handing in the proof, and remembering across the bank's page what is being paid.
const storageKey = 'curaway-checkout';

export function remember(data) {
  sessionStorage.setItem(storageKey, JSON.stringify({ token: data.token, consultation_id: data.consultation_id }));
}

export function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey));
  } catch {
    return null;
  }
}

export function forget() {
  sessionStorage.removeItem(storageKey);
}

// Resolves to { paid, text }. The proof goes to us as the page received it; what is true we ask the provider.
export async function complete({ token, consultation_id }, proof) {
  let response;
  try {
    response = await fetch(`/api/v1/mso/consultations/${encodeURIComponent(consultation_id)}/checkout/complete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'checkout-token': token },
      body: JSON.stringify(proof)
    });
  } catch {
    return { paid: false, text: 'We could not reach the clinic. Your payment is safe; please try again.' };
  }

  const answer = await response.json().catch(() => ({}));
  if (response.ok && answer.status === 'awaiting_payment') return { paid: false, text: 'The payment is not complete yet. Please try again.' };
  if (response.ok) return { paid: true, text: 'Paid. Your consultation is booked.' };
  return { paid: false, text: answer.title ?? 'Something went wrong. Please try again.' };
}
