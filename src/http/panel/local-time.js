/** Times in the inputs of forms, which are times of the zone of the browser. */

const MINUTE = 60_000;

/** As `<input type="datetime-local">` takes it. @param {number} t ms */
export const localTime = (t) =>
  new Date(t - new Date(t).getTimezoneOffset() * MINUTE).toISOString().slice(0, 19);
