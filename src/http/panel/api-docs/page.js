/** Shows /openapi.json to people. Everything comes from this server. */

/**
 * @typedef {{ type?: string | string[], format?: string, description?: string, enum?: unknown[], default?: unknown,
 *   properties?: Record<string, Schema>, required?: string[], items?: Schema, anyOf?: Schema[], oneOf?: Schema[], $ref?: string }} Schema
 * @typedef {{ name: string, in: string, required?: boolean, description?: string, schema?: Schema }} Parameter
 * @typedef {Record<string, { schema?: Schema }>} Content
 * @typedef {{ tags?: string[], summary?: string, parameters?: Parameter[], requestBody?: { content: Content },
 *   responses: Record<string, { description?: string, content?: Content }> }} Operation
 * @typedef {{ info: { version: string }, paths: Record<string, Record<string, Operation>>, components?: { schemas?: Record<string, Schema> } }} Document
 */

/** @param {string} name @param {(Node | string)[]} children */
function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

/** @param {string} text */
const code = (text) => element('code', text);

/** An example of what a schema describes, for reading. @param {Schema | undefined} schema @param {Document} api @returns {unknown} */
function shape(schema, api, depth = 0) {
  if (!schema || depth > 8) return '…';
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return shape(api.components?.schemas?.[name], api, depth + 1);
  }
  const either = schema.anyOf ?? schema.oneOf;
  if (either) {
    const shapes = either.map((each) => shape(each, api, depth + 1));
    return shapes.every((each) => typeof each === 'string') ? shapes.join(' or ') : shapes[0];
  }
  if (schema.enum) return schema.enum.join(' | ');
  if (schema.properties) {
    const entries = Object.entries(schema.properties);
    return Object.fromEntries(entries.map(([name, each]) => [name, shape(each, api, depth + 1)]));
  }
  if (schema.items) return [shape(schema.items, api, depth + 1)];
  return [schema.type ?? 'any'].flat().join(' or ');
}

/** @param {Content | undefined} content @param {Document} api */
function contentOf(content, api) {
  return Object.entries(content ?? {}).flatMap(([type, { schema }]) => [
    element('p', code(type)),
    ...(schema ? [element('pre', JSON.stringify(shape(schema, api), null, 2))] : []),
  ]);
}

/** @param {Parameter[]} parameters @param {Document} api */
function parameterTable(parameters, api) {
  const head = element('tr', ...['parameter', 'in', 'is', 'says'].map((title) => element('th', title)));
  const rows = parameters.map(({ name, in: where, required, description, schema }) => {
    const fallback = schema?.default === undefined ? '' : `default ${JSON.stringify(schema.default)}`;
    const kind = String(shape(schema, api));
    return element(
      'tr',
      element('td', code(name), required ? ' (needed)' : ''),
      element('td', where),
      element('td', kind),
      element('td', [description ?? schema?.description, fallback].filter(Boolean).join('; ')),
    );
  });
  return element('table', head, ...rows);
}

/** @param {string} method @param {string} path @param {Operation} operation @param {Document} api */
function route(method, path, operation, api) {
  const { summary = '', parameters = [], requestBody, responses } = operation;
  const made = element(
    'details',
    element('summary', code(`${method.toUpperCase()} ${path}`), `  ${summary}`),
  );
  made.dataset.text = `${method} ${path} ${summary}`.toLowerCase();
  if (parameters.length > 0) made.append(parameterTable(parameters, api));
  if (requestBody) made.append(element('h4', 'Body'), ...contentOf(requestBody.content, api));
  for (const [status, { description = '', content }] of Object.entries(responses)) {
    made.append(element('h4', `${status} ${description}`), ...contentOf(content, api));
  }
  return made;
}

/** @param {Document} api */
function show(api) {
  /** @type {Map<string, HTMLElement[]>} */
  const groups = new Map();
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags?.[0] ?? 'other';
      groups.set(tag, [...(groups.get(tag) ?? []), route(method, path, operation, api)]);
    }
  }
  const sections = [...groups].map(([tag, routes]) => element('section', element('h2', tag), ...routes));
  document.getElementById('routes')?.replaceChildren(...sections);
  document.getElementById('version')?.replaceChildren(api.info.version);
}

document.getElementById('search')?.addEventListener('input', (event) => {
  const wanted = /** @type {HTMLInputElement} */ (event.target).value.toLowerCase();
  for (const section of document.querySelectorAll('section')) {
    let shown = 0;
    for (const each of section.querySelectorAll('details')) {
      each.hidden = !(each.dataset.text ?? '').includes(wanted);
      if (!each.hidden) shown++;
    }
    section.hidden = shown === 0;
  }
});

const response = await fetch('/openapi.json');
show(await response.json());
