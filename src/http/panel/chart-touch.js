/** Fingers on the chart: one drags the time along, two stretch it, and under each stays the moment that it was put on. */

/** Less is a tap, px. */
const DRAG = 8;

/**
 * @param {HTMLElement} over what is touched
 * @param {{ timeAt: (x: number) => number, show: (time: [number, number]) => void, done: () => void }} chart
 *   `timeAt` of a place in px from the left, ms; `show` moves the chart, `done` comes after the last of it
 */
export function touchable(over, { timeAt, show, done }) {
  /** @type {Map<number, { x: number, t: number }>} */
  const fingers = new Map();
  let begin = 0;
  let dragged = false;

  const place = (/** @type {PointerEvent} */ event) => event.clientX - over.getBoundingClientRect().left;
  const hold = () => {
    for (const finger of fingers.values()) finger.t = timeAt(finger.x);
  };
  const lift = (/** @type {PointerEvent} */ event) => {
    if (!fingers.delete(event.pointerId)) return;
    hold();
    if (fingers.size === 0 && dragged) done();
  };

  over.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'touch') return;
    if (fingers.size === 0) {
      begin = place(event);
      dragged = false;
    }
    fingers.set(event.pointerId, { x: place(event), t: 0 });
    hold();
  });
  over.addEventListener('pointermove', (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    finger.x = place(event);
    dragged ||= fingers.size > 1 || Math.abs(finger.x - begin) > DRAG;
    if (!dragged) return;
    const width = over.clientWidth;
    const [a, b] = [...fingers.values()];
    if (!a) return;
    let scale = (timeAt(width) - timeAt(0)) / width;
    if (b) {
      if (Math.abs(b.x - a.x) < DRAG) return;
      scale = (b.t - a.t) / (b.x - a.x);
      if (scale <= 0) return;
    }
    const from = a.t - a.x * scale;
    show([from, from + width * scale]);
  });
  over.addEventListener('pointerup', lift);
  over.addEventListener('pointercancel', lift);
}
