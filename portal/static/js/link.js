// The code of a one-time link stands behind the #, which browsers send to nobody: it goes into the form from here.

const code = window.location.hash.slice(1);
const field = document.querySelector("[data-from-address]");
if (code && field) {
  field.value = code;
  // Nothing of it stays in the address, nor in the history.
  window.history.replaceState(null, "", window.location.pathname);
}
