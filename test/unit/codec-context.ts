import type { CodecContext, Content, Element } from '../../src/codecs/codec.ts';

/** What a source without settings tells its codec, on 30 November 2026. */
export const CONTEXT: CodecContext = {
  decimalComma: false,
  columns: null,
  maxReadings: 1000,
  receivedAt: Date.UTC(2026, 10, 30, 6, 22, 51),
};

/** @throws where the content is no document */
export function documentOf(content: Content): unknown {
  if (!('document' in content)) throw new Error(`no document: ${JSON.stringify(content)}`);
  return content.document;
}

/** @throws where the content has no elements */
export function elementsOf(content: Content): readonly Element[] {
  if (!('elements' in content)) throw new Error(`no elements: ${JSON.stringify(content)}`);
  return content.elements;
}

export function reasonOf(content: Content): string | null {
  return 'problem' in content ? content.problem.reason : null;
}
