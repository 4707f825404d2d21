/** The mouse on the chart: the wheel stretches the time, with shift it drags it, a double click goes back. */

/** So much wheel is twice or half the time, px. */
const OCTAVE = 400;
/** A pause of the wheel is its end, ms. */
const PAUSE = 250;

/**
 * @param {uPlot} u
 * @param {{ timeAt: (x: number) => number, show: (time: [number, number]) => void, done: () => void, back: () => void }} chart
 *   `timeAt` of a place in px from the left, ms; `show` moves the chart, `done` comes after the last of it
 */
export function mouseable({ over, root }, { timeAt, show, done, back }) {
  let timer = 0;
  const place = (/** @type {MouseEvent} */ event) => event.clientX - over.getBoundingClientRect().left;
  const shown = () => /** @type {[number, number]} */ ([timeAt(0), timeAt(over.clientWidth)]);

  over.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const [from, to] = shown();
      const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const by = event.deltaX || event.deltaY;
      if (sideways) {
        const shift = (by / over.clientWidth) * (to - from);
        show([from + shift, to + shift]);
      } else {
        const factor = 2 ** (event.deltaY / OCTAVE);
        const middle = timeAt(place(event));
        show([middle - (middle - from) * factor, middle + (to - middle) * factor]);
      }
      clearTimeout(timer);
      timer = window.setTimeout(done, PAUSE);
    },
    { passive: false },
  );

  // Before the drawing takes it for a choice of a part.
  root.addEventListener(
    'mousedown',
    (event) => {
      if (!event.shiftKey || event.button !== 0) return;
      event.stopPropagation();
      event.preventDefault();
      const begin = place(event);
      const [from, to] = shown();
      const scale = (to - from) / over.clientWidth;
      const move = (/** @type {MouseEvent} */ now) => {
        const shift = (begin - place(now)) * scale;
        show([from + shift, to + shift]);
      };
      const up = () => {
        removeEventListener('mousemove', move);
        removeEventListener('mouseup', up);
        done();
      };
      addEventListener('mousemove', move);
      addEventListener('mouseup', up);
    },
    { capture: true },
  );
  over.addEventListener('dblclick', back);
}
