/** An element of the page, which index.html has. @param {string} id */
export const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} name @param {string} className @param {string} [content] */
export function element(name, className, content = '') {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = content;
  return made;
}

/** Brings elements into order, and moves only what is out of it. @param {Element} list @param {Iterable<Element>} items */
export function order(list, items) {
  let place = list.firstElementChild;
  for (const item of items) {
    if (item === place) place = place.nextElementSibling;
    else list.insertBefore(item, place);
  }
}
