/**
 * A list in which nothing moves, comes or goes while a pointer, a finger or the keyboard is in it. A row glides to its new
 * place by a transform: the browser then counts no layout shift.
 */
import { order } from './page.js';

/** A finger that has left may come back, ms. */
const TOUCH_MS = 4000;

/**
 * @param {HTMLElement} list
 * @param {(waiting: number) => void} [told] how many items wait to come in
 * @returns {(items: Element[], now?: boolean) => void} puts these items into the list, in this order; `now` for what a person has asked for
 */
export function steadyList(list, told = () => {}) {
  /** @type {Element[] | null} */
  let waiting = null;
  let pointer = false;
  let keyboard = false;
  let finger = 0;
  const held = () => pointer || keyboard || finger !== 0;
  const heights = new Heights(list);

  /** @param {Element[]} items */
  const put = (items) => {
    waiting = null;
    told(0);
    place(list, items);
    heights.stack();
  };
  const release = () => {
    if (waiting !== null && !held()) put(waiting);
  };
  list.addEventListener('pointerenter', ({ pointerType }) => {
    if (pointerType === 'mouse') pointer = true;
  });
  list.addEventListener('pointerleave', () => {
    pointer = false;
    release();
  });
  list.addEventListener(
    'touchstart',
    () => {
      clearTimeout(finger);
      finger = window.setTimeout(() => {
        finger = 0;
        release();
      }, TOUCH_MS);
    },
    { passive: true },
  );
  list.addEventListener('focusin', ({ target }) => {
    keyboard = target !== list && /** @type {Element} */ (target).matches(':focus-visible');
  });
  list.addEventListener('focusout', ({ relatedTarget }) => {
    keyboard &&= relatedTarget !== null && list.contains(/** @type {Node} */ (relatedTarget));
    release();
  });

  return (items, now = false) => {
    if (now || !held()) put(items);
    else {
      waiting = items;
      told(items.filter(({ parentElement }) => parentElement !== list).length);
    }
  };
}

/** Puts the rows one below the other. Rows of one kind are of one height. */
class Heights {
  /** @type {Map<string, number>} px, by the kind of row */
  known = new Map();

  /** @param {HTMLElement} list */
  constructor(list) {
    this.list = list;
    // Letters of another size, or a list that was out of sight.
    new ResizeObserver(() => {
      this.known.clear();
      this.stack();
    }).observe(list);
  }

  stack() {
    let top = 0;
    const { list } = this;
    const items = /** @type {HTMLElement[]} */ ([...list.children]);
    // A new row does not glide: on its way from the top, every row would be in sight for a moment.
    const fresh = items.filter(({ style }) => style.transform === '');
    for (const { style } of fresh) style.transition = 'none';
    for (const item of items) {
      item.style.transform = `translateY(${top}px)`;
      top += this.of(item);
    }
    list.style.setProperty('--height', `${top}px`);
    if (fresh.length > 0) list.getBoundingClientRect();
    for (const { style } of fresh) style.transition = '';
  }

  /** @param {HTMLElement} item */
  of(item) {
    const kind = `${item.className} ${item.dataset.kind ?? ''}`;
    const height = this.known.get(kind) ?? item.getBoundingClientRect().height;
    if (height > 0) this.known.set(kind, height);
    return height;
  }
}

/** @param {HTMLElement} list @param {Element[]} items */
function place(list, items) {
  if (items.length === list.childElementCount && items.every((item, i) => item === list.children[i])) return;
  const focused = list.contains(document.activeElement)
    ? /** @type {HTMLElement} */ (document.activeElement)
    : null;
  const wanted = new Set(items);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  order(list, items);
  // What is moved loses it.
  if (focused?.isConnected) focused.focus({ preventScroll: true });
}
