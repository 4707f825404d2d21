/** What helps against a reason that readings are refused for; begins behind the reason. */
export const ADVICE: Readonly<Record<string, string>> = {
  'older-than-retention': '. Start the server with a longer RETENTION to keep them, such as RETENTION=3650d',
  'in-the-future': '. Is the time in ms, and UTC where it has no zone?',
};
