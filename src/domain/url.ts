/** A URL without its password. @throws TypeError where it is none */
export function redact(text: string): string {
  const url = new URL(text);
  if (url.password) url.password = '***';
  return url.toString();
}
