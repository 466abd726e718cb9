// Makes the pages better, which work without it: answers come into the page that is
// open, usage refreshes itself, and what is shown once can be copied. The secret is only
// ever in its field.
(() => {
  'use strict';
  const refreshEvery = 30000;
  const byID = (id) => document.getElementById(id);
  const said = (text) => { const at = byID('said'); if (at) at.textContent = text; };
  let timer = 0;

  // send posts a form and puts the result of the answer in place of the one shown.
  async function send(form, quietly, by) {
    const body = new URLSearchParams(new FormData(form, by ?? undefined));
    const buttons = quietly ? [] : [...form.querySelectorAll('[type=submit]')];
    for (const one of buttons) one.disabled = true;
    try {
      const answer = await fetch(form.action, { method: 'POST', body, credentials: 'same-origin', cache: 'no-store', redirect: 'error' });
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const result = page.getElementById('result');
      if (!result) throw new Error('no page');
      if (quietly && !answer.ok) return answer.status >= 500 || answer.status === 429;
      show(result, quietly);
      return answer.ok;
    } catch {
      said(quietly ? 'The server can’t be reached; the numbers are those of the last answer.' : 'The server can’t be reached. Try again.');
      return quietly;
    } finally {
      for (const one of buttons) one.disabled = false;
    }
  }

  function show(result, quietly) {
    const open = new Set([...document.querySelectorAll('#result details[open]')].map((d) => d.parentElement.id));
    const wasAtName = document.activeElement.id === 'key-name';
    result = document.adoptNode(result);
    byID('result').replaceWith(result);
    if (quietly) {
      for (const id of open) byID(id)?.querySelector('details')?.setAttribute('open', '');
      if (wasAtName) byID('key-name')?.focus({ preventScroll: true });
      return enhance(result);
    }
    enhance(result);
    const heading = result.querySelector('h1[tabindex="-1"],h2[tabindex="-1"]');
    const name = byID('key-name');
    said('');
    if (name && !byID('trouble')) said('Showing ' + name.textContent + '. This page refreshes itself.');
    (result.querySelector('[aria-invalid=true]') || heading)?.focus({ preventScroll: !!byID('ask-title') });
  }

  // refresh asks again while somebody looks and types nothing.
  function schedule(form) {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const result = byID('result');
      const at = document.activeElement;
      const busy = result.contains(at) && at.id !== 'key-name'; // what somebody is at stays
      const kept = result.hasAttribute('data-keep') || !byID('key-name');
      if (kept) return;
      if (!document.hidden && !busy && form.elements.secret.value && !(await send(form, true))) return;
      schedule(form);
    }, refreshEvery);
  }

  function onSubmit(event) {
    const form = event.target;
    if (!form.matches('[data-live]')) return;
    event.preventDefault();
    clearTimeout(timer);
    send(form, false, event.submitter).then((ok) => {
      const made = byID('new-secret');
      const field = byID('secret');
      if (made && field) field.value = made.value;
      const code = byID('code');
      if (made && code) {
        code.value = '';
        code.closest('section').hidden = true;
      }
      if (ok && form.id === 'usage-form') schedule(form);
    });
  }

  function onClick(event) {
    const reveal = event.target.closest('[data-reveal]');
    if (reveal) {
      const field = byID(reveal.dataset.reveal);
      const shown = field.type === 'password';
      field.type = shown ? 'text' : 'password';
      reveal.textContent = shown ? 'Hide' : 'Show';
      reveal.setAttribute('aria-pressed', String(shown));
    }
    const copy = event.target.closest('[data-copy]');
    if (copy) copyText(copy, byID(copy.dataset.copy));
  }

  async function copyText(button, from) {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(from.value ?? from.textContent);
      button.textContent = 'Copied';
    } catch { // no secure context: the person copies what is selected
      if (from.select) from.select();
      else getSelection().selectAllChildren(from);
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  }

  // enhance shows what only works with this script, and fills in what is known.
  function enhance(within) {
    for (const button of within.querySelectorAll('[data-reveal],[data-copy]')) button.hidden = false;
    const rotate = byID('rotate-secret');
    const secret = byID('secret')?.value;
    if (rotate && secret) {
      rotate.value = secret;
      rotate.closest('.field').hidden = true;
    }
  }

  // takeCode takes the code of a link out of the address and asks what has become of it,
  // which does not use it up.
  function takeCode() {
    const code = byID('code');
    if (!code || location.hash.length < 2) return;
    code.value = location.hash.slice(1);
    history.replaceState(null, '', location.pathname);
    send(byID('pickup-form'), false, byID('look-button'));
  }

  document.addEventListener('submit', onSubmit);
  addEventListener('hashchange', takeCode);
  document.addEventListener('click', onClick);
  enhance(document);
  takeCode();
})();
