/**
 * The error classes of the project. Each error has a stable `code` that logs, HTTP answers and tests rely on. If one input
 * field is wrong, the error has the name of the field.
 */
export class VigiaError extends Error {
  readonly code: string;
  /** The name of the wrong setting, option, payload field or query parameter. */
  readonly field?: string;

  constructor(code: string, message: string, options: { field?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    if (options.field !== undefined) this.field = options.field;
  }
}

/** A reading, query or request that is wrong: the same input will always be refused. */
export class InvalidInput extends VigiaError {
  constructor(field: string, message: string, options: { cause?: unknown } = {}) {
    super('invalid_input', message, { field, ...options });
  }
}

/** The program cannot start or run with these settings. An operator has to change something. */
export class ConfigurationError extends VigiaError {
  constructor(message: string, options: { field?: string; cause?: unknown } = {}) {
    super('configuration', message, options);
  }
}

/** The store cannot be reached, or it refuses every write at the moment. The same call may succeed later. */
export class StoreUnavailable extends VigiaError {
  /** Only a part of the store is away: other series can be stored. */
  readonly partial: boolean;

  constructor(message: string, options: { cause?: unknown; partial?: boolean } = {}) {
    super('store_unavailable', message, options);
    this.partial = options.partial ?? false;
  }
}

/** A model artifact or model file that cannot be used. */
export class InvalidModel extends VigiaError {
  constructor(message: string, options: { field?: string; cause?: unknown } = {}) {
    super('invalid_model', message, options);
  }
}
